package dev.pooler.core.pool;

import dev.pooler.core.config.ReserveConfig;

/**
 * Whether a pool's reserve is open: from when a session has waited too long, until for as long
 * again none was seen waiting. Looked at with the ticks of all loops.
 */
final class Reserve {
  private volatile boolean open;

  /** When a session was last seen waiting. */
  private long needed;

  boolean open() {
    return open;
  }

  /**
   * A tick.
   *
   * @param waited nanoseconds that the session has waited that has waited longest; 0: none waits
   * @param now nanoseconds of the pool's clock
   * @return true if it has opened or closed
   */
  synchronized boolean tick(ReserveConfig config, long waited, long now) {
    long after = config.after().toNanos();
    if (waited > 0) {
      needed = now;
    }
    boolean was = open;
    open = config.size() > 0 && (was ? now - needed < after : waited >= after);
    return open != was;
  }
}
