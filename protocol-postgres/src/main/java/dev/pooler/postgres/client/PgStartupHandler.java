package dev.pooler.postgres.client;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.Replication;
import dev.pooler.core.console.Console;
import dev.pooler.core.console.Rights;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.PoolDirectory.Found;
import dev.pooler.core.protocol.ListenerTls;
import dev.pooler.core.protocol.OwnUid;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.AuthRefusal;
import dev.pooler.postgres.auth.AuthStep;
import dev.pooler.postgres.auth.ClientAuthentication;
import dev.pooler.postgres.auth.ClientCertificate;
import dev.pooler.postgres.auth.Credentials;
import dev.pooler.postgres.auth.Md5;
import dev.pooler.postgres.auth.PassedKeys;
import dev.pooler.postgres.auth.Peer;
import dev.pooler.postgres.auth.ScramSha256;
import dev.pooler.postgres.auth.Trust;
import dev.pooler.postgres.auth.UserLookup;
import dev.pooler.postgres.auth.UserStore;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.console.PgConsoleHandler;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.message.StartupPacket;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client from accept to the end of its authentication: encryption requests, start-up packet,
 * password messages. Nothing larger than a start-up packet or a password is ever held, and whoever
 * takes too long is closed.
 */
public final class PgStartupHandler extends ByteToMessageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(PgStartupHandler.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Duration LINGER = Duration.ofSeconds(1);

  /** A client has no reason to send anything while its user is looked up. */
  private static final int MOST_AHEAD = 64 * 1024;

  private static final int OWN_UID = OwnUid.get();

  /** What is expected next. */
  private enum Phase {
    STARTUP,
    /** The user's verifier is asked for at the target. */
    LOOKUP,
    PASSWORD,
    OVER
  }

  private final Instant connected = Instant.now();
  private final PgFrontDoor door;
  private final PgListener listener;
  private final EncryptionRequests encryption;
  private Phase phase = Phase.STARTUP;

  /** There was no room for it, but for the cancel that it may have come for. */
  private boolean turnedAway;

  private StartupPacket.@Nullable Startup startup;
  private @Nullable ClientAuthentication authentication;
  private @Nullable UserLookup lookup;
  private @Nullable ScheduledFuture<?> timeout;

  /** From the accept; the longest of all databases' until the packet has named one. */
  private long limitNanos;

  public PgStartupHandler(PgFrontDoor door, PgListener listener) {
    this.door = door;
    this.listener = listener;
    this.encryption = new EncryptionRequests(listener.tls().get());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (!door.limits().enter()) {
      turnedAway = true;
      phase = Phase.OVER;
      refuse(ctx, SqlFailure.tooManyClients(door.limits().clients()), CloseReason.TOO_MANY_CLIENTS);
      return;
    }
    ctx.channel().closeFuture().addListener(closed -> door.limits().leave());
    limitNanos = listener.loginTimeout().get().toNanos();
    timeout = endAfter(ctx, limitNanos);
  }

  private ScheduledFuture<?> endAfter(ChannelHandlerContext ctx, long nanos) {
    return ctx.executor()
        .schedule(
            () -> {
              if (phase != Phase.OVER) {
                refuse(
                    ctx,
                    SqlFailure.fatal("08P01", 1158, "the login took too long")
                        .withHint("Raise timeouts.login."),
                    CloseReason.LOGIN_TIMEOUT);
              }
            },
            nanos,
            TimeUnit.NANOSECONDS);
  }

  /** The database's own limit, where it is shorter; what has passed counts. */
  private void endAfter(ChannelHandlerContext ctx, DatabaseConfig named) {
    ScheduledFuture<?> longest = timeout;
    long spared = limitNanos - named.timeouts().login().toNanos();
    if (longest != null && spared > 0) {
      longest.cancel(false);
      timeout = endAfter(ctx, Math.max(0, longest.getDelay(TimeUnit.NANOSECONDS) - spared));
    }
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    switch (phase) {
      case STARTUP -> decodeStartup(ctx, in);
      case LOOKUP -> {
        if (in.readableBytes() > MOST_AHEAD) {
          violation(ctx, "data before the authentication request");
        }
      }
      case PASSWORD -> decodePassword(ctx, in);
      case OVER -> {
        if (turnedAway) {
          cancelAlone(in);
        }
        in.skipBytes(in.readableBytes());
      }
    }
  }

  /**
   * When all places are taken, a cancel is what gives one back: it is carried out on a connection
   * that has been refused already, if it has come in one piece.
   */
  private void cancelAlone(ByteBuf in) {
    turnedAway = false;
    if (in.readableBytes() < Integer.BYTES
        || in.readableBytes() != in.getInt(in.readerIndex())
        || !StartupPacket.isAcceptable(in.readableBytes())) {
      return;
    }
    byte[] body = new byte[in.skipBytes(Integer.BYTES).readableBytes()];
    in.readBytes(body);
    if (StartupPacket.parse(body) instanceof StartupPacket.CancelRequest cancel) {
      ClientLeg session = door.cancelKeys().find(cancel.key());
      if (session != null) {
        session.cancel();
      }
    }
  }

  private void decodeStartup(ChannelHandlerContext ctx, ByteBuf in) {
    if (encryption.takesDirect(ctx, in, broken -> violation(ctx, broken))) {
      return;
    }
    if (in.readableBytes() < Integer.BYTES) {
      return;
    }
    int length = in.getInt(in.readerIndex());
    if (!StartupPacket.isAcceptable(length)) {
      violation(ctx, "invalid length of startup packet");
      return;
    }
    if (in.readableBytes() < length) {
      return;
    }
    byte[] body = new byte[length - Integer.BYTES];
    in.skipBytes(Integer.BYTES).readBytes(body);
    switch (StartupPacket.parse(body)) {
      case StartupPacket.SslRequest request -> unlessBroken(ctx, encryption.onTls(ctx, in));
      case StartupPacket.GssEncRequest request -> unlessBroken(ctx, encryption.onGss(ctx, in));
      case StartupPacket.CancelRequest cancel -> onCancel(ctx, cancel);
      case StartupPacket.Startup asked -> onStartup(ctx, asked);
      case StartupPacket.Malformed malformed ->
          refuse(
              ctx,
              SqlFailure.fatal(malformed.sqlState(), 1158, malformed.text()),
              CloseReason.CLIENT_PROTOCOL_VIOLATION);
    }
  }

  private void onCancel(ChannelHandlerContext ctx, StartupPacket.CancelRequest cancel) {
    over();
    ClientLeg session = door.cancelKeys().find(cancel.key());
    if (session == null) {
      close(ctx, CloseReason.CANCEL_SERVED);
      return;
    }
    // The client takes our close for the proof that its request has been delivered.
    session
        .cancel()
        .whenComplete(
            (done, failure) -> ctx.executor().execute(() -> close(ctx, CloseReason.CANCEL_SERVED)));
  }

  private void onStartup(ChannelHandlerContext ctx, StartupPacket.Startup asked) {
    startup = asked;
    if (asked.needsNegotiation()) {
      ByteBuf out = ctx.alloc().buffer(64);
      Messages.negotiateProtocolVersion(out, asked.unknownOptions());
      ctx.writeAndFlush(out); // what comes next may have to wait for a backend
    }
    if (door.draining().getAsBoolean()) {
      refuse(ctx, SqlFailure.draining(), CloseReason.DRAINING);
      return;
    }
    Credentials known = listener.users().get().find(asked.user());
    DatabaseConfig entry = door.pools().entry(asked.database(), asked.replication());
    // Who may use the console no target says: its owner could name anybody.
    boolean console = door.console().answersTo(asked.database());
    if (entry != null && !console) {
      endAfter(ctx, entry);
    }
    if (listener.auth().needsUsers() && known == null && entry != null && !console) {
      lookup = door.lookups().apply(entry);
    }
    if (lookup == null) {
      authenticate(ctx, asked.user(), known);
    } else {
      lookUp(ctx, asked.user(), lookup);
    }
  }

  private void lookUp(ChannelHandlerContext ctx, String user, UserLookup where) {
    phase = Phase.LOOKUP;
    where
        .find(user)
        .whenComplete((known, failure) ->
            ctx.executor()
                .execute(() -> {
                  if (phase == Phase.LOOKUP) {
                    lookedUp(ctx, user, known, failure);
                  }
                }));
  }

  private void lookedUp(
      ChannelHandlerContext ctx,
      String user,
      @Nullable Credentials known,
      @Nullable Throwable failure) {
    if (failure != null) {
      String text = "user \"" + user + "\" could not be looked up: auth-query failed";
      String detail = String.valueOf(failure.getMessage());
      follow(ctx, new AuthStep.Refused(AuthRefusal.LOOKUP_FAILED, text, detail));
      return;
    }
    authenticate(ctx, user, known);
    ctx.pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER); // what the client has sent ahead
  }

  private void authenticate(ChannelHandlerContext ctx, String user, @Nullable Credentials known) {
    authentication = method(ctx, user, known);
    phase = Phase.PASSWORD;
    follow(ctx, authentication.begin());
  }

  private ClientAuthentication method(
      ChannelHandlerContext ctx, String user, @Nullable Credentials known) {
    byte[] binding = encryption.binding(ctx);
    UserStore users = listener.users().get();
    if (lookup != null) {
      users = users.mocking(lookup.iterations());
    }
    return switch (listener.auth()) {
      case TRUST -> new Trust(user);
      case PEER ->
          new Peer(
              user, listener.peerUid().applyAsInt(ctx.channel()), OWN_UID, listener.allowUids());
      case SCRAM_SHA_256 -> new ScramSha256(user, known, users, binding, RANDOM);
      case MD5 -> new Md5(user, known, users, binding, RANDOM);
      case CERT ->
          new ClientCertificate(user, ListenerTls.shown(ctx.pipeline().get(SslHandler.class)));
    };
  }

  private void decodePassword(ChannelHandlerContext ctx, ByteBuf in) {
    ClientAuthentication exchange = authentication;
    if (exchange == null || in.readableBytes() < PgFrameFormat.HEADER) {
      return;
    }
    int type = in.getByte(in.readerIndex()) & 0xff;
    int length = in.getInt(in.readerIndex() + 1);
    if (type == Frontend.TERMINATE) {
      close(ctx, CloseReason.LOGIN_ABANDONED);
      return;
    }
    if (type != Frontend.PASSWORD) {
      violation(ctx, "expected password response, got message type " + type);
      return;
    }
    if (length < Integer.BYTES || length - Integer.BYTES > exchange.maxResponse()) {
      violation(ctx, "invalid length of password response");
      return;
    }
    if (in.readableBytes() < length + 1) {
      return;
    }
    byte[] body = new byte[length - Integer.BYTES];
    in.skipBytes(PgFrameFormat.HEADER).readBytes(body);
    follow(ctx, exchange.onResponse(body));
  }

  private void follow(ChannelHandlerContext ctx, AuthStep step) {
    switch (step) {
      case AuthStep.Request request -> {
        ByteBuf out = ctx.alloc().buffer(64);
        Messages.authentication(out, request.authCode(), request.data());
        ctx.writeAndFlush(out);
      }
      case AuthStep.Granted granted -> granted(ctx, granted);
      case AuthStep.Refused refused -> {
        if (lookup != null && startup != null) {
          lookup.doubt(startup.user());
        }
        door.counters().authFailed(named(), refused.reason().label());
        LOG.warn("login refused ({}): {}", refused.reason().label(), refused.detail());
        refuse(
            ctx,
            SqlFailure.fatal(refused.reason().sqlState(), 1045, refused.text()),
            CloseReason.LOGIN_REFUSED);
      }
    }
  }

  private void granted(ChannelHandlerContext ctx, AuthStep.Granted granted) {
    StartupPacket.Startup asked = startup;
    if (asked == null) {
      throw new IllegalStateException("a login was granted before it was asked for");
    }
    if (granted.finalData() != null) {
      ByteBuf out = ctx.alloc().buffer(64);
      Messages.authentication(out, 12, granted.finalData());
      ctx.write(out);
    }
    if (door.console().answersTo(asked.database())) {
      toConsole(ctx, asked, granted.user());
      return;
    }
    String user = granted.user();
    SqlFailure tooMany = door.limits().enter(asked.database(), user);
    if (tooMany != null) {
      refuse(ctx, tooMany, CloseReason.TOO_MANY_CLIENTS);
      return;
    }
    ctx.channel().closeFuture().addListener(closed -> door.limits().leave(asked.database(), user));
    remember(asked, granted);
    switch (door.pools().find(asked.database(), user, asked.replication())) {
      case Found.Refused refused -> refuse(ctx, refused.failure(), CloseReason.LOGIN_REFUSED);
      case Found.Pool found -> {
        over();
        open(ctx, asked, user, found);
      }
    }
  }

  private void open(
      ChannelHandlerContext ctx, StartupPacket.Startup asked, String user, Found.Pool found) {
    long id = door.sessions().nextId();
    Login login =
        new Login(
            user,
            asked.database(),
            connected,
            found.database().timeouts(),
            StatementPolicy.of(found.database()));
    PgSettings settings = PgSettings.ofStartup(asked.settings());
    if (asked.replication() == Replication.NONE) {
      PgSession session = new PgSession(id, ctx.channel(), door, login, found.pool(), settings);
      makeWay(ctx, session);
      session.begin(asked.agreedMinor());
    } else {
      ReplicationSession session =
          new ReplicationSession(id, ctx.channel(), door, login, found.pool(), settings);
      makeWay(ctx, session);
      session.begin(asked.agreedMinor());
    }
  }

  private void makeWay(ChannelHandlerContext ctx, ClientLeg session) {
    ctx.pipeline().addLast("session", new PgClientHandler(session));
    ctx.pipeline().remove(this);
  }

  private void toConsole(ChannelHandlerContext ctx, StartupPacket.Startup asked, String user) {
    boolean ownUid =
        listener.auth() == Auth.PEER && listener.peerUid().applyAsInt(ctx.channel()) == OWN_UID;
    Rights rights = door.console().rights(user, ownUid);
    if (rights == null) {
      door.counters().authFailed(Console.NAME, "console");
      LOG.warn("login refused (console): user {}", user);
      refuse(ctx, Console.refusal(user), CloseReason.LOGIN_REFUSED);
      return;
    }
    over();
    PgConsoleHandler console = new PgConsoleHandler(door.console(), rights, user, door.counters());
    ctx.pipeline().addLast("console", console);
    ctx.pipeline().remove(this);
    console.welcome(door.cancelKeys().unused(asked.agreedMinor()));
  }

  /** Before the pool is found: a new one may begin to connect at once. */
  private void remember(StartupPacket.Startup asked, AuthStep.Granted granted) {
    PassedKeys shown = granted.keys();
    DatabaseConfig entry =
        shown == null ? null : door.pools().entry(asked.database(), asked.replication());
    if (shown != null && entry != null) {
      door.loginKeys().remember(entry.name(), granted.user(), shown);
    }
  }

  private void unlessBroken(ChannelHandlerContext ctx, @Nullable String broken) {
    if (broken != null) {
      violation(ctx, broken);
    }
  }

  private void violation(ChannelHandlerContext ctx, String what) {
    refuse(ctx, SqlFailure.protocolViolation(what), CloseReason.CLIENT_PROTOCOL_VIOLATION);
  }

  private void refuse(ChannelHandlerContext ctx, SqlFailure failure, CloseReason reason) {
    over();
    ByteBuf out = ctx.alloc().buffer(256);
    Messages.error(out, failure.asFatal());
    ctx.write(out);
    closeLingering(ctx, reason);
  }

  /**
   * Closes our direction and waits a moment for the client's: a close with bytes of the client
   * unread resets the connection, and the client never reads why it was refused.
   */
  private void closeLingering(ChannelHandlerContext ctx, CloseReason reason) {
    if (!(ctx.channel() instanceof DuplexChannel duplex)
        || ctx.pipeline().get(SslHandler.class) != null) {
      close(ctx, reason);
      return;
    }
    door.counters().closed(named(), reason);
    ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(written -> duplex.shutdownOutput());
    Future<?> end =
        ctx.executor().schedule(() -> ctx.close(), LINGER.toMillis(), TimeUnit.MILLISECONDS);
    ctx.channel().closeFuture().addListener(closed -> end.cancel(false));
  }

  private void close(ChannelHandlerContext ctx, CloseReason reason) {
    over();
    door.counters().closed(named(), reason);
    ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
  }

  /** The database asked for, as counters have it: strangers may say any name. */
  private String named() {
    StartupPacket.Startup asked = startup;
    if (asked == null) {
      return SessionCounters.NO_DATABASE;
    }
    if (door.console().answersTo(asked.database())) {
      return Console.NAME;
    }
    DatabaseConfig entry = door.pools().entry(asked.database(), asked.replication());
    return entry == null ? SessionCounters.NO_DATABASE : entry.name();
  }

  private void over() {
    phase = Phase.OVER;
    Future<?> running = timeout;
    timeout = null;
    if (running != null) {
      running.cancel(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (phase != Phase.OVER) {
      over();
      door.counters().closed(named(), CloseReason.LOGIN_ABANDONED);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Throwable root =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    if (root instanceof SSLException) {
      LOG.info("TLS with a client failed: {}", root.getMessage());
      door.counters().closed(named(), CloseReason.TLS_FAILED);
    } else if (!(root instanceof IOException)) {
      LOG.error("a login failed by a fault of ours", cause);
      door.counters().closed(named(), CloseReason.OUR_FAULT);
    }
    over();
    ctx.close();
  }
}
