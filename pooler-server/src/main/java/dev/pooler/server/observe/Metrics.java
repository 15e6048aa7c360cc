package dev.pooler.server.observe;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.Replication;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.server.pools.Pools;
import dev.pooler.server.pools.TargetProbe;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * What {@code /metrics} tells. The data path counts by itself; a scrape reads those counters and
 * takes none of its locks.
 */
public final class Metrics implements Pools.Observer, TargetProbe.Observer {
  private static final Set<String> OF_A_POOL =
      Set.of("protocol", "database", "user", "replication");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final LatencyHistogram acquires =
      new LatencyHistogram("pooler_acquire_seconds", "How long sessions waited for a backend");
  private final LatencyHistogram statements =
      new LatencyHistogram(
          "pooler_statement_seconds",
          "From a request's first message to its last reply; one in sixteen is timed and counts as"
              + " sixteen");
  private final SessionRegistry sessions;
  private final AtomicBoolean jvmBound = new AtomicBoolean();

  /** Those of one pool each, by its tags. */
  private final Map<Tags, Queue<Meter>> ofPools = new ConcurrentHashMap<>();

  private final Map<Protocol, SessionCounters> protocols = new ConcurrentHashMap<>();
  private final Map<TargetProbe.Target, Meter> targets = new ConcurrentHashMap<>();

  public Metrics(SessionRegistry sessions, SessionLimits limits) {
    this.sessions = sessions;
    Gauge.builder("pooler.held.bytes", limits, SessionLimits::heldBytes)
        .description("Bytes held for clients that wait for a backend")
        .register(registry);
    Gauge.builder("pooler.kept.bytes", limits, all -> all.kept().used())
        .description("Bytes kept for sessions: prepared statements, large settings, channels")
        .register(registry);
    Gauge.builder("pooler.connections", limits, SessionLimits::openSessions)
        .description("Client connections of every kind, logins included")
        .register(registry);
    registry.config().onMeterAdded(this::added);
    registry.getPrometheusRegistry().register(acquires);
    registry.getPrometheusRegistry().register(statements);
    registry
        .getPrometheusRegistry()
        .register(
            new SessionEnds(
                "pooler_sessions_closed",
                "Sessions and logins that ended",
                protocols,
                SessionCounters::eachClosed));
    registry
        .getPrometheusRegistry()
        .register(
            new SessionEnds(
                "pooler_auth_failures",
                "Refused logins",
                protocols,
                SessionCounters::eachAuthFailure));
  }

  /** Where HikariCP's own meters go. */
  public MeterRegistry registry() {
    return registry;
  }

  /** A new pool is to be seen. */
  @Override
  public void made(Pools.Entry entry) {
    LeasePool pool = entry.pool();
    PoolCounters counters = pool.counters();
    Tags tags = tags(entry);
    forget(tags);
    acquires.add(tags, counters::waits);
    for (StatementClass first : StatementClass.values()) {
      String word = first.name().toLowerCase(Locale.ROOT);
      statements.add(tags.and("class", word), () -> counters.times(first));
    }
    counter("pooler.acquire.timeouts", tags, counters, PoolCounters::timeouts);
    counter("pooler.lease.leaks", tags, counters, PoolCounters::leaks);
    counter("pooler.transactions", tags, counters, PoolCounters::transactions);
    counter("pooler.bytes", tags.and("direction", "in"), counters, PoolCounters::clientBytes);
    counter("pooler.bytes", tags.and("direction", "out"), counters, PoolCounters::backendBytes);
    counter("pooler.settings.replayed", tags, counters, PoolCounters::settingsReplayed);
    counter("pooler.notifications", tags, counters, PoolCounters::notifications);
    gauge(
        "pooler.listening.sessions",
        "Sessions for which the shared listener listens",
        tags,
        counters,
        PoolCounters::listeningSessions);
    gauge(
        "pooler.listener.channels",
        "Channels to which the shared listener listens",
        tags,
        counters,
        PoolCounters::listenerChannels);
    for (EvictReason reason : EvictReason.values()) {
      Tags with = tags.and("reason", reason.label());
      counter("pooler.evictions", with, counters, c -> c.evictions(reason));
    }
    for (PinReason reason : PinReason.values()) {
      Tags with = tags.and("reason", reason.label());
      counter("pooler.pins", with, counters, c -> c.pins(reason));
      counter("pooler.pinned.seconds", with, counters, c -> c.pinnedNanos(reason) / 1e9);
    }
    backends(
        tags.and("state", "active"),
        pool,
        p -> Math.max(0, p.heldBackends() - p.idleBackends() - pinned(p)));
    backends(tags.and("state", "pinned"), pool, Metrics::pinned);
    backends(
        tags.and("state", "idle"),
        pool,
        p -> Math.max(0, entry.supply().totalBackends() - p.heldBackends() + p.idleBackends()));
    backends(tags.and("state", "lane"), pool, p -> 0);
    for (Session.State state : Session.State.values()) {
      clients(tags, entry, state);
    }
    Gauge.builder("pooler.prepared.statements", sessions, all -> names(all, pool.key()))
        .tags(tags.and("side", "client"))
        .description("Names that clients gave, and statements that backends hold for them")
        .register(registry);
    Gauge.builder("pooler.prepared.statements", entry, Metrics::heldStatements)
        .tags(tags.and("side", "backend"))
        .strongReference(true)
        .description("Names that clients gave, and statements that backends hold for them")
        .register(registry);
  }

