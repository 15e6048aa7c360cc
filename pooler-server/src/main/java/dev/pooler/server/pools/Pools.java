package dev.pooler.server.pools;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.Replication;
import dev.pooler.core.console.ConsolePool;
import dev.pooler.core.console.Pauses;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.PoolDirectory;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.pool.PoolSupply;
import dev.pooler.core.pool.UnsharedSupply;
import dev.pooler.core.pool.hikari.BackendLimits;
import dev.pooler.core.pool.hikari.HikariSupply;
import dev.pooler.core.protocol.WireProtocol;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SqlFailure;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoop;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All pools, one for each database entry, database, user and kind of replication. A pool is made
 * when the first session asks for it. Thread-safe; finding one takes no lock.
 */
public final class Pools implements PoolDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(Pools.class);

  /**
   * With "*" as a database or the client's own user, clients choose names: there is an end to it.
   */
  private static final int MOST_POOLS = 1000;

  /**
   * A pool of a name that nobody has at the server goes so long after its last client came, who may
   * be on its way to being a session still: on a busy machine the first one loads classes.
   */
  private static final Duration UNASKED = Duration.ofSeconds(5);

  /** The same where all places are taken. */
  private static final Duration UNASKED_IN_NEED = Duration.ofMillis(500);

  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  /** Told of each pool once, on the thread that makes or removes it. */
  public interface Observer {
    void made(Entry pool);

    /** Nobody ever got a backend from it. A pool that is replaced or closed is not told of. */
    void gone(Entry pool);
  }

  /** A pool with what it was made of. */
  public record Entry(
      PoolSupply supply, DatabaseConfig database, BackendConnector connector, LastAsked lastAsked)
      implements ConsolePool {
    @Override
    public LeasePool pool() {
      return supply.pool();
    }

    @Override
    public Collection<Backend> backends() {
      return supply.backends();
    }

    @Override
    public int connecting() {
      return supply.connecting();
    }

    @Override
    public void pause() {
      supply.pause();
    }

    @Override
    public void resume() {
      supply.resume();
    }

    @Override
    public boolean atRest() {
      return supply.atRest();
    }

    @Override
    public void reconnect() {
      supply.reconnect();
    }
  }

  private final ConcurrentHashMap<PoolKey, Entry> pools = new ConcurrentHashMap<>();
  private final Map<Protocol, WireProtocol.Running> protocols = new ConcurrentHashMap<>();
  private final Pauses pauses = new Pauses();
  private final List<EventLoop> loops;
  private final ScheduledExecutorService scheduler;
  private final MeterRegistry metrics;
  private final SessionRegistry sessions;
  private final Observer observer;

  /** Pools that a reload has replaced, for as long as a session has one. */
  private final List<WeakReference<LeasePool>> replaced = new CopyOnWriteArrayList<>();

  private final BackendLimits shared =
      new BackendLimits(
          name -> configuration().databaseQuota(name).backends(),
          name -> configuration().userQuota(name).backends());
  private volatile PoolerConfig config;

  /**
   * No pools yet.
   *
   * @param scheduler HikariCP's housekeeping of all pools
   * @param sessions those that pools are kept for
   */
  public Pools(
      PoolerConfig config,
      List<EventLoop> loops,
      ScheduledExecutorService scheduler,
      MeterRegistry metrics,
      SessionRegistry sessions,
      Observer observer) {
    this.config = config;
    this.loops = List.copyOf(loops);
    this.scheduler = scheduler;
    this.metrics = metrics;
    this.sessions = sessions;
    this.observer = observer;
  }

  /** A protocol that makes backends; before the first listener opens. */
  public void protocol(Protocol name, WireProtocol.Running running) {
    protocols.put(name, running);
  }

  /** Which databases are paused; new pools begin so. */
  public Pauses pauses() {
    return pauses;
  }

  public Collection<Entry> all() {
    return pools.values();
  }

  /** Those whose sessions and backends have deadlines: replaced ones too. */
  public List<LeasePool> withDeadlines() {
    List<LeasePool> all = new ArrayList<>();
    pools.values().forEach(entry -> all.add(entry.pool()));
    for (WeakReference<LeasePool> one : replaced) {
      LeasePool pool = one.get();
      if (pool != null) {
        all.add(pool);
      }
    }
    return all;
  }

  @Override
  public Found find(String database, String user) {
    return find(database, user, Replication.NONE);
  }

  @Override
  public Found find(String database, String user, Replication replication) {
    DatabaseConfig entry = entry(database, replication);
    if (entry == null) {
      return ReplicationEntry.refusal(database, replication);
    }
    if (replication != Replication.NONE && !entry.replication().allowed()) {
      return ReplicationEntry.notAllowed(entry);
    }
    String backendUser = entry.user() == null ? user : entry.user();
    String name =
        entry.database() != null ? entry.database() : entry.isAny() ? database : entry.name();
    PoolKey key = new PoolKey(entry.name(), name, backendUser, replication);
    while (true) {
      Entry pool = pools.get(key);
      if (pool == null) {
        if (pools.size() >= MOST_POOLS && !makeRoom()) {
          return new Found.Refused(
              SqlFailure.fatal("53300", 1040, "too many pools: there are " + MOST_POOLS)
                  .withHint("See databases.*.user in pooler's file."));
        }
        pool = pools.computeIfAbsent(key, missing -> make(missing, entry));
        // Looked at when it can be found: whoever pauses notes it first and then looks for pools.
        if (pauses.covers(key.name())) {
          pool.pause();
        }
      }
      if (pool.lastAsked().again()) {
        return new Found.Pool(pool.pool(), entry);
      }
      pools.remove(key, pool); // it is being given up: returns when that is done
    }
  }

  @Override
  public @Nullable DatabaseConfig entry(String database) {
    return config.database(database);
  }

  @Override
  public @Nullable DatabaseConfig entry(String database, Replication replication) {
    return ReplicationEntry.find(config, database, replication);
  }

  private Entry make(PoolKey key, DatabaseConfig database) {
    WireProtocol.Running protocol = protocol(database);
    PoolLimits limits = limits(key, database);
    BackendConnector backends = protocol.backends(key, database);
    PoolSupply supply =
        key.replication() == Replication.NONE
            ? HikariSupply.create(key, limits, loops, backends, shared, scheduler, metrics)
            : new UnsharedSupply(key, limits, loops, backends);
    Entry entry = new Entry(supply, database, backends, new LastAsked());
    LOG.info("pool {}: {} backends at most, {} pooling", key, limits.size(), limits.mode().word());
    observer.made(entry);
    return entry;
  }

  /**
   * Removes pools of names that clients chose and the server does not know: no backend has ever
   * logged in, and no session is left. For the scheduler, every now and then.
   */
  public void removeUseless() {
    Used used = used();
    pools.forEach((key, entry) -> removeIfUseless(entry, used, UNASKED));
  }

  /** The same for just one: an event loop has no time for more. */
  private boolean makeRoom() {
    Used used = used();
    return pools.values().stream().anyMatch(entry -> removeIfUseless(entry, used, UNASKED_IN_NEED));
  }

  /**
   * Pools that have sessions.
   *
   * @param asOf when they were looked at
   */
  private record Used(Set<PoolKey> keys, long asOf) {}

  private Used used() {
    long asOf = System.nanoTime();
    Set<PoolKey> used = new HashSet<>();
    sessions.all().forEach(session -> used.add(session.pool()));
    return new Used(used, asOf);
  }

  private boolean removeIfUseless(Entry entry, Used used, Duration unasked) {
    PoolKey key = entry.pool().key();
    DatabaseConfig database = entry.database();
    boolean chosen = database.user() == null || (database.isAny() && database.database() == null);
    if (!chosen || entry.supply().everConnected() || used.keys().contains(key)) {
      return false;
    }
    boolean removed = remove(entry, () -> entry.lastAsked().giveUp(unasked, used.asOf()));
    if (removed) {
      LOG.info("pool {}: removed, it never had a backend", key);
      retire(entry, "there was no backend for this user and database");
    }
    return removed;
  }

  /** Takes it out, and what else is kept for it, before another can be made. */
  private boolean remove(Entry entry, BooleanSupplier may) {
    PoolKey key = entry.pool().key();
    boolean[] removed = {false};
    pools.computeIfPresent(
        key,
        (same, now) -> {
          removed[0] = now == entry && may.getAsBoolean();
          if (!removed[0]) {
            return now;
          }
          protocol(entry.database()).forget(key);
          observer.gone(entry);
          return null;
        });
    return removed[0];
  }

  private WireProtocol.Running protocol(DatabaseConfig database) {
    WireProtocol.Running protocol = protocols.get(database.protocol());
    if (protocol == null) {
      throw new IllegalStateException("no protocol " + database.protocol());
    }
    return protocol;
  }

  private static PoolLimits limits(PoolKey key, DatabaseConfig database) {
    PoolConfig pool = database.pool();
    if (key.replication() != Replication.NONE) {
      // A stream may last for days and be silent for hours: of the times none is for it.
      Duration never = Duration.ZERO;
      int size = database.replication().size();
      return new PoolLimits(PoolMode.SESSION, size, 0, pool.maxWait(), never, never, never, never);
    }
    return new PoolLimits(
        pool.mode(),
        pool.size(),
        pool.minIdle(),
        pool.maxWait(),
        pool.maxLifetime(),
        pool.idleTimeout(),
        pool.keepalive(),
        pool.leakAfter(),
        pool.reserve(),
        pool.notice());
  }

  /** Makes the pools that need no client to name them and shall hold backends ready. */
  public void warm() {
    for (DatabaseConfig database : config.databases().values()) {
      if (database.pool().minIdle() > 0 && !database.isAny() && database.user() != null) {
        find(database.name(), database.user());
      }
    }
  }

  /**
   * Takes a new configuration: pools whose database is the same but for numbers that can change in
   * place keep their backends, the others are replaced; their sessions end with their transactions.
   *
   * @return one line for each pool that changed
   */
  public List<String> reload(PoolerConfig now) {
    config = now;
    shared.look();
    List<String> changes = new ArrayList<>();
    replaced.removeIf(pool -> pool.get() == null);
    pools.forEach((key, entry) -> {
      DatabaseConfig wanted = now.databases().get(key.entry());
      if (entry.database().equals(wanted)) {
        return;
      }
      if (wanted != null && sameButNumbers(key, entry.database(), wanted)) {
        BackendConnector backends = entry.connector();
        backends.change(wanted);
        entry.supply().limits(limits(key, wanted));
        pools.replace(key, entry, new Entry(entry.supply(), wanted, backends, entry.lastAsked()));
        changes.add("pool " + key + ": new limits");
      } else if (remove(entry, () -> true)) {
        replaced.add(new WeakReference<>(entry.pool()));
        retire(entry, "this database's configuration was changed");
        changes.add("pool " + key + (wanted == null ? ": removed" : ": replaced"));
      }
    });
    return changes;
  }

  private PoolerConfig configuration() {
    return config;
  }

  /** A host's name means another machine now: backends at the old one end with their leases. */
  public void moved(Address host) {
    for (Entry entry : pools.values()) {
      if (entry.database().hosts().contains(host)) {
        entry.supply().reconnect();
      }
    }
  }

  private static boolean sameButNumbers(PoolKey key, DatabaseConfig was, DatabaseConfig now) {
    if (key.replication() != Replication.NONE && !now.replication().allowed()) {
      return false;
    }
    PoolConfig pool = was.pool();
    DatabaseConfig likeBefore =
        new DatabaseConfig(
            now.name(),
            now.protocol(),
            now.hosts(),
            now.database(),
            now.user(),
            now.password(),
            now.tls(),
            pool,
            was.timeouts(),
            was.authQuery(),
            was.quota(),
            was.trustFunctions(),
            now.listenGap(),
            was.replication());
    return was.equals(likeBefore) && pool.mode() == now.pool().mode();
  }

  private void retire(Entry entry, String why) {
    entry.pool().close(SqlFailure.fatal("57P01", 1053, why).withHint("Connect again."));
    Duration patience = config.limits().drain();
    Thread.ofVirtual().name("pooler-retire").start(() -> closeWhenUnused(entry, patience));
  }

  /** HikariCP's close aborts what is borrowed: transactions get their time first. */
  private static void closeWhenUnused(Entry entry, Duration patience) {
    entry.supply().replaceAll();
    long until = System.nanoTime() + patience.toNanos();
    while (entry.pool().heldBackends() > 0 && System.nanoTime() - until < 0) {
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
    entry.supply().close();
  }

  /** Closes all backends; blocks, seconds at most. */
  public void close() {
    List<Thread> closers = new ArrayList<>();
    for (Entry entry : pools.values()) {
      entry.pool().close(SqlFailure.draining());
      closers.add(Thread.ofVirtual().name("pooler-close").start(entry.supply()::close));
    }
    for (Thread closer : closers) {
      try {
        closer.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
