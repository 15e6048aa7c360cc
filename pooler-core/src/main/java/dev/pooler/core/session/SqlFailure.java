package dev.pooler.core.session;

import org.jspecify.annotations.Nullable;

/**
 * An error that a client is told, in words both protocols have. The texts name the cause and the
 * setting to change.
 *
 * @param fatal the session ends with it
 * @param sqlState five characters, PostgreSQL's appendix A
 * @param errno MySQL's number for the same
 */
public record SqlFailure(
    boolean fatal,
    String sqlState,
    int errno,
    String message,
    @Nullable String detail,
    @Nullable String hint) {

  public static SqlFailure error(String sqlState, int errno, String message) {
    return new SqlFailure(false, sqlState, errno, message, null, null);
  }

  public static SqlFailure fatal(String sqlState, int errno, String message) {
    return new SqlFailure(true, sqlState, errno, message, null, null);
  }

  public SqlFailure withDetail(String text) {
    return new SqlFailure(fatal, sqlState, errno, message, text, hint);
  }

  public SqlFailure withHint(String text) {
    return new SqlFailure(fatal, sqlState, errno, message, detail, text);
  }

  /** The same failure, ending the session. */
  public SqlFailure asFatal() {
    return new SqlFailure(true, sqlState, errno, message, detail, hint);
  }

  public static SqlFailure tooManyClients(int limit) {
    return fatal("53300", 1040, "too many clients: pooler serves at most " + limit)
        .withHint("Raise limits.clients, or open fewer connections.");
  }

  /** One kind of name has a limit of its own: a database, a user. */
  static SqlFailure tooManyClients(String kind, String name, int limit) {
    return fatal(
        "53300", 1040, "too many clients of " + kind + " \"" + name + "\": at most " + limit);
  }

  /** A statement that may not run, for the operator does not want what it leaves. */
  public static SqlFailure notAllowed(String message) {
    return error("42501", 1227, message);
  }

  /**
   * A session waited for a backend in vain.
   *
   * @param setting the key that there are too few backends by
   * @param pinned sessions keep some of them between their transactions
   */
  public static SqlFailure waitedTooLong(
      long waitedMillis, String pool, String lastTrouble, String setting, boolean pinned) {
    String raise = "Raise " + setting + " or pool.max-wait, or make transactions shorter.";
    return error(
            "57014", 3024, "waited " + waitedMillis + " ms for a backend of " + pool + lastTrouble)
        .withHint(
            pinned
                ? "SHOW PINS at the console says which sessions keep a backend, and why. " + raise
                : raise);
  }

  public static SqlFailure noUsableTarget(String pool, String trouble) {
    return error("08001", 2003, "no target of " + pool + " can be used: " + trouble)
        .withHint("Check databases.*.hosts and whether the database server accepts connections.");
  }

  public static SqlFailure draining() {
    return fatal("57P01", 1053, "pooler is shutting down: no new transactions")
        .withHint("Connect again.");
  }

  /** An administrator ended the session. */
  public static SqlFailure killed() {
    return fatal("57P01", 1053, "terminating connection due to administrator command")
        .withHint("KILL or KILL_CLIENT was said at pooler's console.");
  }

  public static SqlFailure backendLost(String how) {
    return fatal("08006", 2013, "the backend of this session was lost: " + how);
  }

  public static SqlFailure protocolViolation(String what) {
    return fatal("08P01", 1158, "protocol violation: " + what);
  }

  public static SqlFailure tooLarge(String what) {
    return fatal("54000", 1153, what);
  }
}
