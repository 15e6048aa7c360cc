package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionDetail.WaitsFor;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A replication connection (manual, "Streaming Replication Protocol"): one client, one backend,
 * from the login to the end. What is said is not looked into, only counted, so that it can be ended
 * between two messages. It has no time limits: a stream is silent while nothing happens, a snapshot
 * that was exported is held by doing nothing, and the server has wal_sender_timeout for clients
 * that are gone. See {@link ReplicationState} for its states.
 *
 * <p>Confined to its channel's event loop, except where {@link ClientLeg} says otherwise.
 */
final class ReplicationSession extends ClientLeg {
  private final PgSettings settings;
  private final FrameWalker requests = new FrameWalker(PgFrameFormat.FRONTEND, new Requests());
  private final ReplicationReplies replies;

  private volatile ReplicationState state = ReplicationState.WAITING;
  private @Nullable Pin pin;

  private boolean terminated;
  private boolean draining;

  /** What is to be said when the message is over. */
  private @Nullable Parting parting;

  private record Parting(SqlFailure told, CloseReason reason) {}

  ReplicationSession(
      long id,
      Channel channel,
      PgFrontDoor door,
      Login login,
      LeasePool pool,
      PgSettings settings) {
    super(id, channel, door, login, pool);
    this.replies = new ReplicationReplies(out);
    this.settings = settings;
  }

  /** The login is granted: gets a backend, whose login is answered as our own. */
  void begin(int minorVersion) {
    if (state == ReplicationState.ENDED) {
      return; // what it had sent ahead was too much
    }
    register(minorVersion);
    Lease place = leases.tryAcquire(settings);
    if (place == null) {
      leases.await(this);
    } else {
      granted(place);
    }
  }

  @Override
  protected PgSettings wanted() {
    return settings;
  }

  @Override
  protected void granted(Lease granted) {
    lease = granted;
    become(ReplicationState.CONNECTING);
    pool.counters().pinned(PinReason.REPLICATION);
    pin = new Pin(PinReason.REPLICATION.label(), Instant.now(), null);
    granted.backend().attach(this);
    granted.backend().align(settings);
  }

  @Override
  protected void failed(SqlFailure failure) {
    boolean full = failure.sqlState().equals("57014") && pool.trouble() == null;
    SqlFailure told =
        full
            ? SqlFailure.fatal("53300", 1040, "too many replication connections: " + pool.key())
                .withDetail(failure.message())
                .withHint("Raise pool.replication-size, or end replication clients.")
            : failure;
    fail(told, CloseReason.LOGIN_REFUSED);
  }

  @Override
  public void onAligned() {
    sayWelcome(backend().reportedSettings());
    become(ReplicationState.OPEN);
    channel.config().setAutoRead(true);
    ByteBuf ahead = held.take();
    if (ahead != null) {
      try {
        onBytes(ahead);
        onReadComplete();
      } finally {
        ahead.release();
      }
    }
  }

  @Override
  public void onAlignFailed(SqlFailure failure) {
    fail(failure, CloseReason.LOGIN_REFUSED);
  }

  // --- bytes ---------------------------------------------------------------------------------

  @Override
  void onBytes(ByteBuf in) {
    switch (state) {
      case WAITING, CONNECTING -> hold(in);
      case OPEN -> {
        try {
          requests.walk(in);
        } catch (ProtocolViolation e) {
          fail(
              SqlFailure.protocolViolation(String.valueOf(e.getMessage())),
              CloseReason.CLIENT_PROTOCOL_VIOLATION);
        }
        if (terminated) {
          end(CloseReason.CLIENT_TERMINATED);
        }
      }
      case PARTING, ENDED -> {}
    }
  }

  private void hold(ByteBuf in) {
    if (holdOrFail(in) && held.much()) {
      channel.config().setAutoRead(false); // until it is taken
    }
  }

  @Override
  void onReadComplete() {
    if (state == ReplicationState.OPEN) {
      backend().flush();
    }
  }

  @Override
  void onWritabilityChanged() {
    if (state == ReplicationState.OPEN || state == ReplicationState.PARTING) {
      Backpressure.update(backend().channel(), channel);
    }
  }

  @Override
  void onClosed() {
    end(CloseReason.CLIENT_CLOSED);
  }

  /** What the client sends. */
  private final class Requests implements FrameSink {
    @Override
    public Verdict header(int type, long length) {
      return terminated || type == Frontend.TERMINATE ? Verdict.DROP : Verdict.FORWARD;
    }

    @Override
    public void passing(int type, long length) {
      if (type == Frontend.TERMINATE) {
        terminated = true;
      } else if (!terminated && !backend().expect(type)) {
        throw new ProtocolViolation("more requests in one pipeline than can be answered");
      }
    }

    @Override
    public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
      throw new IllegalStateException("no request is inspected");
    }

