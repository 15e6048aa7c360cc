package dev.pooler.core.statement;

/** What else a text shows that a pooler must know before it forwards it. */
public enum StatementTrait {
  /** Begins, ends or structures a transaction, in any of its statements. */
  CONTROLS_TRANSACTION,
  /** Ends a transaction and starts the next in the same moment (AND CHAIN). */
  CHAINS,
  /** Fails in a transaction block or behind other statements of one pipeline. */
  REFUSES_TRANSACTION,
  /** Every statement reads, locks nothing and leaves nothing, as far as the text shows. */
  READ_ONLY,
  /** Makes a temporary table that is dropped when the transaction ends. */
  TEMP_TABLE_UNTIL_COMMIT,
  /** Draws from a sequence or sets it. */
  ADVANCES_SEQUENCE,
  /** May remove something that pins: an object, a cursor, a lock, a statement, a channel. */
  LETS_GO,
  /** The whole text is one statement that begins a transaction with no options. */
  PLAIN_BEGIN,
  /** Changes or shows what the session listens to, or speaks to those that listen. */
  TOUCHES_CHANNELS,
  /** Calls a function that gives or takes the id of a server process. */
  NAMES_PROCESS,
  /** Changes a setting until its transaction ends. */
  SETS_LOCALLY,
  /** Has a constant that may stand for the time at which the text is parsed: {@code 'today'}. */
  READS_CLOCK,
  /**
   * May change how the texts behind it are read: what escapes in strings, their encoding. A text
   * that does nothing but reset all settings has it not.
   */
  CHANGES_READING,
  /** Makes an object, where its text or search_path says. */
  CREATES,
  /**
   * One of several statements makes, changes or takes away something that others see, or may. A
   * single one says so by its class, but for one that makes temporary code: that has this trait.
   */
  DEFINES,
  /** Ends an open transaction without saying so: what defines something, BEGIN in a transaction. */
  COMMITS_IMPLICITLY,
  /** The server closes the connection when the transaction has ended (COMMIT RELEASE). */
  RELEASES,
  /** Begins a transaction that sees the data as they are now, on this server. */
  SNAPSHOT,
  /** Asks for the number that the session's last insert drew. */
  READS_INSERT_ID,
  /** Asks how many rows the previous statement changed. */
  READS_ROW_COUNT,
  /** Asks how many rows the previous query found. */
  READS_FOUND_ROWS,
  /** Has the server count the rows that a LIMIT leaves out, for the next statement to ask. */
  COUNTS_FOUND_ROWS,
  /** Asks for warnings or errors of the previous statement. */
  READS_DIAGNOSTICS,
  /** Compares with NULL, which may ask for the last insert's number where a setting says so. */
  TESTS_NULL,
  /** Changes a setting of the whole server. */
  SETS_GLOBALLY,
  /** The server asks the client for a file before it answers. */
  ASKS_FOR_FILE,
  /** Is about the server and not about data: shutdown, replication, plugins, passwords. */
  ADMINISTERS,
  /** Shows what belongs to the backend itself: counters, profiles. */
  READS_BACKEND;

  /** This trait's place in packed sets of {@link StatementFacts}. */
  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  public int bit() {
    return 1 << ordinal();
  }
}
