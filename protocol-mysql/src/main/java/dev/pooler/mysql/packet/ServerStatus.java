package dev.pooler.mysql.packet;

/**
 * Status flags of greetings, OK and EOF packets, 16 bits (MySQL 9.7 protocol documentation,
 * "SERVER_STATUS_flags_enum"; MariaDB 11.4, mysql_com.h), without {@code SERVER_} and {@code
 * STATUS_}. ERR packets have none: after one the transaction is not known until asked.
 */
public final class ServerStatus {
  /** A transaction is open; with autocommit=0 not before it has touched a table. */
  public static final int IN_TRANS = 1;

  /** autocommit=1. */
  public static final int AUTOCOMMIT = 1 << 1;

  /** Another result follows. */
  public static final int MORE_RESULTS_EXISTS = 1 << 3;

  /** The statement used no good index. */
  public static final int QUERY_NO_GOOD_INDEX_USED = 1 << 4;

  /** The statement used no index. */
  public static final int QUERY_NO_INDEX_USED = 1 << 5;

  /** COM_STMT_EXECUTE opened a cursor: rows come with COM_STMT_FETCH. */
  public static final int CURSOR_EXISTS = 1 << 6;

  /** COM_STMT_FETCH came to the cursor's end. */
  public static final int LAST_ROW_SENT = 1 << 7;

  /** A schema was dropped. */
  public static final int DB_DROPPED = 1 << 8;

  /** sql_mode has NO_BACKSLASH_ESCAPES, which changes the lexer. */
  public static final int NO_BACKSLASH_ESCAPES = 1 << 9;

  /** A statement prepared again has other columns. */
  public static final int METADATA_CHANGED = 1 << 10;

  /** The statement took longer than long_query_time. */
  public static final int QUERY_WAS_SLOW = 1 << 11;

  /** This result set has the OUT parameters of a CALL. */
  public static final int PS_OUT_PARAMS = 1 << 12;

  /** The open transaction is READ ONLY. */
  public static final int IN_TRANS_READONLY = 1 << 13;

  /** This OK packet tells what changed in the session. */
  public static final int SESSION_STATE_CHANGED = 1 << 14;

  /** MariaDB: sql_mode has ANSI_QUOTES, which changes the lexer. */
  public static final int ANSI_QUOTES = 1 << 15;

  private static final String[] NAMES = {
    "IN_TRANS",
    "AUTOCOMMIT",
    "bit 2",
    "MORE_RESULTS_EXISTS",
    "QUERY_NO_GOOD_INDEX_USED",
    "QUERY_NO_INDEX_USED",
    "CURSOR_EXISTS",
    "LAST_ROW_SENT",
    "DB_DROPPED",
    "NO_BACKSLASH_ESCAPES",
    "METADATA_CHANGED",
    "QUERY_WAS_SLOW",
    "PS_OUT_PARAMS",
    "IN_TRANS_READONLY",
    "SESSION_STATE_CHANGED",
    "ANSI_QUOTES",
  };

  private ServerStatus() {}

  /** All names, for logs: {@code "IN_TRANS|AUTOCOMMIT"}; empty where there is none. */
  public static String names(int status) {
    StringBuilder names = new StringBuilder();
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((status & 1 << bit) != 0) {
        names.append(names.isEmpty() ? "" : "|").append(NAMES[bit]);
      }
    }
    return names.toString();
  }
}