    @Override
    public void forward(ByteBuf in, int index, int length) {
      backend().send(in, index, length);
      pool.counters().fromClient(length);
    }
  }

  // --- as its backend sees it ------------------------------------------------------------------

  @Override
  public void onReplies(ByteBuf in, int index, int length) {
    replies.pass(in, index, length);
    pool.counters().fromBackend(length);
  }

  @Override
  public void flushReplies() {
    out.flush();
    leaveIfDue();
  }

  @Override
  public void onSettled(TransactionState transaction, boolean failed) {
    if (transaction == TransactionState.IDLE) {
      pool.counters().transactionEnded();
    } else {
      pool.counters().statementEnded();
    }
    leaveIfDue();
  }

  @Override
  public boolean onNotification(ByteBuf in, int index, int length) {
    return true;
  }

  @Override
  public Set<PinReason> pins() {
    return Set.of(PinReason.REPLICATION);
  }

  @Override
  public void onBackendLost(EvictReason reason, @Nullable SqlFailure failure) {
    if (state == ReplicationState.ENDED) {
      return;
    }
    if (failure != null && !replies.midMessage() && !replies.farewell()) {
      writeFatal(failure);
    }
    end(CloseReason.BACKEND_LOST, reason);
  }

  private Backend backend() {
    return leased().backend();
  }

  @Override
  CompletionStage<@Nullable Void> cancel() {
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    channel
        .eventLoop()
        .execute(() -> {
          if (state == ReplicationState.OPEN && backend().owes()) {
            backend().cancel().whenComplete((sent, failure) -> done.complete(null));
          } else {
            done.complete(null); // too late, or too early
          }
        });
    return done;
  }

  // --- the end -------------------------------------------------------------------------------

  /** A stream does not end by itself, a command does. */
  private void leaveIfDue() {
    switch (state) {
      case WAITING, CONNECTING -> leave();
      case OPEN -> {
        Backend backend = backend();
        if (replies.streaming()
            || (!backend.owes() && backend.transactionState() == TransactionState.IDLE)) {
          leave();
        }
      }
      case PARTING -> {
        Parting last = parting;
        if (last != null && !replies.midMessage()) {
          writeFatal(last.told());
          end(last.reason());
        }
      }
      case ENDED -> {}
    }
  }

  private void leave() {
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
    }
  }

  /** Tells the client why, and ends the session: at once, or after the message on its way. */
  @Override
  void fail(SqlFailure failure, CloseReason reason) {
    if (state == ReplicationState.PARTING || state == ReplicationState.ENDED) {
      return;
    }
    if (state == ReplicationState.OPEN && replies.midMessage()) {
      parting = new Parting(failure, reason);
      become(ReplicationState.PARTING);
      // A client that doesn't read never has the rest: it ends without a word.
      channel.eventLoop().schedule(() -> end(reason), LAST_WORDS_SECONDS, TimeUnit.SECONDS);
      return;
    }
    writeFatal(failure);
    end(reason);
  }

  private void end(CloseReason reason) {
    end(reason, EvictReason.CLIENT_GONE);
  }

  private void end(CloseReason reason, EvictReason why) {
    if (state == ReplicationState.ENDED) {
      return;
    }
    become(ReplicationState.ENDED);
    // A drain waits for sessions, and what they have still to say may be the end of a backup.
    hangUp(
        reason,
        said -> {
          door.sessions().remove(this);
          channel.close();
        });
    giveUp(why);
    requests.close();
    replies.close();
  }

  private void giveUp(EvictReason why) {
    Lease mine = lease;
    lease = null;
    if (mine != null) {
      mine.backend().detach();
      if (requests.midForward()) {
        mine.backend().channel().close(); // a Terminate would be read as the rest of the message
      }
      mine.evict(why);
    }
  }

  private void become(ReplicationState next) {
    if (!state.mayBecome(next)) {
      throw new IllegalStateException("session " + id() + ": " + state + " can't become " + next);
    }
    state = next;
  }

  @Override
  public void drain() {
    channel
        .eventLoop()
        .execute(() -> {
          draining = true;
          leaveIfDue();
        });
  }

  // --- as others see it ----------------------------------------------------------------------

  @Override
  public State state() {
    return switch (state) {
      case WAITING, CONNECTING -> State.LOGIN;
      case OPEN, PARTING -> State.ACTIVE;
      case ENDED -> State.IDLE;
    };
  }

  @Override
  SessionDetail detail() {
    Lease mine = lease;
    Backend backend = mine == null ? null : mine.backend();
    Pin since = pin;
    return new SessionDetail(
        id(),
        pool.key(),
        login.user(),
        login.database(),
        application(settings),
        state(),
        waitsFor(backend),
        connection(),
        login.connected(),
        since == null ? login.connected() : since.since(),
        waited(pool),
        false,
        backend == null ? "idle" : backend.transactionState().label(),
        0,
        since == null ? List.of() : List.of(since),
        backendId());
  }

  @Override
  SessionReport wholeReport() {
    ShownSettings shown = ShownSettings.of(settings);
    return new SessionReport(
        detail(),
        state.name().toLowerCase(Locale.ROOT),
        PoolMode.SESSION,
        draining,
        toldProcessId(),
        queue(),
        null, // what is said is not looked into
        server(),
        shown.shown(),
        shown.count(),
        false,
        List.of(),
        null,
        List.of(),
        null,
        new SessionReport.Memory(0, 0, held.bytes(), 0));
  }

  private WaitsFor waitsFor(@Nullable Backend backend) {
    return switch (state) {
      case WAITING -> pool.paused() ? WaitsFor.RESUME : WaitsFor.BACKEND;
      case CONNECTING -> WaitsFor.BACKEND;
      case OPEN, PARTING -> backend != null && backend.owes() ? WaitsFor.SERVER : WaitsFor.CLIENT;
      case ENDED -> WaitsFor.NOTHING;
    };
  }

  @Override
  public String toString() {
    return "session " + id() + " " + pool.key() + " " + state;
  }
}
