package dev.pooler.postgres.simulation;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenGap;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.TimeoutsConfig;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.lifecycle.Janitor;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.PoolDirectory;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.postgres.auth.LoginKeys;
import dev.pooler.postgres.auth.UserStore;
import dev.pooler.postgres.backend.SimulatedTargets;
import dev.pooler.postgres.cancel.CancelKeys;
import dev.pooler.postgres.client.ClientLeg;
import dev.pooler.postgres.client.PgFrontDoor;
import dev.pooler.postgres.client.PgListener;
import dev.pooler.postgres.client.PgStartupHandler;
import dev.pooler.postgres.client.Welcomes;
import dev.pooler.postgres.listen.Listeners;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.testkit.simulation.SimulatedChannel;
import dev.pooler.testkit.simulation.SimulatedLoop;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.simulation.SimulatedSupply;
import dev.pooler.testkit.simulation.Simulation;
import dev.pooler.testkit.simulation.SimulationFailure;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One seed: a few clients and fewer backends around the real pool, sessions and backends, until
 * every client has left; then everything must be as before they came.
 */
final class PgSimulation {
  private static final int STEPS = 300_000;

  private final Simulation simulation;
  private final PoolMode mode;
  private final Duration maxWait;
  private final List<SimulatedLoop> loops = new ArrayList<>();
  private final ScriptedServer server;
  private final SimulatedSupply supply;
  private final LeasePool pool;
  private final SessionRegistry sessions = new SessionRegistry();
  private final SessionLimits limits = new SessionLimits(100, 100_000_000, 100_000_000);
  private final CancelKeys<ClientLeg> keys;
  private final PgFrontDoor door;
  private final PgListener listener;
  private final List<ScriptedClient> clients = new ArrayList<>();
  private final List<CancelSender> cancels = new ArrayList<>();

  PgSimulation(Simulation simulation) {
    this.simulation = simulation;
    this.mode =
        simulation.oneOf(
            PoolMode.TRANSACTION, PoolMode.TRANSACTION, PoolMode.SESSION, PoolMode.STATEMENT);
    this.maxWait = Duration.ofMillis(simulation.oneOf(300, 2_000, 600_000));
    int count = 1 + simulation.below(2);
    for (int i = 0; i < count; i++) {
      loops.add(simulation.newLoop());
    }
    this.server = new ScriptedServer(simulation, simulation.onceIn(2), simulation.onceIn(2));
    int size = 1 + simulation.below(4);
    SimulatedLoop first = loops.getFirst();
    this.supply =
        new SimulatedSupply(
            simulation, first, SimulatedTargets.connector(server.address(), first), size);
    PoolKey key = new PoolKey("app", "app", "app");
    Duration unbounded = Duration.ZERO;
    PoolLimits bounds =
        new PoolLimits(mode, size, 0, maxWait, unbounded, unbounded, unbounded, unbounded);
    this.pool = new LeasePool(key, bounds, List.copyOf(loops), supply, simulation::now);
    this.keys = new CancelKeys<>(new SeededRandom(simulation.seed()));
    DatabaseConfig database =
        new DatabaseConfig(
            "app",
            Protocol.POSTGRES,
            List.of(),
            null,
            null,
            null,
            new ClientTls(TlsMode.DISABLE, null, null, null),
            new PoolConfig(mode, size, 0, maxWait, unbounded, unbounded, unbounded, unbounded, 3),
            new TimeoutsConfig(
                Duration.ofSeconds(5), Duration.ofSeconds(30), unbounded, unbounded, unbounded),
            null,
            ListenGap.CLOSE);
    this.door =
        new PgFrontDoor(
            new PoolDirectory() {
              @Override
              public Found find(String name, String user) {
                return new Found.Pool(pool, database);
              }

              @Override
              public DatabaseConfig entry(String name) {
                return database;
              }
            },
            sessions,
            limits,
            new SessionCounters(),
            keys,
            new Welcomes(),
            new SharedStatements(limits.kept()),
            new CodeCensus.All(),
            new Listeners(),
            NoConsole.of(sessions, limits),
            new LoginKeys(),
            entry -> null,
            () -> false);
    UserStore nobody = new UserStore(Map.of(), new byte[32]);
    this.listener =
        new PgListener(
            Auth.TRUST,
            () -> nobody,
            Map.of(),
            () -> null,
            () -> Duration.ofMinutes(50),
            channel -> -2);
  }

