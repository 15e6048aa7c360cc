package dev.pooler.postgres.client;

import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.statement.StatementClass;

/**
 * How long a session's requests take, from the first message of one to the reply that leaves
 * nothing open. Only a sample looks at the clock; the others pay for a count. Confined to the
 * session's loop.
 */
final class StatementTimer {
  private final LoopLeases leases;
  private final PoolCounters counters;

  /** Something is asked and not all answered. */
  private boolean open;

  private boolean timed;
  private long since;

  StatementTimer(LoopLeases leases, PoolCounters counters) {
    this.leases = leases;
    this.counters = counters;
  }

  /** A message of the client goes to the backend. */
  void onRequest() {
    if (!open) {
      open = true;
      timed = leases.timesThisOne();
      if (timed) {
        since = leases.now();
      }
    }
  }

  /**
   * All is answered.
   *
   * @param first what it began with; EMPTY where nothing was to run, which is not counted
   */
  void onSettled(StatementClass first) {
    open = false;
    if (timed) {
      timed = false;
      if (first != StatementClass.EMPTY) {
        counters.timed(first, leases.now() - since);
      }
    }
  }
}
