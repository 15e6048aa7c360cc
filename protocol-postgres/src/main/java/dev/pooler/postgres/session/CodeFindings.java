package dev.pooler.postgres.session;

/**
 * What the code of a database may do where no text of a session shows it.
 *
 * @param leaves functions or expressions may leave something in the session
 * @param reads a plain SELECT may run some of them: views, policies, domains, operators
 * @param trees defaults, rules, views, policies do so without a function of their own
 * @param notifies something may notify
 * @param temporaryPath what is made without a schema may be temporary where the session has not
 *     said otherwise
 * @param asks KEEPS where defaults, constraints or rules call currval or lastval, ASKS where
 *     functions do, who mostly draw themselves
 * @param names the custom settings that it sets
 */
public record CodeFindings(
    boolean leaves,
    boolean reads,
    boolean trees,
    boolean notifies,
    boolean temporaryPath,
    SequencePrograms.Care asks,
    CodeNames names) {

  /** Nothing that matters, or nothing was asked. */
  public static final CodeFindings NONE =
      new CodeFindings(
          false, false, false, false, false, SequencePrograms.Care.NONE, CodeNames.UNKNOWN);

  /** These, and what a row of the census tells; the same for any other row. */
  CodeFindings and(String kind, String name, String value) {
    return switch (kind) {
      case "census" -> new CodeFindings(true, reads, trees, notifies, temporaryPath, asks, names);
      case "reads" -> new CodeFindings(true, true, trees, notifies, temporaryPath, asks, names);
      case "notifies" -> new CodeFindings(leaves, reads, trees, true, temporaryPath, asks, names);
      case "temporary path" -> new CodeFindings(leaves, reads, trees, notifies, true, asks, names);
      case "currval in a function" ->
          asks == SequencePrograms.Care.NONE ? with(SequencePrograms.Care.ASKS) : this;
      case "tree" -> andTree(name, value);
      default -> this;
    };
  }

  private CodeFindings with(SequencePrograms.Care care) {
    return new CodeFindings(leaves, reads, trees, notifies, temporaryPath, care, names);
  }

  /** These, and the names that the census has told. */
  CodeFindings with(CodeNames told) {
    return new CodeFindings(leaves, reads, trees, notifies, temporaryPath, asks, told);
  }

  /**
   * These, and an expression.
   *
   * @param function the OID of a built-in function that it calls
   * @param place "read", "write" or "call": what runs it
   */
  private CodeFindings andTree(String function, String place) {
    if (BuiltIn.LEAVE.contains(function)) {
      return new CodeFindings(
          true, reads || place.equals("read"), true, notifies, temporaryPath, asks, names);
    }
    if (BuiltIn.NOTIFY.contains(function)) {
      return new CodeFindings(leaves, reads, true, true, temporaryPath, asks, names);
    }
    return place.equals("call")
        ? and("currval in a function", function, place)
        : with(SequencePrograms.Care.KEEPS);
  }
}
