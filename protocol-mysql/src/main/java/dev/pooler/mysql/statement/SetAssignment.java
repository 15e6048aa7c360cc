package dev.pooler.mysql.statement;

import java.util.Set;

/**
 * One assignment of a SET.
 *
 * @param scope whose variable it is
 * @param name in lower case and of one spelling; {@link #NAMES}, {@link #CHARACTER_SET} and {@link
 *     #ROLE} for the forms that are no variable's
 * @param value what it is set to
 */
public record SetAssignment(Scope scope, String name, Value value) {
  /** SET NAMES: three character sets and the collation that belongs to them. */
  public static final String NAMES = "names";

  /** SET CHARACTER SET. */
  public static final String CHARACTER_SET = "character set";

  /** SET ROLE. */
  public static final String ROLE = "role";

  /** What lives on the connection alone, or would be another thing elsewhere. */
  private static final Set<String> BOUND =
      Set.of(
          "gtid_domain_id",
          "gtid_next",
          "gtid_seq_no",
          "insert_id",
          "last_insert_id",
          "profiling",
          "pseudo_replica_mode",
          "pseudo_slave_mode",
          "pseudo_thread_id",
          "rand_seed1",
          "rand_seed2",
          "server_id",
          "sql_log_bin",
          "timestamp");

  /** Whose a variable is, and for how long. */
  public enum Scope {
    SESSION,
    /** SET TRANSACTION, and {@code SET @@transaction_isolation} without a scope. */
    NEXT_TRANSACTION,
    GLOBAL,
    PERSIST,
    PERSIST_ONLY,
    /** A user variable. */
    USER
  }

  /** What a variable is set to. */
  public sealed interface Value {}

  /**
   * A value that the text shows.
   *
   * @param text ON or OFF for what is true or false; else the string's content, the number or word
   * @param quoted whether it was a string
   */
  public record Literal(String text, boolean quoted) implements Value {}

  /** DEFAULT. */
  public record Default() implements Value {}

  /** An expression: its value only the server knows. */
  public record Expression() implements Value {}

  /** Whether it is the session's alone and can't be said again elsewhere, or must not be. */
  public boolean isBound() {
    return scope == Scope.SESSION && BOUND.contains(name);
  }

  /** Whether it changes what the server tells of the session's state. */
  public boolean isTracker() {
    return scope != Scope.USER && name.startsWith("session_track_");
  }
}
