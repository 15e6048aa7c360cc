package dev.pooler.core.pool.hikari;

import com.zaxxer.hikari.HikariPoolMXBean;
import dev.pooler.core.pool.LeasePool;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A pause of one pool as HikariCP has to keep it: what is idle is closed, and nothing is connected
 * before its end. Safe for all threads.
 */
final class Suspension {
  private static final long LOOK_NANOS = 20_000_000;

  private final LeasePool pool;
  private final WireDataSource wire;
  private final Supplier<@Nullable HikariPoolMXBean> hikari;
  private final BooleanSupplier unused;
  private volatile boolean paused;
  private volatile boolean closed;

  /** HikariCP does not count who suspends it how often: it is told once. */
  private boolean suspended;

  /**
   * Of a pool that is not paused.
   *
   * @param hikari null while it does not run
   * @param unused whether no thread is within HikariCP's getConnection
   */
  Suspension(
      LeasePool pool,
      WireDataSource wire,
      Supplier<@Nullable HikariPoolMXBean> hikari,
      BooleanSupplier unused) {
    this.pool = pool;
    this.wire = wire;
    this.hikari = hikari;
    this.unused = unused;
  }

  boolean paused() {
    return paused;
  }

  /** No more grants; backends close as their leases end. Does not block. */
  void begin() {
    synchronized (this) {
      if (paused) {
        return;
      }
      paused = true;
    }
    pool.pause();
    Thread.ofVirtual().name("pooler-pause").start(this::empty);
  }

  /** Sessions that waited go on. Blocks for a moment. */
  void end() {
    wake();
    pool.resume();
  }

  /** The pool's end: who waits in HikariCP for the end of a pause is not found by its close. */
  void close() {
    closed = true;
    wake();
  }

  /** Paused, and nothing is open any more. */
  boolean atRest() {
    return paused && pool.heldBackends() == 0 && wire.open().isEmpty();
  }

  private synchronized void wake() {
    paused = false;
    HikariPoolMXBean bean = hikari.get();
    if (suspended && bean != null) {
      bean.resumePool();
    }
    suspended = false;
  }

  private void empty() {
    while (paused && !closed) {
      if (!atRest()) {
        closeIdle();
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** HikariCP's suspension waits for getConnection: only when nobody is in there. */
  private synchronized void closeIdle() {
    HikariPoolMXBean bean = hikari.get();
    if (!paused || bean == null) {
      return;
    }
    if (!suspended && unused.getAsBoolean() && pool.heldBackends() == 0) {
      suspended = true;
      bean.suspendPool();
    }
    bean.softEvictConnections();
  }
}
