package dev.pooler.core.config;

import java.time.Duration;

/**
 * One pool's size and times. A pool is made for each database and backend user.
 *
 * @param size most backends at once
 * @param minIdle backends kept open without work, at most {@code size}
 * @param maxWait longest wait of a client for a backend, at least 250 ms
 * @param maxLifetime when a backend is replaced, at least 30 s; zero: never
 * @param idleTimeout when an unused backend above {@code minIdle} is closed, at least 10 s; zero:
 *     never
 * @param keepalive how often an unused backend is tried, at least 30 s; zero: never
 * @param leakAfter a lease held longer than this is logged; zero: none is
 * @param preparedStatements most prepared statements kept on one backend, at least 1
 * @param cacheUnnamed texts parsed again and again without a name are kept parsed on backends
 * @param notice a client that waits longer than this is told; zero: none is
 */
public record PoolConfig(
    PoolMode mode,
    int size,
    int minIdle,
    Duration maxWait,
    Duration maxLifetime,
    Duration idleTimeout,
    Duration keepalive,
    Duration leakAfter,
    int preparedStatements,
    boolean cacheUnnamed,
    ReserveConfig reserve,
    Duration notice,
    PinsConfig pins) {

  /**
   * One without a reserve, where every reason pins, nobody is told, and unnamed statements are
   * cached.
   */
  public PoolConfig(
      PoolMode mode,
      int size,
      int minIdle,
      Duration maxWait,
      Duration maxLifetime,
      Duration idleTimeout,
      Duration keepalive,
      Duration leakAfter,
      int preparedStatements) {
    this(
        mode,
        size,
        minIdle,
        maxWait,
        maxLifetime,
        idleTimeout,
        keepalive,
        leakAfter,
        preparedStatements,
        true,
        ReserveConfig.NONE,
        Duration.ZERO,
        PinsConfig.NONE);
  }
}
