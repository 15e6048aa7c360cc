package dev.pooler.core.pool.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import com.zaxxer.hikari.pool.HikariPool;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.pool.PoolSupply;
import dev.pooler.core.pool.Shortage;
import dev.pooler.core.session.SqlFailure;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoop;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HikariCP as the supply of a {@link LeasePool}. HikariCP blocks, so each call to it runs on a
 * virtual thread of its own; the event loops only start them and take their answers as tasks.
 *
 * <p>HikariCP's view: a backend that is hot on some loop is a borrowed connection. It comes back
 * when nobody needs it or its tenure is over, and lifetime, keepalive and idle rules act then.
 */
public final class HikariSupply implements PoolSupply {
  private static final Logger LOG = LoggerFactory.getLogger(HikariSupply.class);

  /** So many dead backends in a row mean that the others are dead too: all are replaced. */
  private static final int DEAD_IN_A_ROW = 3;

  private static final long MOVE_SECONDS = 5;

  /** At the end: longer than the server is given to answer a Terminate. */
  private static final long CLOSE_MILLIS = 1_000;

  /** For what is idle already: enough to look, too little to have one connected. */
  private static final long IDLE_MILLIS = 10;

  private final LeasePool pool;
  private final HikariConfig config;
  private final WireDataSource wire;
  private final BackendLimits shared;
  private final ConcurrentHashMap<Long, Connection> borrowed = new ConcurrentHashMap<>();
  private final Set<Thread> fetchers = ConcurrentHashMap.newKeySet();

  /** Connections on their way back to HikariCP; see {@link #awaitReturning}. */
  private final Set<CompletableFuture<Boolean>> returning = ConcurrentHashMap.newKeySet();

  private volatile @Nullable HikariDataSource source;
  private volatile @Nullable SqlFailure lastFailure;
  private volatile boolean everConnected;
  private volatile boolean closed;
  private final Suspension suspension;

  /** Backends at most; the pool's own number may be a moment behind. */
  private volatile int most;

  /** Backends that HikariCP still counts, and that are on their way out. */
  private final AtomicInteger leaving = new AtomicInteger();

  /** Held while surplus is closed: two would close it twice. */
  private final Object shrinking = new Object();

  private HikariSupply(
      PoolKey key,
      PoolLimits limits,
      Iterable<EventLoop> loops,
      BackendConnector connector,
      BackendLimits shared,
      ScheduledExecutorService scheduler,
      @Nullable MeterRegistry metrics) {
    this.pool = new LeasePool(key, limits, loops, this, System::nanoTime);
    this.config = configure(key, limits, scheduler, metrics);
    this.shared = shared;
    this.wire = new WireDataSource(connector, new ConnectObserver(), shared, new SharingPool());
    this.config.setDataSource(wire);
    this.most = limits.size();
    this.suspension = new Suspension(pool, wire, this::bean, fetchers::isEmpty);
  }

  /**
   * A pool whose backends HikariCP manages. Nothing is connected before the first session asks,
   * unless {@code limits.minIdle()} is above 0.
   *
   * @param shared what spans pools
   * @param scheduler shared by all pools
   * @param metrics where HikariCP's own meters go, or null
   */
  public static HikariSupply create(
      PoolKey key,
      PoolLimits limits,
      Iterable<EventLoop> loops,
      BackendConnector connector,
      BackendLimits shared,
      ScheduledExecutorService scheduler,
      @Nullable MeterRegistry metrics) {
    HikariSupply supply =
        new HikariSupply(key, limits, loops, connector, shared, scheduler, metrics);
    if (limits.minIdle() > 0) {
      Thread.startVirtualThread(supply::source);
    }
    return supply;
  }

  @Override
  public LeasePool pool() {
    return pool;
  }

