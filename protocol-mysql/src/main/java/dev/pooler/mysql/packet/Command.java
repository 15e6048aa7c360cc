package dev.pooler.mysql.packet;

/**
 * The first byte of a command's payload (MySQL 9.7 protocol documentation, "Command Phase",
 * my_command.h; MariaDB 11.4, mysql_com.h), without {@code COM_}. Each tells what it is answered
 * with, besides ERR. <i>EOF</i> is an OK with header 0xFE under DEPRECATE_EOF. <i>Refused</i> is
 * ERR 1047 (ER_UNKNOWN_COM_ERROR).
 */
public final class Command {
  /** Refused; servers mark sessions with it. */
  public static final int SLEEP = 0x00;

  /** No answer, not even ERR: the server closes. */
  public static final int QUIT = 0x01;

  /** OK. The rest is a schema's name. */
  public static final int INIT_DB = 0x02;

  /**
   * OK, a request for a local file (0xFB), or a result set of text; another follows for as long as
   * MORE_RESULTS_EXISTS is told.
   */
  public static final int QUERY = 0x03;

  /** Column definitions with defaults, then EOF. Deprecated. */
  public static final int FIELD_LIST = 0x04;

  /** Refused. */
  public static final int CREATE_DB = 0x05;

  /** Refused. */
  public static final int DROP_DB = 0x06;

  /** Refused by MySQL 9 (COM_UNUSED_2), before and by MariaDB: OK. */
  public static final int REFRESH = 0x07;

  /** Refused by MySQL 8 and later (COM_UNUSED_1); MariaDB: EOF, then the server ends. */
  public static final int SHUTDOWN = 0x08;

  /** One payload of text without any header. */
  public static final int STATISTICS = 0x09;

  /** Refused by MySQL 9 (COM_UNUSED_4), before and by MariaDB: a result set of text. */
  public static final int PROCESS_INFO = 0x0a;

  /** Refused; servers mark sessions with it. */
  public static final int CONNECT = 0x0b;

  /** Refused by MySQL 9 (COM_UNUSED_5), before and by MariaDB: OK. */
  public static final int PROCESS_KILL = 0x0c;

  /** EOF. */
  public static final int DEBUG = 0x0d;

  /** OK. */
  public static final int PING = 0x0e;

  /** Refused. */
  public static final int TIME = 0x0f;

  /** Refused. */
  public static final int DELAYED_INSERT = 0x10;

  /** As a login request: an authentication switch, more data, OK. */
  public static final int CHANGE_USER = 0x11;

  /** Events without end, each behind a byte 0; EOF, never an OK, where the client wants one. */
  public static final int BINLOG_DUMP = 0x12;

  /** Refused. */
  public static final int TABLE_DUMP = 0x13;

  /** Refused; replicas mark sessions with it. */
  public static final int CONNECT_OUT = 0x14;

  /** OK. */
  public static final int REGISTER_SLAVE = 0x15;

  /** {@code PrepareOk}, then the parameters' and the columns' definitions. */
  public static final int STMT_PREPARE = 0x16;

  /** OK, or a result set of binary rows, or its columns alone where a cursor opens. */
  public static final int STMT_EXECUTE = 0x17;

  /** No answer, not even ERR: errors come with the execution. */
  public static final int STMT_SEND_LONG_DATA = 0x18;

  /** No answer, not even ERR. */
  public static final int STMT_CLOSE = 0x19;

  /** OK. */
  public static final int STMT_RESET = 0x1a;

  /** EOF. */
  public static final int SET_OPTION = 0x1b;

  /** Binary rows, then EOF. */
  public static final int STMT_FETCH = 0x1c;

  /** Refused; servers mark threads with it. */
  public static final int DAEMON = 0x1d;

  /** MySQL: as BINLOG_DUMP. MariaDB: refused. */
  public static final int BINLOG_DUMP_GTID = 0x1e;

  /** OK. */
  public static final int RESET_CONNECTION = 0x1f;

  /** MySQL: OK, then the connection speaks the protocol of the clone plugin. */
  public static final int CLONE = 0x20;

  /** MySQL: OK, then the connection belongs to group replication. */
  public static final int SUBSCRIBE_GROUP_REPLICATION_STREAM = 0x21;

  /** MariaDB: OK, or a result set of binary rows. */
  public static final int STMT_BULK_EXECUTE = 0xfa;

  /** MariaDB: refused; replicas mark threads with it. */
  public static final int SLAVE_WORKER = 0xfb;

  /** MariaDB: refused; replicas mark threads with it. */
  public static final int SLAVE_IO = 0xfc;

  /** MariaDB: refused; replicas mark threads with it. */
  public static final int SLAVE_SQL = 0xfd;

  /** MariaDB: refused. */
  public static final int MULTI = 0xfe;

  private Command() {}

  /** The command's name for logs and labels, as {@code "COM_QUERY"}; one word for all unknown. */
  public static String name(int command) {
    return switch (command) {
      case SLEEP -> "COM_SLEEP";
      case QUIT -> "COM_QUIT";
      case INIT_DB -> "COM_INIT_DB";
      case QUERY -> "COM_QUERY";
      case FIELD_LIST -> "COM_FIELD_LIST";
      case CREATE_DB -> "COM_CREATE_DB";
      case DROP_DB -> "COM_DROP_DB";
      case REFRESH -> "COM_REFRESH";
      case SHUTDOWN -> "COM_SHUTDOWN";
      case STATISTICS -> "COM_STATISTICS";
      case PROCESS_INFO -> "COM_PROCESS_INFO";
      case CONNECT -> "COM_CONNECT";
      case PROCESS_KILL -> "COM_PROCESS_KILL";
      case DEBUG -> "COM_DEBUG";
      case PING -> "COM_PING";
      case TIME -> "COM_TIME";
      case DELAYED_INSERT -> "COM_DELAYED_INSERT";
      case CHANGE_USER -> "COM_CHANGE_USER";
      case BINLOG_DUMP -> "COM_BINLOG_DUMP";
      case TABLE_DUMP -> "COM_TABLE_DUMP";
      case CONNECT_OUT -> "COM_CONNECT_OUT";
      case REGISTER_SLAVE -> "COM_REGISTER_SLAVE";
      case STMT_PREPARE -> "COM_STMT_PREPARE";
      case STMT_EXECUTE -> "COM_STMT_EXECUTE";
      case STMT_SEND_LONG_DATA -> "COM_STMT_SEND_LONG_DATA";
      case STMT_CLOSE -> "COM_STMT_CLOSE";
      case STMT_RESET -> "COM_STMT_RESET";
      case SET_OPTION -> "COM_SET_OPTION";
      case STMT_FETCH -> "COM_STMT_FETCH";
      case DAEMON -> "COM_DAEMON";
      case BINLOG_DUMP_GTID -> "COM_BINLOG_DUMP_GTID";
      case RESET_CONNECTION -> "COM_RESET_CONNECTION";
      case CLONE -> "COM_CLONE";
      case SUBSCRIBE_GROUP_REPLICATION_STREAM -> "COM_SUBSCRIBE_GROUP_REPLICATION_STREAM";
      case STMT_BULK_EXECUTE -> "COM_STMT_BULK_EXECUTE";
      case SLAVE_WORKER -> "COM_SLAVE_WORKER";
      case SLAVE_IO -> "COM_SLAVE_IO";
      case SLAVE_SQL -> "COM_SLAVE_SQL";
      case MULTI -> "COM_MULTI";
      default -> "COM_UNKNOWN";
    };
  }
}
