package dev.pooler.postgres.message;

/** Message types that a client sends (manual, "Message Formats"). */
public final class Frontend {
  public static final int BIND = 'B';
  public static final int CLOSE = 'C';
  public static final int COPY_DATA = 'd';
  public static final int COPY_DONE = 'c';
  public static final int COPY_FAIL = 'f';
  public static final int DESCRIBE = 'D';
  public static final int EXECUTE = 'E';
  public static final int FLUSH = 'H';
  public static final int FUNCTION_CALL = 'F';
  public static final int PARSE = 'P';
  public static final int PASSWORD = 'p';
  public static final int QUERY = 'Q';
  public static final int SYNC = 'S';
  public static final int TERMINATE = 'X';

  private Frontend() {}
}
