package dev.pooler.core.pool;

/** When a lease ends. */
public enum PoolMode {
  /** With the session. */
  SESSION,
  /** With the transaction. */
  TRANSACTION,
  /** With the statement; transaction blocks are refused. */
  STATEMENT
}
