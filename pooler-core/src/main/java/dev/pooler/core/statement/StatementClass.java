package dev.pooler.core.statement;

/** What kind of statement a text starts with: log word and metric label. */
public enum StatementClass {
  /** No statement at all: space, comments, semicolons. */
  EMPTY,
  /** Gives rows and writes nothing that its text shows; EXPLAIN that doesn't run its statement. */
  READ,
  /** Changes rows, locks rows for a change, or makes a table out of a query. */
  WRITE,
  BEGIN,
  COMMIT,
  ROLLBACK,
  /** Sets, releases or goes back to a savepoint. */
  SAVEPOINT,
  /** The halves of a two-phase commit. */
  TWO_PHASE,
  /** SET and RESET of any scope. */
  SET,
  SHOW,
  DDL,
  /** Declares, moves or closes a cursor of the SQL level. */
  CURSOR,
  COPY,
  /** Runs code that the text doesn't show: CALL, DO, EXECUTE. */
  CALL,
  /** Known, and none of the others. */
  UTILITY,
  /** Not understood: to be treated as if it could do anything. */
  UNKNOWN
}
