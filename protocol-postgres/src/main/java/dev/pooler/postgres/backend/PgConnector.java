package dev.pooler.postgres.backend;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.protocol.Transport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.BackendAuthentication;
import dev.pooler.postgres.auth.BackendLogin;
import dev.pooler.postgres.auth.BackendSecret;
import dev.pooler.postgres.auth.BackendSecrets;
import dev.pooler.postgres.auth.ScramKeys;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import java.io.FileNotFoundException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the backends of one pool. Hosts are tried in the order of the configuration, beginning with
 * the one that answered last.
 */
public final class PgConnector implements BackendConnector {
  private static final AtomicLong IDS = new AtomicLong();
  private static final SecureRandom RANDOM = new SecureRandom();

  private final List<PgTarget> targets;
  private final String database;
  private final String user;
  private final BackendSecrets secrets;
  private final ScramKeys keys;
  private volatile int next;
  private final AtomicInteger turn = new AtomicInteger();

  /**
   * The backends of one pool.
   *
   * @param secrets asked anew for each login, since they may rotate
   * @throws IllegalArgumentException if a certificate can't be used
   */
  public static PgConnector create(
      DatabaseConfig config,
      String database,
      String user,
      BackendSecrets secrets,
      ScramKeys keys,
      Transport transport) {
    SslContext tls = BackendTls.context(config);
    List<PgTarget> targets =
        config.hosts().stream()
            .map(host ->
                new PgTarget(
                    socketAddress(host, transport),
                    config.tls().mode(),
                    tls,
                    config.timeouts().connect(),
                    transport))
            .toList();
    return new PgConnector(targets, database, user, secrets, keys);
  }

  private static SocketAddress socketAddress(Address address, Transport transport) {
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    return address instanceof TcpAddress tcp
        ? InetSocketAddress.createUnresolved(tcp.host(), tcp.port())
        : transport.unixAddress(((UnixAddress) address).path());
  }

  PgConnector(
      List<PgTarget> targets,
      String database,
      String user,
      BackendSecrets secrets,
      ScramKeys keys) {
    this.targets = List.copyOf(targets);
    this.database = database;
    this.user = user;
    this.secrets = secrets;
    this.keys = keys;
  }

  @Override
  public CompletionStage<Backend> connect() {
    CompletableFuture<Backend> result = new CompletableFuture<>();
    int index = next;
    PgTarget target = targets.get(index);
    BackendSecret password;
    try {
      password = secrets.now();
    } catch (IllegalStateException e) {
      result.completeExceptionally(
          new ConnectFailure(
              SqlFailure.fatal("28000", 1045, String.valueOf(e.getMessage())), true));
      return result;
    }
    List<EventLoop> loops = target.transport().eventLoops();
    EventLoop loop = loops.get(Math.floorMod(turn.getAndIncrement(), loops.size()));
    target
        .transport()
        .connector(target.address(), loop)
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            Math.toIntExact(target.connectTimeout().toMillis()))
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                initialize(channel, target, password, result);
              }
            })
        .connect()
        .addListener((ChannelFuture connected) -> onConnected(connected, target, result));
    result.whenComplete((backend, failure) -> {
      if (failure != null) {
        next = (index + 1) % targets.size();
      }
    });
    return result;
  }

  private void initialize(
      Channel channel, PgTarget target, BackendSecret password, CompletableFuture<Backend> result) {
    if (target.context() != null) {
      channel.pipeline().addLast(new TlsNegotiation(target));
    }
    boolean exposed = !target.isUnix() && target.context() == null;
    Map<String, String> startup = new LinkedHashMap<>();
    startup.put("user", user);
    startup.put("database", database);
    channel
        .pipeline()
        .addLast(
            new PgLoginHandler(
                IDS.incrementAndGet(),
                target,
                startup,
                new BackendAuthentication(BackendLogin.of(user, password, exposed), keys, RANDOM),
                result));
  }

  private static void onConnected(
      ChannelFuture connected, PgTarget target, CompletableFuture<Backend> result) {
    if (!connected.isSuccess()) {
      Throwable cause = connected.cause();
      String why =
          cause instanceof FileNotFoundException
              ? "no such socket"
              : String.valueOf(cause.getMessage());
      result.completeExceptionally(
          new ConnectFailure(
              SqlFailure.error("08001", 2003, "cannot connect to " + target + ": " + why), true));
    }
  }

  @Override
  public String describe() {
    return database + "/" + user + " at " + targets;
  }
}
