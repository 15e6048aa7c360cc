package dev.pooler.postgres.client;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.postgres.statement.SessionBackend;

/**
 * Where in its pipeline a session is: what it sends from one Sync to the next is a batch, behind a
 * failure in which the server skips the rest of it, but not the next one. Confined to the session's
 * loop.
 */
final class PipelineBatch {
  private int number;

  /** The batch that {@link #behindOthers} tells of. */
  private int judged = -1;

  private boolean behindOthers;

  /** The batch in which something was bound or described last. */
  private int boundIn = -1;

  /** Another number for each batch. */
  int number() {
    return number;
  }

  /** A Sync has been sent: what is said from now on is another batch. */
  void onSync() {
    number++;
  }

  /**
   * Whether something in it may be refused for what stands in front of it: in a transaction that
   * has failed, or may have by the time.
   */
  boolean mayBeRefused(SessionBackend backend) {
    if (judged != number || !backend.owes()) {
      judged = number;
      behindOthers = backend.owes() && !backend.frontOpen();
    }
    return behindOthers || backend.transactionState() == TransactionState.FAILED;
  }

  /** Something is bound or described; whether it is the first in this batch. */
  boolean bind() {
    boolean first = boundIn != number;
    boundIn = number;
    return first;
  }
}
