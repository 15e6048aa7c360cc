package dev.pooler.core.statement;

/** What a statement may leave on the backend beyond its transaction, as far as its text shows. */
public enum Footprint {
  /** A setting of the session. */
  SETTING,
  /** The role or the session's user. */
  ROLE,
  /** A statement prepared by SQL text. */
  PREPARED,
  /** A prepared statement is gone that somebody may count on. */
  DEALLOCATE,
  LISTEN,
  /** A temporary table, view, sequence or other object that outlives the transaction. */
  TEMP_TABLE,
  HOLD_CURSOR,
  /** A lock that the session holds, not the transaction. */
  ADVISORY_LOCK,
  /** A library in the server process. */
  LOAD,
  /** The seed of the random generator. */
  SEED,
  /** Asks for what an earlier statement of this very session drew from a sequence. */
  SEQUENCE_VALUE,
  /** A variable of the session that is no setting, read or assigned. */
  USER_VARIABLE,
  /** The session's current schema. */
  SCHEMA,
  /** What holds for the next transaction only. */
  NEXT_TRANSACTION,
  /** Tables, or all of them, locked by the session beyond its transaction. */
  TABLE_LOCK,
  /** A lock of another kind that the session holds: for a backup, of a locking service. */
  SERVER_LOCK,
  /** The value that stands for the last number that the session drew, said by hand. */
  INSERT_ID,
  /** A branch of a distributed transaction, which no status of the transaction need show. */
  BRANCH,
  /** Runs code that the text doesn't show. */
  CODE,
  /**
   * Calls a function that is in no table of harmless ones: what it leaves only the server knows.
   */
  UNKNOWN_FUNCTION,
  /** The text was not understood. */
  UNKNOWN;

  /** Every reason, packed. */
  public static final int ALL = (1 << values().length) - 1;

  /** This reason's place in packed sets of {@link StatementFacts}. */
  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  public int bit() {
    return 1 << ordinal();
  }
}