  /** Runs it; throws {@link SimulationFailure} when an invariant broke. */
  void run() {
    Janitor janitor = new Janitor(List.copyOf(loops), () -> List.of(pool), sessions);
    janitor.start();
    int count = 2 + simulation.below(5);
    for (int i = 1; i <= count; i++) {
      clients.add(client(i));
    }
    runUntilGone();
    server.calmDown();
    simulation.settle(TimeUnit.SECONDS.toNanos(30), STEPS);
    loops.getFirst().run(supply::closeIdle);
    simulation.settle(TimeUnit.SECONDS.toNanos(30), STEPS);
    janitor.close();
    check();
  }

  private void runUntilGone() {
    try {
      simulation.runUntil(this::everyoneGone, STEPS);
    } catch (SimulationFailure e) {
      if (String.valueOf(e.getMessage()).startsWith("not done")) {
        throw new SimulationFailure("stuck: " + clients + ", sessions " + sessions.all(), e);
      }
      throw e;
    }
  }

  private boolean everyoneGone() {
    return clients.stream().allMatch(ScriptedClient::gone)
        && cancels.stream().allMatch(CancelSender::over);
  }

  private ScriptedClient client(int number) {
    ScriptedClient.Leaving leaving =
        simulation.onceIn(2)
            ? ScriptedClient.Leaving.POLITELY
            : simulation.oneOf(ScriptedClient.Leaving.values());
    ScriptedClient client =
        new ScriptedClient(
            simulation,
            server,
            accept("c" + number),
            new ClientPlan(simulation, number, mode, server.codeLeaves()),
            leaving,
            maxWait.toSeconds() < 100,
            this::cancel);
    simulation.add(client);
    return client;
  }

  private void cancel(Message key) {
    CancelSender sender = new CancelSender(accept("cancel"), key);
    cancels.add(sender);
    simulation.add(sender);
  }

  /** A connection to pooler, on any of its loops. */
  private SimulatedSocket accept(String name) {
    SimulatedChannel channel = SimulatedChannel.accepted(simulation, name);
    SimulatedLoop loop = loops.get(simulation.below(loops.size()));
    loop.run(() -> {
      channel.pipeline().addLast(new PgStartupHandler(door, listener));
      loop.register(channel);
    });
    return channel.far();
  }

  private void check() {
    long acquires = pool.counters().acquires();
    long releases = pool.counters().releases();
    expect("leases that never ended", acquires - releases);
    expect("backends the pool still holds", pool.heldBackends());
    expect("backends the supply has lent", supply.borrowed());
    expect("backends the supply still has", supply.total());
    expect("server processes", server.open());
    expect("sessions in the registry", sessions.size());
    expect("open sessions counted", limits.openSessions());
    expect("bytes held", limits.heldBytes());
    expect("bytes kept", limits.kept().used());
    expect("cancel keys", keys.size());
    expect("bytes in buffers that nobody released", simulation.unreleasedBytes());
  }

  private static void expect(String what, long left) {
    if (left != 0) {
      throw new SimulationFailure(left + " " + what + " at the end");
    }
  }

  /** Secrets that are the same in each run of a seed. */
  private static final class SeededRandom extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final java.util.SplittableRandom source;

    SeededRandom(long seed) {
      this.source = new java.util.SplittableRandom(seed);
    }

    @Override
    public void nextBytes(byte[] bytes) {
      if (source != null) {
        source.nextBytes(bytes);
      }
    }
  }
}
