package dev.pooler.postgres;

import dev.pooler.core.config.AuthQueryConfig;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenGap;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.Replication;
import dev.pooler.core.config.Secret;
import dev.pooler.core.config.UserConfig;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.protocol.BackendTls;
import dev.pooler.core.protocol.ListenersTls;
import dev.pooler.core.protocol.ServerSide;
import dev.pooler.core.protocol.WireProtocol;
import dev.pooler.postgres.auth.BackendSecrets;
import dev.pooler.postgres.auth.ConfiguredSecret;
import dev.pooler.postgres.auth.Credentials;
import dev.pooler.postgres.auth.LoginKeys;
import dev.pooler.postgres.auth.NoSecret;
import dev.pooler.postgres.auth.RecentUsers;
import dev.pooler.postgres.auth.ScramKeys;
import dev.pooler.postgres.auth.ShownSecrets;
import dev.pooler.postgres.auth.UserLookup;
import dev.pooler.postgres.auth.UserStore;
import dev.pooler.postgres.backend.AuthQuery;
import dev.pooler.postgres.backend.ListenerDialer;
import dev.pooler.postgres.backend.PgConnector;
import dev.pooler.postgres.backend.ReplicationConnector;
import dev.pooler.postgres.cancel.CancelKeys;
import dev.pooler.postgres.client.PgFrontDoor;
import dev.pooler.postgres.client.PgListener;
import dev.pooler.postgres.client.PgStartupHandler;
import dev.pooler.postgres.client.Welcomes;
import dev.pooler.postgres.listen.Listeners;
import dev.pooler.postgres.listen.SharedListener;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.statement.SharedStatements;
import io.netty.channel.Channel;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's protocol, versions 3.0 and 3.2. */
public final class PostgresProtocol implements WireProtocol {
  @Override
  public Protocol protocol() {
    return Protocol.POSTGRES;
  }

  @Override
  public Running start(ServerSide server) {
    return new AtWork(server);
  }

  private static final class AtWork implements Running {
    private final ServerSide server;
    private final PgFrontDoor door;
    private final Welcomes welcomes = new Welcomes();
    private final ScramKeys keys = new ScramKeys();
    private final Speakers speakers = new Speakers();
    private final Listeners listeners = new Listeners();
    private final Map<DatabaseConfig, UserLookup> lookups = new ConcurrentHashMap<>();
    private final LoginKeys loginKeys = new LoginKeys();
    private final ListenersTls listenersTls = new ListenersTls(PgListener.ALPN);
    private final BackendTls backendTls = new BackendTls(PgListener.ALPN);
    private final byte[] mockSecret = UserStore.newMockSecret();
    private volatile UserStore users;

    AtWork(ServerSide server) {
      this.server = server;
      this.users = read(server.config().users().values());
      this.backendTls.read(databases(server.config())).run();
      this.door =
          new PgFrontDoor(
              server.pools(),
              server.sessions(),
              server.limits(),
              server.counters(),
              new CancelKeys<>(new SecureRandom()),
              welcomes,
              new SharedStatements(server.limits().kept()),
              new CodeCensus.All(),
              listeners,
              server.console(),
              loginKeys,
              this::lookup,
              server.draining());
    }

    @Override
    public Consumer<Channel> clients(ListenerConfig listener) {
      PgListener rules =
          new PgListener(
              listener.auth(),
              () -> users,
              listener.allowUids(),
              listenersTls.of(listener),
              server.loginTimeout(),
              server.transport().peerUid());
      return channel -> channel.pipeline().addLast(new PgStartupHandler(door, rules));
    }

    @Override
    public BackendConnector backends(PoolKey key, DatabaseConfig database) {
      PgConnector connector =
          PgConnector.create(
              database,
              backendTls,
              key.database(),
              key.user(),
              secrets(key, database),
              keys,
              server.transport(),
              speakers,
              welcomes::forget);
      if (key.replication() != Replication.NONE) {
        return new ReplicationConnector(connector, key.replication());
      }
      boolean closes = database.listenGap() == ListenGap.CLOSE;
      listeners.put(key, new SharedListener(key.toString(), new ListenerDialer(connector), closes));
      return connector;
    }

    /** A password that is configured comes first, then what the user's own login has shown. */
    private BackendSecrets secrets(PoolKey key, DatabaseConfig database) {
      Secret password = database.password();
      return password == null
          ? new ShownSecrets(loginKeys, database.name(), key.user())
          : new ConfiguredSecret(server.secrets(), password);
    }

    @Override
    public Runnable reload(PoolerConfig now) {
      UserStore after = read(now.users().values());
      Runnable servers = backendTls.read(databases(now));
      Runnable clients = listenersTls.read(now.listen());
      return () -> {
        servers.run();
        clients.run();
        UserStore before = users;
        loginKeys.forget((user, shown) -> before.find(user) != null && !after.has(user, shown));
        users = after;
        forgetServers();
      };
    }

    @Override
    public void forget(PoolKey pool) {
      listeners.remove(pool);
      door.censuses().remove(pool);
    }

    @Override
    public void forgetServers() {
      lookups.clear(); // those in use are answered; what is open closes when nobody asks
      welcomes.forget();
    }

    private @Nullable UserLookup lookup(DatabaseConfig database) {
      AuthQueryConfig query = database.authQuery();
      return query == null ? null : lookups.computeIfAbsent(database, entry -> ask(entry, query));
    }

    private UserLookup ask(DatabaseConfig database, AuthQueryConfig query) {
      Secret password = query.password();
      BackendSecrets secrets =
          password == null ? NoSecret::new : new ConfiguredSecret(server.secrets(), password);
      PgConnector connector =
          PgConnector.create(
              database,
              backendTls,
              query.database(),
              query.user(),
              secrets,
              keys,
              server.transport(),
              speakers,
              () -> {});
      return new RecentUsers(
          new AuthQuery(connector, query, database.timeouts().connect()), System::nanoTime);
    }

    private static List<DatabaseConfig> databases(PoolerConfig config) {
      return config.databases().values().stream()
          .filter(database -> database.protocol() == Protocol.POSTGRES)
          .toList();
    }

    private UserStore read(Collection<UserConfig> configured) {
      Map<String, Credentials> known = new HashMap<>();
      for (UserConfig user : configured) {
        String verifier = user.verifier();
        Secret password = user.password();
        try {
          String secret =
              verifier != null
                  ? verifier
                  : password == null ? null : server.secrets().get(password);
          if (secret != null) {
            known.put(user.name(), Credentials.parse(user.name(), secret));
          }
        } catch (IllegalStateException | IllegalArgumentException e) {
          throw new IllegalStateException("user \"" + user.name() + "\": " + e.getMessage(), e);
        }
      }
      return new UserStore(known, mockSecret);
    }
  }
}