  private static HikariConfig configure(
      PoolKey key,
      PoolLimits limits,
      ScheduledExecutorService scheduler,
      @Nullable MeterRegistry metrics) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(key.toString());
    config.setMaximumPoolSize(limits.size());
    config.setMinimumIdle(Math.min(limits.minIdle(), limits.size()));
    config.setMaxLifetime(limits.maxLifetime().toMillis());
    config.setIdleTimeout(limits.idleTimeout().toMillis());
    config.setKeepaliveTime(limits.keepalive().toMillis());
    config.setConnectionTimeout(Math.max(250, limits.maxWait().toMillis()));
    config.setInitializationFailTimeout(-1);
    config.setAllowPoolSuspension(true);
    config.setScheduledExecutor(scheduler);
    config.setThreadFactory(Thread.ofVirtual().name("pooler-hikari-", 0).factory());
    if (metrics != null) {
      config.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(metrics));
    }
    return config;
  }

  @Override
  public void fetch(LoopLeases asker) {
    Thread.ofVirtual().name("pooler-fetch").start(() -> fetchOnThread(asker));
  }

  private void fetchOnThread(LoopLeases asker) {
    fetchers.add(Thread.currentThread());
    Backend backend = null;
    try {
      shared.look(); // HikariCP may be waiting for a permit that nobody needed until now
      backend = borrow(asker);
    } catch (SQLException e) {
      LOG.debug("pool {}: no backend: {}", pool.key(), e.getMessage());
    } finally {
      fetchers.remove(Thread.currentThread());
    }
    if (backend == null) {
      SqlFailure failure = lastFailure;
      asker.loop().execute(() -> asker.notSupplied(failure));
    } else {
      Backend supplied = backend;
      asker.loop().execute(() -> asker.supplied(supplied));
    }
  }

  private Backend borrow(LoopLeases asker) throws SQLException {
    if (closed) {
      throw new SQLException("the pool is closed", "57P01");
    }
    int dead = 0;
    lastFailure = null;
    while (true) {
      HikariDataSource hikari = source();
      awaitReturning();
      Connection connection = hikari.getConnection();
      Backend backend = connection.unwrap(WireConnection.class).backend();
      if (backend.usable() && moved(backend, asker.loop())) {
        borrowed.put(backend.id(), connection);
        return backend;
      }
      pool.counters().evicted(backend.deadFor());
      hikari.evictConnection(connection);
      serveThoseInside();
      if (++dead == DEAD_IN_A_ROW) {
        LOG.warn("pool {}: backends were closed while idle; replacing all", pool.key());
        replaceAll();
      }
    }
  }

  /**
   * What is given back is idle in a moment: who asked before would have another one connected. What
   * is evicted is not waited for, since its server may take its time: it only keeps its place.
   */
  private void awaitReturning() throws SQLException {
    try {
      for (CompletableFuture<Boolean> returned : returning) {
        returned.get(MOVE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while backends were given back", e);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("pool {}: a backend was not given back in {} s", pool.key(), MOVE_SECONDS);
    }
  }

  /**
   * HikariCP opens a connection for who asks when there is room, not for who waits when room comes:
   * with minimumIdle 0 an eviction would leave its waiters waiting until their time-out.
   */
  private void serveThoseInside() {
    if (bean() instanceof HikariPool running) {
      int waiting = running.getThreadsAwaitingConnection();
      if (waiting > 0) {
        running.addBagItem(waiting);
      }
    }
  }

  private static boolean moved(Backend backend, EventLoop loop) throws SQLException {
    try {
      backend.moveTo(loop).toCompletableFuture().get(MOVE_SECONDS, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while moving a backend", e);
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  @Override
  public void giveBack(Backend backend) {
    Connection connection = borrowed.remove(backend.id());
    if (connection != null) {
      CompletableFuture<Boolean> returned = new CompletableFuture<>();
      returning.add(returned);
      Thread.ofVirtual().name("pooler-give-back").start(() -> giveBack(connection, returned));
    }
  }

  @SuppressWarnings("CollectionUndefinedEquality") // the very same future is meant
  private void giveBack(Connection connection, CompletableFuture<Boolean> returned) {
    try {
      close(connection);
    } finally {
      returning.remove(returned);
      returned.complete(true);
      serveThoseInside(); // its time may have been over
      shrink(); // the pool may have become smaller while it was on its way
    }
  }

  @Override
  public void evict(Backend backend, EvictReason reason) {
    LOG.info("pool {}: evicting backend {}: {}", pool.key(), backend.id(), reason.label());
    Connection connection = borrowed.remove(backend.id());
    if (connection == null) {
      backend.close(reason);
      return;
    }
    leaving.incrementAndGet();
    backend
        .close(reason)
        .whenComplete((done, failure) ->
            Thread.ofVirtual().name("pooler-evict").start(() -> discard(connection)));
  }

  /** Replaces all backends: idle ones now, the others as their leases end. */
  @Override
  public void replaceAll() {
    HikariPoolMXBean bean = bean();
    if (bean != null) {
      bean.softEvictConnections();
    }
  }

  /**
   * Replaces all backends as {@link #replaceAll}, hot ones too: none that is open now is leased
   * again.
   */
  @Override
  public void reconnect() {
    replaceAll();
    pool.endTenures();
  }

  /**
   * No more grants, and as leases end, their backends close: when {@link #atRest}, the server has
   * no connection of this pool and gets none until {@link #resume}.
   */
  @Override
  public void pause() {
    suspension.begin();
  }

  /** Ends a pause; sessions that waited go on. Blocks for a moment. */
  @Override
  public void resume() {
    suspension.end();
  }

  @Override
  public boolean atRest() {
    return suspension.atRest();
  }

  /** Backends whose connection is open, leased, hot or idle; a glance. */
  @Override
  public Collection<Backend> backends() {
    return wire.open();
  }

  /** Backends that are being connected. */
  @Override
  public int connecting() {
    return wire.connecting();
  }

  @Override
  public boolean everConnected() {
    return everConnected;
  }

  /** Backends that exist, borrowed or idle; a glance. */
  @Override
  public int totalBackends() {
    HikariPoolMXBean bean = bean();
    return bean == null ? 0 : bean.getTotalConnections();
  }

  @Override
  public void most(int backends) {
    most = backends;
    running().setMaximumPoolSize(backends);
    serveThoseInside();
    Thread.ofVirtual().name("pooler-shrink").start(this::shrink);
  }

  /** What HikariCP goes by: before its start, what it will start with. */
  private HikariConfig running() {
    HikariDataSource hikari = source;
    return hikari == null ? config : hikari;
  }

  /** Closes what is too much among those that are idle with HikariCP; the pool has the others. */
  private void shrink() {
    if (totalBackends() <= most) {
      return;
    }
    synchronized (shrinking) {
      while (totalBackends() - leaving.get() > most && takeIdle(EvictReason.SURPLUS)) {
        LOG.debug("pool {}: {} backends are left", pool.key(), totalBackends());
      }
    }
  }

  /**
   * Closes a backend that is idle with HikariCP. It is borrowed for that: nobody else can be about
   * to use it then. False if there was none; blocks for a moment.
   */
  private boolean takeIdle(EvictReason reason) {
    if (suspension.paused()
        || !(bean() instanceof HikariPool running)
        || running.getIdleConnections() == 0) {
      return false;
    }
    leaving.incrementAndGet();
    try {
      Connection connection = running.getConnection(IDLE_MILLIS);
      Backend backend = connection.unwrap(WireConnection.class).backend();
      LOG.info("pool {}: evicting backend {}: {}", pool.key(), backend.id(), reason.label());
      pool.counters().evicted(reason);
      backend.close(reason).toCompletableFuture().join();
      running.evictConnection(connection);
      serveThoseInside();
      return true;
    } catch (SQLException e) {
      return false; // somebody needed it in this very moment
    } finally {
      leaving.decrementAndGet();
    }
  }

  /** New bounds that HikariCP takes while it runs. */
  @Override
  public void limits(PoolLimits limits) {
    HikariConfig running = running();
    running.setMinimumIdle(Math.min(limits.minIdle(), limits.size()));
    running.setMaxLifetime(limits.maxLifetime().toMillis());
    running.setIdleTimeout(limits.idleTimeout().toMillis());
    running.setKeepaliveTime(limits.keepalive().toMillis()); // of backends to come
    pool.limits(limits);
  }

  /** Closes all backends; blocks until they are closed, seconds at most. */
  @Override
  public void close() {
    closed = true;
    wire.close();
    shared.look();
    for (Thread fetcher : fetchers) {
      fetcher.interrupt();
    }
    suspension.close();
    HikariDataSource hikari = source;
    if (hikari != null) {
      hikari.close();
    }
    try {
      wire.closeRest(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      LOG.warn("pool {}: not all backends closed in {} ms", pool.key(), CLOSE_MILLIS);
    }
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("giving back {}: {}", connection, e.getMessage());
    }
  }

  private void discard(Connection connection) {
    try {
      HikariDataSource hikari = source;
      if (hikari != null) {
        hikari.evictConnection(connection);
        serveThoseInside();
      }
    } finally {
      leaving.decrementAndGet();
    }
  }

  private @Nullable HikariPoolMXBean bean() {
    HikariDataSource hikari = source;
    return hikari == null || hikari.isClosed() ? null : hikari.getHikariPoolMXBean();
  }

  private HikariDataSource source() {
    HikariDataSource hikari = source;
    if (hikari != null) {
      return hikari;
    }
    synchronized (this) {
      if (source == null) {
        source = new HikariDataSource(config);
        if (closed) {
          source.close(); // the pool's end did not see it
        }
      }
      return source;
    }
  }

  /** This pool among those that share limits. */
  private final class SharingPool implements BackendLimits.Tenant {
    @Override
    public PoolKey key() {
      return pool.key();
    }

    @Override
    public long waitingSince() {
      return closed ? Long.MAX_VALUE : pool.waitingSince();
    }

    @Override
    public long now() {
      return System.nanoTime();
    }

    @Override
    public boolean wantsSpare() {
      int ready = pool.limits().minIdle();
      HikariPoolMXBean bean = bean();
      return !closed
          && !suspension.paused()
          && ready > 0
          && (bean == null || bean.getIdleConnections() < ready);
    }

    @Override
    public boolean unasked() {
      return closed || fetchers.isEmpty();
    }

    @Override
    public boolean yieldIdle() {
      HikariPoolMXBean bean = bean();
      if (!suspension.paused() && bean != null && bean.getIdleConnections() > 0) {
        Thread.ofVirtual().name("pooler-yield").start(() -> takeIdle(EvictReason.YIELDED));
        return true;
      }
      if (pool.idleBackends() > 0) {
        pool.yieldIdle();
        return true;
      }
      return false;
    }

    @Override
    public void yieldNext(boolean yes) {
      pool.yieldNext(yes);
    }

    @Override
    public void shortOf(@Nullable Shortage what) {
      pool.shortage(what);
    }
  }

  /** Keeps what connecting says, and tells the waiting what waiting can't mend. */
  private final class ConnectObserver implements WireDataSource.Observer {
    @Override
    public void connected() {
      if (lastFailure != null || pool.trouble() != null) {
        LOG.info("pool {}: connected again", pool.key());
      }
      lastFailure = null;
      everConnected = true;
      pool.trouble(null);
    }

    @Override
    public void left(EvictReason reason) {
      pool.counters().evicted(reason);
    }

    @Override
    public void connectFailed(SqlFailure failure, boolean temporary) {
      SqlFailure before = pool.trouble();
      if (before == null || !before.message().equals(failure.message())) {
        LOG.warn(
            "pool {}: cannot connect ({}): {} {}",
            pool.key(),
            temporary ? "trying again" : "sessions are told",
            failure.sqlState(),
            failure.message());
      }
      pool.trouble(failure);
      boolean hopeless = !temporary && !closed && totalBackends() == 0;
      lastFailure = hopeless ? failure : null;
      if (hopeless) {
        for (Thread fetcher : fetchers) {
          fetcher.interrupt();
        }
      }
    }
  }
}
