package dev.pooler.postgres.statement;

/**
 * The parameter in which a statement takes the process id of pg_cancel_backend or
 * pg_terminate_backend: what a Bind has there may be one that a client was told.
 *
 * @param number from 1 on
 * @param type its OID as the Parse has it; 0 where it is left to the server
 */
public record ProcessParameter(ProcessIdInText.Call call, int number, int type) {
  /**
   * What is bound in the place of a process id that has been dealt with: the rewritten text makes
   * true of it. No process has it, and no client is told it.
   */
  public static final int DONE = -Integer.MAX_VALUE;

  private static final int INT8 = 20;
  private static final int INT4 = 23;
  private static final int TEXT = 25;
  private static final int VARCHAR = 1043;

  /**
   * Whether the server takes such a parameter for a process id, so that the text can be rewritten.
   *
   * @param cast whether the text says that it is an int
   */
  boolean fits(boolean cast) {
    return switch (type) {
      case 0, INT4 -> true;
      case INT8, TEXT, VARCHAR -> cast;
      default -> false;
    };
  }

  /** Whether its binary format is that of an integer; else it is that of digits. */
  public boolean isInteger() {
    return type != TEXT && type != VARCHAR;
  }
}
