package dev.pooler.core.pool;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.ReserveConfig;
import java.time.Duration;

/**
 * A pool's bounds. The lengths of lifetime, idleness and keepalive are HikariCP's to apply.
 *
 * @param size backends at most
 * @param minIdle backends kept ready
 * @param maxWait how long a session waits for a backend
 * @param maxLifetime zero means unbounded
 * @param keepalive zero means none
 * @param leakAfter a lease that lasts longer is reported; zero means none is
 * @param notice a session that waits longer is told so; zero means none is
 */
public record PoolLimits(
    PoolMode mode,
    int size,
    int minIdle,
    Duration maxWait,
    Duration maxLifetime,
    Duration idleTimeout,
    Duration keepalive,
    Duration leakAfter,
    ReserveConfig reserve,
    Duration notice) {

  /** Bounds without a reserve, and nobody is told that it waits. */
  public PoolLimits(
      PoolMode mode,
      int size,
      int minIdle,
      Duration maxWait,
      Duration maxLifetime,
      Duration idleTimeout,
      Duration keepalive,
      Duration leakAfter) {
    this(
        mode,
        size,
        minIdle,
        maxWait,
        maxLifetime,
        idleTimeout,
        keepalive,
        leakAfter,
        ReserveConfig.NONE,
        Duration.ZERO);
  }
}
