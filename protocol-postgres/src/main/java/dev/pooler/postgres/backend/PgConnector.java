package dev.pooler.postgres.backend;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.protocol.BackendTls;
import dev.pooler.core.protocol.HostLookup;
import dev.pooler.core.protocol.OwnTrouble;
import dev.pooler.core.protocol.Transport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.BackendAuthentication;
import dev.pooler.postgres.auth.BackendLogin;
import dev.pooler.postgres.auth.BackendSecret;
import dev.pooler.postgres.auth.BackendSecrets;
import dev.pooler.postgres.auth.ScramKeys;
import dev.pooler.postgres.listen.Speakers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.handler.ssl.SslContext;
import java.io.FileNotFoundException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the backends of one pool. Hosts are tried in the order of the configuration, beginning with
 * the one that answered last. A secret that is refused is read anew and tried once more; one that
 * is still the same is not sent again for a while ({@link RefusedSecret}).
 */
public final class PgConnector implements BackendConnector {
  private static final Logger LOG = LoggerFactory.getLogger(PgConnector.class);
  private static final AtomicLong IDS = new AtomicLong();
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final HostLookup HOSTS = HostLookup.ofSystem();

  /** The SQLSTATE insufficient_resources: ours, not the target's. */
  private static final String OWN_TROUBLE = "53000";

  private final List<PgTarget> targets;
  private final AtomicReference<BackendNumbers> numbers;
  private final String database;
  private final String user;
  private final BackendSecrets secrets;
  private final ScramKeys keys;
  private final Map<String, String> settings;
  private volatile int next;
  private final Executor blocking;
  private final RefusedSecret refusals;
  private final ServerDefaults defaults;
  private final AtomicInteger turn = new AtomicInteger();

  /**
   * The backends of one pool.
   *
   * @param tls asked anew for each connection, since a reload may have read files anew
   * @param secrets asked anew for each login, since they may rotate
   * @param changed is run when the servers tell other settings than before, on any thread
   * @throws IllegalArgumentException if a certificate can't be used
   */
  public static PgConnector create(
      DatabaseConfig config,
      BackendTls tls,
      String database,
      String user,
      BackendSecrets secrets,
      ScramKeys keys,
      Transport transport,
      Speakers speakers,
      Runnable changed) {
    Supplier<@Nullable SslContext> context = tls.of(config);
    AtomicReference<BackendNumbers> numbers = new AtomicReference<>(BackendNumbers.of(config));
    List<PgTarget> targets =
        config.hosts().stream()
            .map(host ->
                new PgTarget(
                    socketAddress(host, transport),
                    config.tls(),
                    context,
                    numbers::get,
                    transport,
                    speakers))
            .toList();
    return new PgConnector(
        targets,
        numbers,
        database,
        user,
        secrets,
        keys,
        Thread.ofVirtual().name("pooler-secret")::start,
        Map.of(),
        new RefusedSecret(System::nanoTime),
        new ServerDefaults(changed));
  }

  private static SocketAddress socketAddress(Address address, Transport transport) {
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    return address instanceof TcpAddress tcp
        ? InetSocketAddress.createUnresolved(tcp.host(), tcp.port())
        : transport.unixAddress(((UnixAddress) address).path());
  }

  /**
   * A connector.
   *
   * @param numbers what the targets go by
   * @param blocking where secrets are read anew
   */
  PgConnector(
      List<PgTarget> targets,
      AtomicReference<BackendNumbers> numbers,
      String database,
      String user,
      BackendSecrets secrets,
      ScramKeys keys,
      Executor blocking) {
    this(
        targets,
        numbers,
        database,
        user,
        secrets,
        keys,
        blocking,
        Map.of(),
        new RefusedSecret(System::nanoTime),
        new ServerDefaults(() -> {}));
  }

  private PgConnector(
      List<PgTarget> targets,
      AtomicReference<BackendNumbers> numbers,
      String database,
      String user,
      BackendSecrets secrets,
      ScramKeys keys,
      Executor blocking,
      Map<String, String> settings,
      RefusedSecret refusals,
      ServerDefaults defaults) {
    this.defaults = defaults;
    this.settings = settings;
    this.refusals = refusals;
    this.blocking = blocking;
    this.targets = List.copyOf(targets);
    this.numbers = numbers;
    this.database = database;
    this.user = user;
    this.secrets = secrets;
    this.keys = keys;
  }

  /** The same with these settings in the start-up packet; what one was refused, both were. */
  PgConnector with(Map<String, String> settings) {
    ServerDefaults its = new ServerDefaults(() -> {});
    return new PgConnector(
        targets, numbers, database, user, secrets, keys, blocking, settings, refusals, its);
  }

  /** How many targets there are to try. */
  int targets() {
    return targets.size();
  }

  /** A number that no other backend of this process has. */
  static long nextId() {
    return IDS.incrementAndGet();
  }

  @Override
  public CompletionStage<Backend> connect() {
    CompletableFuture<Backend> answer = new CompletableFuture<>();
    int index = next;
    // Who is told of a failure may try again at once: that is noted first.
    connect(index)
        .whenComplete((backend, failure) -> {
          if (failure == null) {
            refusals.accepted();
            answer.complete(backend);
          } else {
            if (!isOwnTrouble(failure)) {
              next = (index + 1) % targets.size();
            }
            answer.completeExceptionally(failure);
          }
        });
    return answer;
  }

