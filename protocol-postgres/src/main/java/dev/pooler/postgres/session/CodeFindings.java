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
 */
public record CodeFindings(
    boolean leaves,
    boolean reads,
    boolean trees,
    boolean notifies,
    boolean temporaryPath,
    SequencePrograms.Care asks) {

  /** Nothing that matters, or nothing was asked. */
  public static final CodeFindings NONE =
      new CodeFindings(false, false, false, false, false, SequencePrograms.Care.NONE);

  /** These, and what a row of the census tells; the same for any other row. */
  CodeFindings and(String kind, String name, String value) {
    return switch (kind) {
      case "census" -> new CodeFindings(true, reads, trees, notifies, temporaryPath, asks);
      case "reads" -> new CodeFindings(true, true, trees, notifies, temporaryPath, asks);
      case "notifies" -> new CodeFindings(leaves, reads, trees, true, temporaryPath, asks);
      case "temporary path" -> new CodeFindings(leaves, reads, trees, notifies, true, asks);
      case "currval in a function" ->
          asks == SequencePrograms.Care.NONE
              ? new CodeFindings(
                  leaves, reads, trees, notifies, temporaryPath, SequencePrograms.Care.ASKS)
              : this;
      case "tree" -> andTree(name, value);
      default -> this;
    };
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
          true, reads || place.equals("read"), true, notifies, temporaryPath, asks);
    }
    if (BuiltIn.NOTIFY.contains(function)) {
      return new CodeFindings(leaves, reads, trees, true, temporaryPath, asks);
    }
    return place.equals("call")
        ? and("currval in a function", function, place)
        : new CodeFindings(
            leaves, reads, trees, notifies, temporaryPath, SequencePrograms.Care.KEEPS);
  }
}
