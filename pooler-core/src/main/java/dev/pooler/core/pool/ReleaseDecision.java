package dev.pooler.core.pool;

import dev.pooler.core.config.PoolMode;

/**
 * Whether a lease ends, decided in one place and by nothing but its arguments.
 *
 * <p>The order of the questions is the order of the dangers: a backend whose stream is in doubt is
 * never shared, an open transaction keeps its backend, a cancel in flight must have hit or missed
 * before another session's statement can be running, and only then do pool mode and pins speak.
 */
public enum ReleaseDecision {
  /** The backend still owes replies, or the client still owes the rest of a frame. */
  KEEP_UNFINISHED,
  /** A transaction is open. */
  KEEP_TRANSACTION,
  /** The pool's mode gives the session its backend for good. */
  KEEP_SESSION_MODE,
  /** The session left something on the backend that can't move. */
  KEEP_PINNED,
  /** What the session left is not known: ask the server, and decide again. */
  READ_BACK,
  /** A cancel is on its way to this backend: decide again when it has arrived. */
  AWAIT_CANCEL,
  /** Clean: the next session may have it as it is. */
  RELEASE,
  /** The session is over, the backend is between transactions but carries the session's state. */
  RESET,
  /** The session is over inside a transaction, nothing is owed: roll back, then reset. */
  ROLL_BACK,
  /** Nobody may have it again. */
  EVICT;

  /**
   * Decides.
   *
   * @param dead the backend is closed, or its stream broke the protocol
   * @param owed replies are outstanding, or a batch has been begun and not ended
   * @param midFrame a part of a client's frame has been sent and the rest has not
   * @param ending the session is over: there is no client to keep the lease for
   * @param cancelling a cancel request for this backend has not come to its end
   * @param leftovers what the session has left on the backend
   */
  public static ReleaseDecision decide(
      PoolMode mode,
      TransactionState transaction,
      boolean dead,
      boolean owed,
      boolean midFrame,
      boolean ending,
      boolean cancelling,
      Leftovers leftovers) {
    if (dead) {
      return EVICT;
    }
    if (owed || midFrame) {
      // Nobody reads the replies of a session that is over, and half a frame can't be taken back.
      return ending ? EVICT : KEEP_UNFINISHED;
    }
    if (transaction != TransactionState.IDLE && !ending) {
      return KEEP_TRANSACTION;
    }
    if (cancelling) {
      // It may still be delivered: the next session's statement must not be the one it hits.
      return AWAIT_CANCEL;
    }
    if (!ending) {
      if (mode == PoolMode.SESSION) {
        return KEEP_SESSION_MODE;
      }
      return switch (leftovers) {
        case NONE -> RELEASE;
        case IN_DOUBT -> READ_BACK;
        case PINNED -> KEEP_PINNED;
      };
    }
    if (transaction != TransactionState.IDLE) {
      return ROLL_BACK;
    }
    return leftovers != Leftovers.NONE || mode == PoolMode.SESSION ? RESET : RELEASE;
  }

  /** True for the decisions after which the session still has its backend. */
  public boolean keeps() {
    return switch (this) {
      case KEEP_UNFINISHED,
          KEEP_TRANSACTION,
          KEEP_SESSION_MODE,
          KEEP_PINNED,
          READ_BACK,
          AWAIT_CANCEL ->
          true;
      case RELEASE, RESET, ROLL_BACK, EVICT -> false;
    };
  }
}
