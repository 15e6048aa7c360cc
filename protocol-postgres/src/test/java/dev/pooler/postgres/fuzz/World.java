package dev.pooler.postgres.fuzz;

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
import dev.pooler.core.pool.PoolDirectory.Found;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.postgres.auth.Credentials;
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
import dev.pooler.postgres.simulation.NoConsole;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.testkit.simulation.Actor;
import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedAddress;
import dev.pooler.testkit.simulation.SimulatedChannel;
import dev.pooler.testkit.simulation.SimulatedLoop;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.simulation.SimulatedSupply;
import dev.pooler.testkit.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A listener, a pool and the connections around them in a {@link Simulation} whose seed is part of
 * the input: it draws how the bytes are cut. After the input both ends leave, and nothing of the
 * session may be left: no lease, no session, no buffer.
 */
final class World implements AutoCloseable {
  /** Plays a server on one connection. */
  interface Server {
    /** More has arrived: takes whole messages from {@code in}, and answers if it likes. */
    void hear(ByteQueue in, SimulatedSocket socket);
  }

  private static final int STEPS = 50_000;
  private static final Duration OFF = Duration.ZERO;

  private static final UserStore USERS =
      new UserStore(
          Map.of("u", Credentials.parse("u", "md50123456789abcdef0123456789abcdef")), new byte[32]);

  private final Simulation simulation;
  private final Faults faults = new Faults();
  private final SimulatedLoop loop;
  private final SimulatedSupply supply;
  private final LeasePool pool;
  private final Janitor janitor;
  private final SessionRegistry sessions = new SessionRegistry();
  private final SessionLimits limits = new SessionLimits(10, 10_000_000, 10_000_000);
  private final CancelKeys<ClientLeg> keys = new CancelKeys<>(new CountedRandom());
  private final SimulatedSocket client;
  private final List<SimulatedSocket> servers = new ArrayList<>();
  private byte lastHeard;

  /**
   * One client has connected.
   *
   * @param server plays the server, one for each connection to it, while there is anything to read
   */
  World(int seed, PoolMode mode, Auth auth, Supplier<Server> server) {
    simulation = new Simulation(seed, false);
    loop = simulation.newLoop();
    SimulatedAddress address =
        new SimulatedAddress(simulation, () -> false, socket -> accept(socket, server.get()));
    supply = new SimulatedSupply(simulation, loop, SimulatedTargets.connector(address, loop), 1);
    PoolLimits bounds = new PoolLimits(mode, 1, 0, Duration.ofSeconds(2), OFF, OFF, OFF, OFF);
    PoolKey key = new PoolKey("app", "app", "app");
    pool = new LeasePool(key, bounds, List.of(loop), supply, simulation::now);
    PgFrontDoor door =
        new PgFrontDoor(
            new PoolDirectory() {
              @Override
              public Found find(String name, String user) {
                return new Found.Pool(pool, database(mode));
              }

              @Override
              public DatabaseConfig entry(String name) {
                return database(mode);
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
    janitor = new Janitor(List.of(loop), () -> List.of(pool), sessions);
    janitor.start();
    Duration login = Duration.ofSeconds(20);
    PgListener listener =
        new PgListener(auth, () -> USERS, Map.of(), () -> null, () -> login, channel -> -2);
    SimulatedChannel channel = SimulatedChannel.accepted(simulation, "client");
    client = channel.far();
    loop.run(() -> {
      channel.pipeline().addLast(new PgStartupHandler(door, listener));
      loop.register(channel);
    });
  }

  private static DatabaseConfig database(PoolMode mode) {
    return new DatabaseConfig(
        "app",
        Protocol.POSTGRES,
        List.of(),
        null,
        null,
        null,
        new ClientTls(TlsMode.DISABLE, null, null, null),
        new PoolConfig(mode, 1, 0, Duration.ofSeconds(2), OFF, OFF, OFF, OFF, 3),
        new TimeoutsConfig(Duration.ofSeconds(5), Duration.ofSeconds(20), OFF, OFF, OFF),
        null,
        ListenGap.CLOSE);
  }

  private void accept(SimulatedSocket socket, Server server) {
    servers.add(socket);
    simulation.add(
        new Actor() {
          private final ByteQueue in = new ByteQueue();

          @Override
          public boolean ready() {
            return socket.received().size() > 0 || (socket.channelClosed() && !over());
          }

          @Override
          public boolean over() {
            return socket.outputEnded();
          }

          @Override
          public void act() {
            if (socket.channelClosed()) {
              socket.close();
            } else {
              in.add(socket.received().take(socket.received().size()));
              server.hear(in, socket);
            }
          }
        });
  }

  /** Logs in; that it worked is what all else here stands on. */
  void login(byte[] startup) {
    client.send(startup);
    for (int seconds = 0; seconds < 10 && lastHeard != 'I'; seconds++) {
      settle(1);
    }
    if (lastHeard != 'I') {
      throw new IllegalStateException("the login has no ReadyForQuery at its end");
    }
  }

  /** Sends as the client, and lets everything happen that follows. */
  void send(byte[] bytes) {
    client.send(bytes);
    settle(1);
  }

  private void settle(int seconds) {
    long end = simulation.now() + TimeUnit.SECONDS.toNanos(seconds);
    simulation.runUntil(
        () -> {
          int heard = client.received().size();
          if (heard > 0) {
            lastHeard = client.received().take(heard)[heard - 1];
          }
          return simulation.now() >= end;
        },
        STEPS);
    faults.check();
  }

  /** Everybody leaves. */
  void end() {
    client.shutdownOutput();
    settle(10);
    client.close();
    servers.forEach(SimulatedSocket::close);
    settle(30);
    loop.run(supply::closeIdle);
    settle(10);
    janitor.close();
    expect("leases", pool.counters().acquires() - pool.counters().releases());
    expect("backends lent", supply.borrowed());
    expect("backends", supply.total());
    expect("sessions", sessions.size());
    expect("sessions counted", limits.openSessions());
    expect("bytes held", limits.heldBytes());
    expect("bytes kept", limits.kept().used());
    expect("cancel keys", keys.size());
    expect("bytes in buffers", simulation.unreleasedBytes());
  }

  private static void expect(String what, long left) {
    if (left != 0) {
      throw new IllegalStateException(left + " " + what + " left at the end");
    }
  }

  @Override
  public void close() {
    faults.close();
    simulation.close();
  }
}
