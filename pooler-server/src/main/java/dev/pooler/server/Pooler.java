package dev.pooler.server;

import dev.pooler.core.config.HttpConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.TimeoutsConfig;
import dev.pooler.core.console.Console;
import dev.pooler.core.console.Operations;
import dev.pooler.core.console.Portraits;
import dev.pooler.core.lifecycle.Drain;
import dev.pooler.core.lifecycle.Janitor;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.protocol.ServerSide;
import dev.pooler.core.protocol.Transport;
import dev.pooler.core.protocol.WireProtocol;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SessionReport;
import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.SecretSource;
import dev.pooler.server.config.SettingRows;
import dev.pooler.server.console.ServerOperations;
import dev.pooler.server.http.HttpEndpoints;
import dev.pooler.server.http.HttpListener;
import dev.pooler.server.io.SocketListener;
import dev.pooler.server.io.Transports;
import dev.pooler.server.observe.Metrics;
import dev.pooler.server.observe.PoolsPage;
import dev.pooler.server.observe.SessionsPage;
import dev.pooler.server.pools.PoolEvidence;
import dev.pooler.server.pools.Pools;
import dev.pooler.server.pools.TargetProbe;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running pooler: listeners, pools and HTTP, made from a configuration. All methods may be called
 * from any thread but an event loop.
 */
