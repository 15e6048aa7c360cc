package dev.pooler.mysql.statement;

import java.util.Locale;

/**
 * The words that matter, and the phrases made of them. Key words count only unquoted; {@link
 * Kind#NAME names} of settings count quoted as well.
 */
enum MyWord {
  ALL,
  ALTER,
  ANALYZE,
  AND,
  AS,
  BACKUP,
  BEGIN,
  BINLOG,
  CACHE,
  CALL,
  CASE,
  CHAIN,
  CHANGE,
  CHAR,
  CHARACTER,
  CHARSET,
  CHECK,
  CHECKSUM,
  CLONE,
  CLOSE,
  COMMIT,
  CONCURRENT,
  CONNECTION,
  CONSISTENT,
  COUNT,
  CREATE,
  DATA,
  DATABASE,
  DEALLOCATE,
  DECLARE,
  DEFAULT,
  DELETE,
  DESC,
  DESCRIBE,
  DIAGNOSTICS,
  DO,
  DROP,
  DUMPFILE,
  ELSE,
  END,
  ERRORS,
  EVENT,
  EXECUTE,
  EXISTS,
  EXPLAIN,
  EXPORT,
  FLUSH,
  FOLLOWS,
  FOR,
  FULL,
  FULLTEXT,
  FUNCTION,
  GET,
  GLOBAL,
  GRANT,
  GROUP_REPLICATION,
  HANDLER,
  HASH,
  HELP,
  IF,
  IMPORT,
  IN,
  INDEX,
  INSERT,
  INSTALL,
  INSTANCE,
  INTO,
  IS,
  KEY,
  KILL,
  LANGUAGE,
  LIST,
  LOAD,
  LOCAL,
  LOCK,
  LOOP,
  LOW_PRIORITY,
  NAMES,
  NEXT,
  NO,
  NO_WRITE_TO_BINLOG,
  NULL,
  ON,
  OPEN,
  OPTIMIZE,
  OR,
  OUTFILE,
  PACKAGE,
  PASSWORD,
  PERSIST,
  PERSIST_ONLY,
  PRECEDES,
  PREPARE,
  PREVIOUS,
  PROCEDURE,
  PROCESSLIST,
  PROFILE,
  PROFILES,
  PURGE,
  READ,
  RECOVER,
  RELEASE,
  RENAME,
  REPAIR,
  REPEAT,
  REPLACE,
  REPLICA,
  RESET,
  RESIGNAL,
  RESOURCE,
  RESTART,
  RETURN,
  REVOKE,
  ROLE,
  ROLLBACK,
  SAVEPOINT,
  SCHEMA,
  SELECT,
  SESSION,
  SET,
  SHARE,
  SHOW,
  SHUTDOWN,
  SIGNAL,
  SLAVE,
  SLAVES,
  SNAPSHOT,
  SONAME,
  SPATIAL,
  SQL_CALC_FOUND_ROWS,
  STAGE,
  START,
  STATEMENT,
  STATUS,
  STOP,
  SYSTEM_TIME,
  TABLE,
  TABLES,
  TEMPORARY,
  THEN,
  TO,
  TRANSACTION,
  TRIGGER,
  TRUNCATE,
  UNINSTALL,
  UNIQUE,
  UNLOCK,
  UNTIL,
  UPDATE,
  USE,
  USING,
  VALUE,
  VALUES,
  VIEW,
  WARNINGS,
  WHILE,
  WITH,
  WORK,
  XA,
  XML,

  AUTOCOMMIT(Kind.NAME),
  CHARACTER_SET_CLIENT(Kind.NAME),
  ERROR_COUNT(Kind.NAME),
  IDENTITY(Kind.NAME),
  INSERT_ID(Kind.NAME),
  LAST_GTID(Kind.NAME),
  PSEUDO_THREAD_ID(Kind.NAME),
  SQL_MODE(Kind.NAME),
  STATEMENT_ID(Kind.NAME),
  TRANSACTION_ISOLATION(Kind.NAME),
  TRANSACTION_READ_ONLY(Kind.NAME),
  TX_ISOLATION(Kind.NAME),
  TX_READ_ONLY(Kind.NAME),
  WARNING_COUNT(Kind.NAME),

  /** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. */
  LOCKING_READ(Kind.PHRASE),
  INTO_FILE(Kind.PHRASE),
  WITH_SNAPSHOT(Kind.PHRASE),
  /** WITH READ LOCK, FOR EXPORT. */
  KEPT_LOCK(Kind.PHRASE),
  AND_CHAIN(Kind.PHRASE),
  /** RELEASE without NO before it. */
  RELEASES(Kind.PHRASE),
  /** NEXT VALUE FOR. */
  NEXT_VALUE(Kind.PHRASE),
  /** PREVIOUS VALUE FOR. */
  PREVIOUS_VALUE(Kind.PHRASE);

  /** How a word is found. */
  enum Kind {
    KEYWORD,
    NAME,
    /** Put together from tokens by {@link MyShape}. */
    PHRASE
  }

  final Kind kind;

  MyWord() {
    this(Kind.KEYWORD);
  }

  MyWord(Kind kind) {
    this.kind = kind;
  }

  /** How many of them, the first ones, are words of a text. */
  static int tableWords() {
    return LOCKING_READ.id();
  }

  /** The word's number in the vocabulary and in word sets. */
  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  int id() {
    return ordinal();
  }

  String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
