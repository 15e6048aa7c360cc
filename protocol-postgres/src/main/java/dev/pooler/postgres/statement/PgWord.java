package dev.pooler.postgres.statement;

import java.util.Locale;

/**
 * The words that matter, and the phrases made of them. Key words count only unquoted; {@link
 * Kind#NAME names} of settings and relations count quoted as well.
 */
enum PgWord {
  ABORT,
  ALL,
  ALTER,
  ANALYSE,
  ANALYZE,
  AND,
  AS,
  ATOMIC,
  AUTHORIZATION,
  BEGIN,
  CALL,
  CASE,
  CHAIN,
  CHECKPOINT,
  CLOSE,
  CLUSTER,
  COMMENT,
  COMMIT,
  CONCURRENTLY,
  CONSTRAINTS,
  COPY,
  CREATE,
  DATABASE,
  DEALLOCATE,
  DECLARE,
  DEFERRABLE,
  DELETE,
  DISCARD,
  DISTINCT,
  DO,
  DROP,
  END,
  EXECUTE,
  EXPLAIN,
  EXTENSION,
  FETCH,
  FUNCTION,
  GLOBAL,
  GRANT,
  HOLD,
  IMPORT,
  INDEX,
  INSERT,
  INTO,
  ISOLATION,
  LISTEN,
  LOAD,
  LOCAL,
  LOCK,
  MERGE,
  MOVE,
  NAMES,
  NOT,
  NOTIFY,
  ON,
  OPERATOR,
  OR,
  PLANS,
  PREPARE,
  PREPARED,
  PROCEDURE,
  READ,
  REASSIGN,
  REFRESH,
  REINDEX,
  RELEASE,
  REPACK,
  REPLACE,
  RESET,
  REVOKE,
  ROLLBACK,
  SAVEPOINT,
  SCHEMA,
  SECURITY,
  SELECT,
  SEQUENCES,
  SESSION,
  SET,
  SHARE,
  SHOW,
  SNAPSHOT,
  START,
  SUBSCRIPTION,
  SYSTEM,
  TABLE,
  TABLESPACE,
  TEMP,
  TEMPORARY,
  TO,
  TRANSACTION,
  TRUE,
  TRUNCATE,
  TYPE,
  UNLISTEN,
  UPDATE,
  VACUUM,
  VALUE,
  VALUES,
  VERBOSE,
  WITH,
  WORK,

  APPLICATION_NAME(Kind.NAME),
  BYTEA_OUTPUT(Kind.NAME),
  CLIENT_ENCODING(Kind.NAME),
  CLIENT_MIN_MESSAGES(Kind.NAME),
  EXTRA_FLOAT_DIGITS(Kind.NAME),
  IDLE_IN_TRANSACTION_SESSION_TIMEOUT(Kind.NAME),
  LOCK_TIMEOUT(Kind.NAME),
  PG_SETTINGS(Kind.NAME),
  ROLE(Kind.NAME),
  SEARCH_PATH(Kind.NAME),
  SEED(Kind.NAME),
  SESSION_AUTHORIZATION(Kind.NAME),
  STANDARD_CONFORMING_STRINGS(Kind.NAME),
  STATEMENT_TIMEOUT(Kind.NAME),
  TRANSACTION_TIMEOUT(Kind.NAME),

  INFORMATION_SCHEMA(Kind.SCHEMA),
  PG_CATALOG(Kind.SCHEMA),

  /** A name or string that starts with pg_temp, for pg_temp_3 names this session's schema too. */
  PG_TEMP(Kind.PHRASE),
  /** pg_temp and a dot. */
  IN_PG_TEMP(Kind.PHRASE),
  /** INTO [LOCAL | GLOBAL] TEMP, but not behind INSERT or MERGE, where a table is named so. */
  INTO_TEMP(Kind.PHRASE),
  DISTINCT_ON(Kind.PHRASE),
  /** ON COMMIT DROP outside parentheses. */
  ON_COMMIT_DROP(Kind.PHRASE),
  WITH_HOLD(Kind.PHRASE),
  AND_CHAIN(Kind.PHRASE),
  AS_EXECUTE(Kind.PHRASE);

  /** How a word is found. */
  enum Kind {
    KEYWORD,
    NAME,
    /** A schema of the server's own; quoted only if its case is right. */
    SCHEMA,
    /** Put together from tokens by {@link StatementShape}. */
    PHRASE
  }

  final Kind kind;

  PgWord() {
    this(Kind.KEYWORD);
  }

  PgWord(Kind kind) {
    this.kind = kind;
    if (id() >= WordSet.CAPACITY) {
      throw new IllegalStateException("a set of words holds " + WordSet.CAPACITY);
    }
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
