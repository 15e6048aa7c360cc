package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendDetail;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LeaseRequest;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.relay.Outlet;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.HeldBytes;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.ssl.SslHandler;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's channel after its authentication, whatever it is for: who it is, the backend that it
 * has, its first words and its last. Called on its event loop, except where {@link Session} says
 * otherwise.
 */
public abstract class ClientLeg extends LeaseRequest implements LeaseHolder, Session {
  static final int LAST_WORDS_SECONDS = 5;

  private final long id;
  final Channel channel;
  final Outlet out;
  final PgFrontDoor door;
  final Login login;
  final LeasePool pool;
  final LoopLeases leases;

  /** What the client has sent and nobody could take yet. */
  final HeldBytes held;

  /** The backend that it has. */
  @Nullable Lease lease;

  /** Set once at the end of the login. */
  private @Nullable CancelKey key;

  ClientLeg(long id, Channel channel, PgFrontDoor door, Login login, LeasePool pool) {
    this.id = id;
    this.channel = channel;
    this.out = new Outlet(channel);
    this.door = door;
    this.login = login;
    this.pool = pool;
    this.leases = pool.on(channel.eventLoop());
    this.held = new HeldBytes(channel.alloc(), door.limits());
  }

  /** Bytes from the client; the caller keeps {@code in}. */
  abstract void onBytes(ByteBuf in);

  /** The end of a turn. */
  abstract void onReadComplete();

  abstract void onWritabilityChanged();

  /** The client is gone. */
  abstract void onClosed();

  /** We have broken: what this and its backend are at is not known any more. */
  void onFault() {
    onClosed();
  }

  /**
   * Cancels what runs or waits, if anything. Any thread. Completes when that is done as far as it
   * can be known.
   */
  abstract CompletionStage<@Nullable Void> cancel();

  /** Tells the client why, and ends the session. */
  abstract void fail(SqlFailure failure, CloseReason reason);

  /** As {@link #describe}, at once. */
  abstract SessionDetail detail();

  /** As {@link #report}, at once. */
  abstract SessionReport wholeReport();

  // --- its first words and its last ----------------------------------------------------------

  /** Has a key to cancel by, and is one of all sessions. */
  void register(int minorVersion) {
    key = door.cancelKeys().register(this, minorVersion);
    door.sessions().add(this);
  }

  /** The process id that the client was told, or is to be told. */
  int toldProcessId() {
    CancelKey mine = key;
    return mine == null ? 0 : mine.processId();
  }

  /** The end of its login: AuthenticationOk to ReadyForQuery. */
  void sayWelcome(Map<String, String> reported) {
    ByteBuf words = channel.alloc().buffer(512);
    Messages.authentication(words, 0, new byte[0]);
    reported.forEach((name, value) -> Messages.parameterStatus(words, name, value));
    if (key != null) {
      Messages.backendKeyData(words, key);
    }
    Messages.readyForQuery(words, 'I');
    channel.writeAndFlush(words, channel.voidPromise());
    pool.counters().loggedIn();
  }

  /** Keeps what nobody can take yet; without room for it the session ends. */
  boolean holdOrFail(ByteBuf in) {
    boolean room = held.hold(in);
    if (!room) {
      fail(
          SqlFailure.fatal("53200", 1041, "too many bytes are held for waiting clients")
              .withHint("Raise limits.memory, or the size of its pool."),
          CloseReason.OUT_OF_MEMORY);
    }
    return room;
  }

  void writeFatal(SqlFailure failure) {
    ByteBuf words = channel.alloc().buffer(256);
    Messages.error(words, failure.asFatal());
    channel.write(words, channel.voidPromise());
  }

  /**
   * Wants no backend any more, can't be cancelled, and closes its channel when all has been said.
   *
   * @param said hears of that; closes the channel
   */
  void hangUp(CloseReason reason, ChannelFutureListener said) {
    leases.withdraw(this);
    held.close();
    door.counters().closed(pool.key().entry(), reason);
    CancelKey mine = key;
    if (mine != null) {
      door.cancelKeys().unregister(mine);
    }
    channel.writeAndFlush(channel.alloc().buffer(0)).addListener(said);
    if (channel.isActive()) {
      // A client that doesn't read its last words is not waited for.
      channel.eventLoop().schedule(() -> channel.close(), LAST_WORDS_SECONDS, TimeUnit.SECONDS);
    }
  }

  final Lease leased() {
    Lease mine = lease;
    if (mine == null) {
      throw new IllegalStateException("it has no backend: " + this);
    }
    return mine;
  }

  // --- as others see it ----------------------------------------------------------------------

  @Override
  public final Channel client() {
    return channel;
  }

  @Override
  public final long id() {
    return id;
  }

  @Override
  public final PoolKey pool() {
    return pool.key();
  }

  @Override
  public final CompletionStage<SessionDetail> describe() {
    CompletableFuture<SessionDetail> told = new CompletableFuture<>();
    channel.eventLoop().execute(() -> told.complete(detail()));
    return told;
  }

  @Override
  public final CompletionStage<SessionReport> report() {
    CompletableFuture<SessionReport> told = new CompletableFuture<>();
    channel
        .eventLoop()
        .execute(() -> {
          try {
            told.complete(wholeReport());
          } catch (RuntimeException e) { // whoever asked is told so, and not the client
            told.completeExceptionally(e);
          }
        });
    return told;
  }

  @Override
  public final void close(CloseReason reason, SqlFailure told) {
    channel.eventLoop().execute(() -> fail(told, reason));
  }

  /** What a client calls itself. */
  static String application(PgSettings settings) {
    String name = settings.text("application_name");
    return name == null ? "" : name;
  }

  SessionDetail.Connection connection() {
    return new SessionDetail.Connection(
        channel.remoteAddress(),
        channel.localAddress(),
        channel.pipeline().get(SslHandler.class) != null);
  }

  /** Who waits with it, or null. */
  SessionReport.@Nullable Queue queue() {
    if (!isWaiting()) {
      return null;
    }
    int all = pool.shares().stream().mapToInt(LoopLeases::waiting).sum();
    return new SessionReport.Queue(leases.ahead(this), all, pool.longestWait());
  }

  /** Its backend, or null. */
  SessionReport.@Nullable Server server() {
    Lease mine = lease;
    if (mine == null) {
      return null;
    }
    BackendDetail backend = mine.backend().detail();
    return new SessionReport.Server(
        backend.serverId(),
        backend.remote(),
        backend.tls(),
        backend.connected(),
        backend.preparedStatements());
  }

  /** The number of its backend, or null. */
  @Nullable Long backendId() {
    Backend backend = lease == null ? null : lease.backend();
    return backend == null ? null : backend.id();
  }
}
