package dev.pooler.core.pool;

import dev.pooler.core.statement.StatementClass;

/**
 * How long a session's requests take, from the first message of one to the reply that leaves
 * nothing open. Only a sample looks at the clock; the others pay for a count. Confined to the
 * session's loop.
 */
public final class StatementTimer {
  private final LoopLeases leases;
  private final PoolCounters counters;

  /** Something is asked and not all answered. */
  private boolean open;

  private boolean timed;
  private long since;

  /** Of a session whose leases are {@code leases}: they have the clock and say who looks at it. */
  public StatementTimer(LoopLeases leases, PoolCounters counters) {
    this.leases = leases;
    this.counters = counters;
  }

  /** A message of the client goes to the backend. */
  public void onRequest() {
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
  public void onSettled(StatementClass first) {
    open = false;
    if (timed) {
      timed = false;
      if (first != StatementClass.EMPTY) {
        counters.timed(first, leases.now() - since);
      }
    }
  }
}