public final class Pooler implements AutoCloseable, HttpEndpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Pooler.class);

  /** PgBouncer's default stats_period. */
  private static final long STATS_SECONDS = 60;

  private static final long CLEAN_SECONDS = 1;

  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicBoolean closing = new AtomicBoolean();
  private final Reload reload;
  private final SessionRegistry sessions = new SessionRegistry();
  private final SessionLimits limits;
  private final SecretSource secretSource = SecretSource.ofProcess();
  private final Map<Protocol, SessionCounters> counters = new EnumMap<>(Protocol.class);
  private final Map<Protocol, WireProtocol.Running> protocols = new EnumMap<>(Protocol.class);
  private final List<SocketListener> listeners = new ArrayList<>();
  private final ScheduledThreadPoolExecutor scheduler;
  private final Transport transport;
  private final Metrics metrics;
  private final Pools pools;
  private final Console console;
  private final Janitor janitor;
  private final TargetProbe targets;
  private final Drain drain;
  private final List<Operations.Setting> settingsAtStart;
  private volatile PoolerConfig config;
  private volatile Supplier<List<Operations.Setting>> settings;
  private @Nullable HttpListener http;

  private Pooler(ConfigFile.Ok first, Supplier<ConfigFile.Result> source) throws IOException {
    PoolerConfig config = first.config();
    this.config = config;
    this.settingsAtStart = first.settings().get();
    this.settings = first.settings();
    this.reload = new Reload(source, this::prepared);
    this.limits =
        new SessionLimits(
            config.limits().clients(),
            config.limits().memoryBytes(),
            config.limits().sessionMemoryBytes());
    this.limits.perName(
        name -> this.config.databaseQuota(name).clients(),
        name -> this.config.userQuota(name).clients());
    this.transport = Transports.start(config.io());
    this.scheduler =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("pooler-scheduler").daemon().factory());
    this.scheduler.setRemoveOnCancelPolicy(true);
    this.metrics = new Metrics(sessions, limits);
    this.pools =
        new Pools(config, transport.eventLoops(), scheduler, metrics.registry(), sessions, metrics);
    this.janitor = new Janitor(transport.eventLoops(), pools::withDeadlines, sessions);
    this.console =
        new Console(
            new ServerOperations(
                () -> this.config,
                () -> SettingRows.inUse(settingsAtStart, this.settings.get()),
                pools::all,
                sessions,
                limits,
                Version.product(),
                this::draining,
                this::reload,
                this::forgetServers),
            pools.pauses());
    this.targets =
        new TargetProbe(scheduler, metrics, new PoolEvidence(pools::all)::against, pools::moved);
    this.drain = new Drain(sessions);
  }

  /**
   * Starts everything; when it returns, clients are served.
   *
   * @param source reads the configuration again, for reloads
   * @throws IOException with one line for the user: what can't be bound, read or used, and why.
   *     Nothing is left running.
   */
  public static Pooler start(ConfigFile.Ok first, Supplier<ConfigFile.Result> source)
      throws IOException {
    PoolerConfig config = first.config();
    Pooler pooler = new Pooler(first, source);
    try {
      pooler.startProtocols();
      for (ListenerConfig listener : config.listen()) {
        pooler.listeners.add(pooler.listen(listener));
      }
      pooler.startHttp(config.http());
      pooler.janitor.start();
      pooler.startUpkeep();
      pooler.targets.watch(config.databases().values());
      pooler.pools.warm();
      return pooler;
    } catch (IllegalArgumentException e) {
      pooler.close();
      throw new IOException(e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      pooler.close();
      throw e;
    }
  }

  private void startUpkeep() {
    scheduler.scheduleAtFixedRate(
        console::nextStatsPeriod, STATS_SECONDS, STATS_SECONDS, TimeUnit.SECONDS);
    scheduler.scheduleWithFixedDelay(
        this::removeUselessPools, CLEAN_SECONDS, CLEAN_SECONDS, TimeUnit.SECONDS);
  }

  /** A scheduler runs no task again that has thrown. */
  private void removeUselessPools() {
    try {
      pools.removeUseless();
    } catch (RuntimeException e) {
      LOG.error("pools without use can't be removed", e);
    }
  }

  private boolean draining() {
    return drain.begun();
  }

  private void forgetServers() {
    protocols.values().forEach(WireProtocol.Running::forgetServers);
  }

  private void startProtocols() throws IOException {
    for (WireProtocol protocol : ServiceLoader.load(WireProtocol.class)) {
      SessionCounters counted = new SessionCounters();
      counted.known(config.databases().keySet());
      WireProtocol.Running running = start(protocol, counted);
      counters.put(protocol.protocol(), counted);
      protocols.put(protocol.protocol(), running);
      pools.protocol(protocol.protocol(), running);
      metrics.addProtocol(protocol.protocol(), counted);
    }
  }

  private WireProtocol.Running start(WireProtocol protocol, SessionCounters counted)
      throws IOException {
    try {
      return protocol.start(
          new ServerSide(
              transport,
              pools,
              sessions,
              limits,
              counted,
              config,
              new ReadSecrets(secretSource),
              this::loginTimeout,
              console,
              drain::begun));
    } catch (IllegalStateException e) { // a secret that can't be had
      throw new IOException(e.getMessage(), e);
    }
  }

  /** The longest of all databases': until a client's packet says which one it wants. */
  private Duration loginTimeout() {
    return config.databases().values().stream()
        .map(database -> database.timeouts().login())
        .max(Comparator.naturalOrder())
        .orElse(TimeoutsConfig.LOGIN);
  }

  private SocketListener listen(ListenerConfig listener) throws IOException {
    WireProtocol.Running protocol = protocols.get(listener.protocol());
    if (protocol == null) {
      throw new IOException("this version has no listener for " + listener.protocol().word());
    }
    return SocketListener.bind(listener, transport, protocol.clients(listener));
  }

  private void startHttp(@Nullable HttpConfig config) throws IOException {
    if (config == null) {
      return;
    }
    String token = null;
    if (config.token() != null) {
      try {
        token = new ReadSecrets(secretSource).get(config.token());
      } catch (IllegalStateException e) {
        throw new IOException("http.token: " + e.getMessage(), e);
      }
    }
    InetSocketAddress address =
        new InetSocketAddress(config.address().host(), config.address().port());
    try {
      http = HttpListener.start(address, token, this);
    } catch (IOException e) {
      throw new IOException(
          "http.address: can't listen on " + config.address() + ": " + e.getMessage(), e);
    }
  }

  /**
   * What is served, in the words of the ready line: {@code postgres
   * unix:/run/pooler/.s.PGSQL.5432}.
   */
  public List<String> endpoints() {
    List<String> served = new ArrayList<>();
    listeners.forEach(listener -> served.add(listener.describe()));
    if (http != null) {
      served.add("http " + http.address().getHostString() + ":" + http.address().getPort());
    }
    return served;
  }

  /** The transport's name: io_uring, epoll or nio. */
  public String transportName() {
    return transport.name();
  }

  /** Reads all that a new configuration names; the result puts it in use, and does not fail. */
  private Runnable prepared(ConfigFile.Ok read) {
    PoolerConfig now = read.config();
    Runnable putBack = secretSource.forget();
    List<Runnable> ready = new ArrayList<>();
    try {
      protocols.values().forEach(protocol -> ready.add(protocol.reload(now)));
    } catch (RuntimeException e) {
      putBack.run();
      throw e;
    }
    return () -> {
      settings = read.settings();
      apply(now, ready);
    };
  }

  /** Changes what differs. Listeners and the transport stay as they were started. */
  private void apply(PoolerConfig now, List<Runnable> ready) {
    PoolerConfig before = config;
    if (!before.listen().equals(now.listen())
        || !before.io().equals(now.io())
        || !java.util.Objects.equals(before.http(), now.http())
        || before.limits().clients() != now.limits().clients()
        || before.limits().memoryBytes() != now.limits().memoryBytes()
        || before.limits().sessionMemoryBytes() != now.limits().sessionMemoryBytes()) {
      LOG.warn(
          "listen, http, io, limits.clients, limits.memory and limits.session-memory take effect at"
              + " the next start");
    }
    config = now;
    counters.values().forEach(counted -> counted.known(now.databases().keySet()));
    ready.forEach(Runnable::run); // before the pools: no user of before gets into a new one
    pools.reload(now).forEach(change -> LOG.info("reload: {}", change));
    protocols.values().forEach(WireProtocol.Running::forgetServers);
    targets.watch(now.databases().values());
    pools.warm();
  }

  @Override
  public List<String> reload() {
    return reload.run();
  }

  /**
   * Begins to drain and returns; {@link #awaitEnd} returns when it is over. A second call changes
   * nothing.
   */
  @Override
  public void drain() {
    if (drain.begin()) {
      Thread.ofVirtual()
          .name("pooler-drain")
          .start(() -> {
            listeners.forEach(SocketListener::close);
            drain.run(config.limits().drain());
            close();
          });
    }
  }

  /** Returns when a drain is over or everything was closed. */
  public void awaitEnd() throws InterruptedException {
    end.await();
  }

  /** Stops at once: closes clients and backends and removes the socket files. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      closeAll();
      return;
    }
    try {
      end.await(); // another thread does it: the end of a drain
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void closeAll() {
    drain.begin();
    listeners.forEach(SocketListener::close);
    drain.endSessions();
    pools.close();
    targets.close();
    janitor.close();
    if (http != null) {
      http.close();
    }
    scheduler.shutdownNow();
    transport.close();
    end.countDown();
  }

  @Override
  public void metrics(OutputStream out) throws IOException {
    metrics.write(out);
  }

  @Override
  public @Nullable String notReady() {
    return drain.begun() ? "draining" : targets.notReady();
  }

  @Override
  public String pools() {
    return PoolsPage.render(pools.all());
  }

  @Override
  public String sessions() {
    return SessionsPage.sessions(Portraits.of(sessions.all()));
  }

  @Override
  public @Nullable String session(long id) {
    SessionReport told = Portraits.whole(sessions.find(id));
    return told == null ? null : SessionsPage.session(told);
  }

  @Override
  public String pins() {
    return SessionsPage.pins(Portraits.of(sessions.all()));
  }
}
