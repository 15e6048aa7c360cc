package dev.pooler.server.pools;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When a pool was last asked for, until it is given up. Who has asked has a moment to become a
 * session of it that can be seen. Thread-safe, without a lock.
 */
final class LastAsked {
  private static final long GIVEN_UP = Long.MIN_VALUE;

  private final AtomicLong nanos = new AtomicLong(System.nanoTime());

  /** Notes that somebody asks now; false if the pool has been given up. */
  boolean again() {
    long before = nanos.get();
    while (before != GIVEN_UP) {
      if (nanos.compareAndSet(before, System.nanoTime())) {
        return true;
      }
      before = nanos.get();
    }
    return false;
  }

  /**
   * True if nobody has asked for so long; nobody gets the pool from then on.
   *
   * @param asOf when the sessions were looked at, as {@link System#nanoTime}: who has asked just
   *     before, or since, may be one that was not seen
   */
  boolean giveUp(Duration unasked, long asOf) {
    long before = nanos.get();
    return before != GIVEN_UP
        && asOf - before >= unasked.toNanos()
        && nanos.compareAndSet(before, GIVEN_UP);
  }
}