  private CompletableFuture<Backend> connect(int index) {
    CompletableFuture<Backend> result = new CompletableFuture<>();
    BackendSecret secret;
    try {
      secret = secrets.now();
    } catch (IllegalStateException | IllegalArgumentException e) {
      result.completeExceptionally(
          new ConnectFailure(
              SqlFailure.fatal("28000", 1045, String.valueOf(e.getMessage())), true));
      return result;
    }
    ConnectFailure known = refusals.stillStands(secret);
    if (known != null) {
      result.completeExceptionally(known);
      return result;
    }
    attempt(targets.get(index), secret)
        .whenComplete((backend, failure) -> {
          ConnectFailure refused = refusal(failure);
          if (failure == null) {
            result.complete(backend);
          } else if (refused != null) {
            // Reading a secret may block, and this may be an event loop.
            blocking.execute(() -> tryFresh(targets.get(index), secret, refused, result));
          } else {
            result.completeExceptionally(failure);
          }
        });
    return result;
  }

  /** The secret was refused: it may have been changed, so once more with what it is now. */
  private void tryFresh(
      PgTarget target,
      BackendSecret secret,
      ConnectFailure refused,
      CompletableFuture<Backend> result) {
    BackendSecret fresh;
    try {
      fresh = secrets.fresh();
    } catch (IllegalStateException | IllegalArgumentException e) {
      LOG.warn("{}: the refused secret can't be read anew: {}", target, e.getMessage());
      fresh = secret;
    }
    if (fresh.equals(secret)) {
      refusals.refused(secret, refused);
      result.completeExceptionally(refused);
      return;
    }
    LOG.info("{}: user {} was refused; once more with the changed secret", target, user);
    BackendSecret tried = fresh;
    attempt(target, tried)
        .whenComplete((backend, failure) -> {
          if (failure == null) {
            result.complete(backend);
            return;
          }
          ConnectFailure again = refusal(failure);
          if (again != null) {
            refusals.refused(tried, again);
          }
          result.completeExceptionally(failure);
        });
  }

  /** Class 28 of the SQLSTATEs, invalid authorization specification, or null. */
  private static @Nullable ConnectFailure refusal(@Nullable Throwable failure) {
    return failure instanceof ConnectFailure refused
            && !refused.temporary()
            && refused.failure().sqlState().startsWith("28")
        ? refused
        : null;
  }

  private static boolean isOwnTrouble(Throwable failure) {
    return failure instanceof ConnectFailure refused
        && refused.failure().sqlState().equals(OWN_TROUBLE);
  }

  private CompletableFuture<Backend> attempt(PgTarget target, BackendSecret secret) {
    CompletableFuture<Backend> result = new CompletableFuture<>();
    HOSTS
        .resolve(target.address(), target.connectTimeout())
        .whenComplete((address, failure) -> {
          if (failure == null) {
            open(target, address, secret, result);
          } else {
            notConnected(failure, target, result);
          }
        });
    return result;
  }

  private void open(
      PgTarget target,
      SocketAddress address,
      BackendSecret secret,
      CompletableFuture<Backend> result) {
    List<EventLoop> loops = target.transport().eventLoops();
    EventLoop loop = loops.get(Math.floorMod(turn.getAndIncrement(), loops.size()));
    target
        .transport()
        .connector(address, loop)
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            Math.toIntExact(target.connectTimeout().toMillis()))
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                initialize(channel, target, secret, result);
              }
            })
        .connect()
        .addListener((ChannelFuture connected) -> {
          if (!connected.isSuccess()) {
            notConnected(connected.cause(), target, result);
          }
        });
  }

  private void initialize(
      Channel channel, PgTarget target, BackendSecret password, CompletableFuture<Backend> result) {
    if (channel.config() instanceof SocketChannelConfig tcp) {
      // Some wait for their server for hours, and where it is gone nobody says so.
      tcp.setKeepAlive(true);
    }
    if (target.context() != null) {
      channel.pipeline().addLast(new TlsNegotiation(target));
    }
    boolean exposed = !target.isUnix() && target.context() == null;
    Map<String, String> startup = new LinkedHashMap<>();
    startup.putAll(settings);
    startup.put("user", user);
    startup.put("database", database);
    channel
        .pipeline()
        .addLast(
            new PgLoginHandler(
                nextId(),
                target,
                startup,
                new BackendAuthentication(
                    BackendLogin.of(user, password, exposed, target.rules().binding()),
                    keys,
                    RANDOM),
                defaults,
                result));
  }

  private static void notConnected(
      Throwable cause, PgTarget target, CompletableFuture<Backend> result) {
    String own = OwnTrouble.of(cause);
    String why =
        own != null
            ? own
            : switch (cause) {
              case FileNotFoundException _ -> "no such socket";
              case UnknownHostException unknown -> "unknown host " + unknown.getMessage();
              default -> String.valueOf(cause.getMessage());
            };
    result.completeExceptionally(
        new ConnectFailure(
            SqlFailure.error(
                own == null ? "08001" : OWN_TROUBLE,
                2003,
                "cannot connect to " + target + ": " + why),
            true));
  }

  @Override
  public void change(DatabaseConfig now) {
    numbers.set(BackendNumbers.of(now));
  }

  @Override
  public String describe() {
    return database + "/" + user + " at " + targets;
  }
}
