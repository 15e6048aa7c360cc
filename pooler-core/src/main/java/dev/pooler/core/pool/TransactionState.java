package dev.pooler.core.pool;

/** Where a backend stands between two statements. */
public enum TransactionState {
  IDLE,
  IN_TRANSACTION,
  /** Only a rollback gets out of it. */
  FAILED;

  /** The words for people. */
  public String label() {
    return switch (this) {
      case IDLE -> "idle";
      case IN_TRANSACTION -> "in transaction";
      case FAILED -> "in failed transaction";
    };
  }
}
