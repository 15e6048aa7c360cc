package dev.pooler.core.pool;

/** Where a backend stands between two statements. */
public enum TransactionState {
  IDLE,
  IN_TRANSACTION,
  /** Only a rollback gets out of it. */
  FAILED
}