  @Override
  public void gone(Pools.Entry entry) {
    Tags tags = tags(entry);
    forget(tags);
    acquires.remove(tags);
    for (StatementClass first : StatementClass.values()) {
      statements.remove(tags.and("class", first.name().toLowerCase(Locale.ROOT)));
    }
  }

  private static Tags tags(Pools.Entry entry) {
    PoolKey key = entry.pool().key();
    return Tags.of(
        "protocol",
        entry.database().protocol().word(),
        "database",
        key.name(),
        "user",
        key.user(),
        "replication",
        key.replication().word());
  }

  /** Takes away a pool's meters, and those of one that it replaces: a meter keeps its source. */
  private void forget(Tags tags) {
    Queue<Meter> its = ofPools.remove(tags);
    if (its != null) {
      its.forEach(registry::remove);
    }
  }

  /** There may be a thousand pools: to look for the meters of one among all takes too long. */
  private void added(Meter meter) {
    Tags tags =
        Tags.of(
            meter.getId().getTags().stream()
                .filter(tag -> OF_A_POOL.contains(tag.getKey()))
                .toList());
    if (tags.stream().count() == OF_A_POOL.size()) {
      ofPools.computeIfAbsent(tags, pool -> new ConcurrentLinkedQueue<>()).add(meter);
    }
  }

  private void clients(Tags tags, Pools.Entry entry, Session.State state) {
    Gauge.builder("pooler.clients", sessions, all -> count(all, entry.pool().key(), state))
        .tags(tags.and("state", state.name().toLowerCase(Locale.ROOT)))
        .description("Sessions by what they do")
        .register(registry);
  }

  private static double count(SessionRegistry sessions, PoolKey pool, Session.State state) {
    int count = 0;
    for (Session session : sessions.all()) {
      if (session.state() == state && session.pool().equals(pool)) {
        count++;
      }
    }
    return count;
  }

  /** A backend of replication is its session's by its kind: nothing keeps it from others. */
  private static int pinned(LeasePool pool) {
    return pool.key().replication() == Replication.NONE ? pool.pinnedBackends() : 0;
  }

  private static double names(SessionRegistry sessions, PoolKey pool) {
    int count = 0;
    for (Session session : sessions.all()) {
      if (session.pool().equals(pool)) {
        count += session.preparedStatements();
      }
    }
    return count;
  }

  private static double heldStatements(Pools.Entry entry) {
    int count = 0;
    for (Backend backend : entry.backends()) {
      count += backend.detail().preparedStatements();
    }
    return count;
  }

  private void backends(Tags tags, LeasePool pool, ToDoubleFunction<LeasePool> value) {
    Gauge.builder("pooler.backends", pool, value)
        .tags(tags)
        .description("Backends by what they do")
        .register(registry);
  }

  private <T> void gauge(
      String name, String description, Tags tags, T source, ToDoubleFunction<T> value) {
    Gauge.builder(name, source, value).tags(tags).description(description).register(registry);
  }

  private <T> void counter(String name, Tags tags, T source, ToDoubleFunction<T> value) {
    FunctionCounter.builder(name, source, value).tags(tags).register(registry);
  }

  /** A protocol's own counters are to be seen. */
  public void addProtocol(Protocol protocol, SessionCounters counters) {
    protocols.put(protocol, counters);
  }

  /** A target is to be seen. */
  @Override
  public void watched(TargetProbe.Target target, BooleanSupplier up) {
    Gauge gauge =
        Gauge.builder("pooler.target.up", up, u -> u.getAsBoolean() ? 1 : 0)
            .tags(
                Tags.of(
                    "protocol",
                    target.protocol().word(),
                    "database",
                    target.database(),
                    "target",
                    target.address().toString(),
                    "role",
                    "unknown"))
            .strongReference(true)
            .description("Whether this database's clients can be served by the target")
            .register(registry);
    targets.put(target, gauge);
  }

  @Override
  public void unwatched(TargetProbe.Target target) {
    Meter gauge = targets.remove(target);
    if (gauge != null) {
      registry.remove(gauge);
    }
  }

  /** Prometheus' text format. The JVM's meters join with the first scrape: they cost start-up. */
  public void write(OutputStream out) throws IOException {
    if (jvmBound.compareAndSet(false, true)) {
      new JvmMemoryMetrics().bindTo(registry);
      new JvmThreadMetrics().bindTo(registry);
      new ProcessorMetrics().bindTo(registry);
      new UptimeMetrics().bindTo(registry);
    }
    registry.scrape(out);
  }
}
