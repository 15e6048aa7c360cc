package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.ReleaseDecision;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.relay.Outlet;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionDetail.WaitsFor;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.SessionTruth;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL client's conversation after its authentication: takes a backend when something is
 * asked, passes bytes, gives the backend up when {@link ReleaseDecision} says so. See {@link
 * PgSessionState} for its states.
 *
 * <p>It is one class because every line of it changes the one state; what statements mean is {@link
 * StatementJudge}'s, and what is dropped after a failure without a backend is {@link Skipping}'s.
 * Confined to its channel's event loop, except where {@link Session} says otherwise.
 */
public final class PgSession extends ClientLeg implements LeaseHolder, FrameSink, Session {
  private static final Logger LOG = LoggerFactory.getLogger(PgSession.class);

  /** A frame of up to this many bytes must be whole before a backend is taken for it. */
  private static final int WHOLE_BEFORE_LEASE = 8 * 1024;

  /** What waits is copied out of a read buffer that is so many times larger. */
  private static final int WASTEFUL = 8;

  /** Who waits for a backend and has sent so many bytes is not read any further. */
  private static final int HELD_BEFORE_PAUSE = 32 * 1024;

  private static final int LAST_WORDS_SECONDS = 5;

  private final long id;
  private final Channel channel;
  private final Outlet out;
  private final PgFrontDoor door;
  private final Login login;
  private final LeasePool pool;
  private final LoopLeases leases;
  private final PoolMode mode;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final Patience patience;
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.FRONTEND, this);

  /** Set once at the end of the login. */
  private @Nullable CancelKey key;

  private volatile PgSessionState state = PgSessionState.WELCOMING;
  private volatile boolean draining;
  private @Nullable Lease lease;

  /** Bytes that wait for a backend, counted against the budget of all sessions. */
  private @Nullable ByteBuf held;

  private int heldCounted;
  private Skipping skipping = Skipping.NOTHING;
  private boolean terminated;
  private @Nullable SqlFailure refused;

  private int cancelling;

  /** The walk has just ended in front of a message that has to wait. */
  private boolean stalls;

  /** The tick before it last took or wanted a backend. */
  private long lastRequest;

  PgSession(
      long id,
      Channel channel,
      PgFrontDoor door,
      Login login,
      LeasePool pool,
      PgSettings settings) {
    this.id = id;
    this.channel = channel;
    this.out = new Outlet(channel);
    this.door = door;
    this.login = login;
    this.pool = pool;
    this.leases = pool.on(channel.eventLoop());
    this.mode = pool.limits().mode();
    this.judge =
        new StatementJudge(
            mode,
            settings,
            pool.counters(),
            new PinNotes(Instant::now),
            door.censuses().of(pool.key()),
            leases::tickTime);
    this.prepared = new PreparedTraffic(mode != PoolMode.SESSION, door.statements(), judge);
    this.patience = new Patience(login.timeouts());
    this.lastRequest = leases.tickTime();
  }

  /** The login is granted: learn what to tell the client, then serve it. */
  void begin(int minorVersion) {
    key = door.cancelKeys().register(this, minorVersion);
    door.sessions().add(this);
    Map<String, String> known = door.welcomes().find(pool.key(), judge.settings());
    if (known != null) {
      welcome(known);
      return;
    }
    Lease hot = leases.tryAcquire();
    if (hot == null) {
      leases.await(this);
    } else {
      granted(hot);
    }
  }

  private void welcome(Map<String, String> reported) {
    ByteBuf out = channel.alloc().buffer(512);
    Messages.authentication(out, 0, new byte[0]);
    reported.forEach((name, value) -> Messages.parameterStatus(out, name, value));
    if (key != null) {
      Messages.backendKeyData(out, key);
    }
    Messages.readyForQuery(out, 'I');
    channel.writeAndFlush(out, channel.voidPromise());
    pool.counters().loggedIn();
    become(PgSessionState.IDLE);
    routeHeld();
    flushBackend();
  }

  // --- what the client sends ---------------------------------------------------------------

  @Override
  void onBytes(ByteBuf in) {
    try {
      switch (state) {
        case LEASED -> walk(in);
        case IDLE -> {
          if (held == null) {
            route(in);
          } else {
            hold(in);
            routeHeld();
          }
        }
        case WELCOMING, WAITING, ALIGNING, REALIGNING, STALLED -> hold(in);
        case ENDING, ENDED -> {}
      }
    } catch (ProtocolViolation e) {
      fail(
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())),
          CloseReason.CLIENT_PROTOCOL_VIOLATION);
    }
  }

  @Override
  void onReadComplete() {
    flushBackend();
  }

  @Override
  void onWritabilityChanged() {
    Lease mine = lease;
    if (mine != null && state.open()) {
      Backpressure.update(mine.backend().channel(), channel);
    } else if (state == PgSessionState.IDLE && channel.isWritable()) {
      resume();
    }
  }

  @Override
  void onClosed() {
    end(CloseReason.CLIENT_CLOSED);
  }

  private void walk(ByteBuf in) {
    walker.walk(in);
    if (stalls) {
      stalls = false;
      become(PgSessionState.STALLED);
      hold(in);
    } else if (terminated) {
      end(CloseReason.CLIENT_TERMINATED);
    } else if (refused != null) {
      fail(refused, CloseReason.STATEMENT_NOT_ALLOWED);
    } else {
      settleUnanswered();
    }
  }

  /** The last frame may have been one that nobody answers: what is left of a failed COPY. */
  private void settleUnanswered() {
    Lease mine = lease;
    if (mine != null && !mine.backend().owes()) {
      settle();
    }
  }

  /** Frames of a session without a lease: most ask for one, a few are answered or dropped here. */
  private void route(ByteBuf in) {
    while (state == PgSessionState.IDLE && in.isReadable()) {
      if (!channel.isWritable()) {
        // Who asks and does not read is not read either: the answers would pile up here.
        hold(in);
        channel.config().setAutoRead(false);
        return;
      }
      if (walker.remaining() > 0) {
        dropPart(in, walker.remaining());
        continue;
      }
      if (in.readableBytes() < PgFrameFormat.HEADER) {
        hold(in);
        return;
      }
      int type = PgFrameFormat.FRONTEND.type(in, in.readerIndex());
      long length = PgFrameFormat.FRONTEND.length(in, in.readerIndex());
      if (type == Frontend.TERMINATE) {
        end(CloseReason.CLIENT_TERMINATED);
      } else if (skipping != Skipping.NOTHING) {
        dropPart(in, length);
      } else if (type == Frontend.COPY_DATA
          || type == Frontend.COPY_DONE
          || type == Frontend.COPY_FAIL
          || type == Frontend.FLUSH) {
        // What a client still sent of a COPY that had failed; the server ignores it too.
        dropPart(in, length);
      } else if (type == Frontend.SYNC) {
        dropPart(in, length);
        readyForQuery();
      } else if (in.readableBytes() < Math.min(length, WHOLE_BEFORE_LEASE)) {
        hold(in);
        return;
      } else {
        acquire(in);
      }
    }
    if (state == PgSessionState.LEASED && in.isReadable()) {
      walk(in);
    }
  }

  /** A frame behind a failure has been dropped; the last of them is answered. */
  private void skipped(int type) {
    if (skipping.endsWith(type)) {
      skipping = Skipping.NOTHING;
      readyForQuery();
    }
  }

  /** Lets the walker, which drops everything without a lease, see at most {@code length} bytes. */
  private void dropPart(ByteBuf in, long length) {
    walker.walk(in.readSlice((int) Math.min(length, in.readableBytes())));
  }

  private void readyForQuery() {
    ByteBuf out = channel.alloc().buffer(6);
    Messages.readyForQuery(out, 'I');
    channel.writeAndFlush(out, channel.voidPromise());
  }

  private void acquire(ByteBuf in) {
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
      return;
    }
    lastRequest = leases.tickTime();
    patience.happened();
    Lease hot = leases.tryAcquire();
    if (hot == null) {
      become(PgSessionState.WAITING);
      hold(in);
      if (state == PgSessionState.WAITING) {
        leases.await(this);
      }
    } else if (!take(hot)) {
      hold(in);
    }
  }

  /** Keeps what is left of {@code in} until it can be routed. */
  private void hold(ByteBuf in) {
    int bytes = in.readableBytes();
    if (bytes == 0) {
      return;
    }
    if (!door.limits().hold(bytes)) {
      in.skipBytes(bytes);
      fail(
          SqlFailure.fatal("53200", 1041, "too many bytes are held for waiting clients")
              .withHint("Raise limits.memory or pool.size."),
          CloseReason.OUT_OF_MEMORY);
      return;
    }
    heldCounted += bytes;
    if (heldCounted > HELD_BEFORE_PAUSE && state != PgSessionState.IDLE) {
      channel.config().setAutoRead(false); // resume() reads on
    }
    if (held == null) {
      held =
          in.capacity() / WASTEFUL > bytes
              ? channel.alloc().buffer(bytes).writeBytes(in)
              : in.readRetainedSlice(bytes);
    } else {
      ByteBuf joined = channel.alloc().buffer(held.readableBytes() + bytes);
      joined.writeBytes(held).writeBytes(in);
      held.release();
      held = joined;
    }
  }

  private void routeHeld() {
    ByteBuf bytes = takeHeld();
    if (bytes == null) {
      return;
    }
    try {
      if (state == PgSessionState.LEASED) {
        walk(bytes);
      } else {
        route(bytes);
      }
    } catch (ProtocolViolation e) {
      fail(
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())),
          CloseReason.CLIENT_PROTOCOL_VIOLATION);
    } finally {
      bytes.release();
    }
  }

  private @Nullable ByteBuf takeHeld() {
    ByteBuf bytes = held;
    held = null;
    door.limits().letGo(heldCounted);
    heldCounted = 0;
    return bytes;
  }

  // --- frames of a session with a lease ------------------------------------------------------

  @Override
  public Verdict header(int type, long length) {
    if (state != PgSessionState.LEASED
        || terminated
        || refused != null
        || skipping != Skipping.NOTHING) {
      return Verdict.DROP;
    }
    return switch (type) {
      case Frontend.QUERY,
          Frontend.PARSE,
          Frontend.BIND,
          Frontend.DESCRIBE,
          Frontend.CLOSE,
          Frontend.FUNCTION_CALL ->
          Verdict.INSPECT;
      case Frontend.TERMINATE -> Verdict.DROP;
      default -> Verdict.FORWARD;
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    return StatementJudge.inspectLength(type, length);
  }

  @Override
  public void passing(int type, long length) {
    if (type == Frontend.TERMINATE) {
      terminated = state == PgSessionState.LEASED;
    } else if (skipping != Skipping.NOTHING) {
      skipped(type);
    } else if (lease != null && state == PgSessionState.LEASED && refused == null) {
      if (type == Frontend.EXECUTE) {
        judge.onExecute();
      } else if (type == Frontend.SYNC) {
        prepared.onSync();
      }
      expect(lease.backend(), type);
    }
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    SessionBackend backend = backend();
    SqlFailure refusal = null;
    Verdict verdict = Verdict.FORWARD;
    switch (type) {
      case Frontend.QUERY -> {
        refusal = judge.onQuery(query(length, in, index, available, backend), backend);
      }
      case Frontend.FUNCTION_CALL -> judge.onFunctionCall(in, index, available);
      default -> {
        verdict = prepared.on(type, length, in, index, available, walker, backend, door.rules());
        refusal = prepared.takeRefusal();
        stalls = verdict == Verdict.WAIT;
      }
    }
    if (refusal != null) {
      refuse(refusal, type, backend);
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY || type == Frontend.FUNCTION_CALL) {
      expect(backend, type);
    }
    return verdict;
  }

  /** What a query means, with the shared statement that it may name. */
  private StatementMeaning query(
      long length, ByteBuf in, int index, int available, SessionBackend backend) {
    if (length > available) {
      return prepared.onQuery(StatementMeaning.UNKNOWN, length, in, index, walker, backend);
    }
    int text = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, text, index + available);
    StatementMeaning meaning = judge.read(door.rules(), in, text, zero);
    judge.noteText(meaning, in, text, zero);
    return prepared.onQuery(meaning, length, in, index, walker, backend);
  }

  private SessionBackend backend() {
    return (SessionBackend) leased().backend();
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    leased().backend().send(in, index, length);
    pool.counters().fromClient(length);
  }

  private static void expect(Backend backend, int type) {
    if (!backend.expect(type)) {
      throw new ProtocolViolation("more requests in one pipeline than can be answered");
    }
  }

  /**
   * A statement that may not run here: an error where nothing else is open, as the server would
   * answer it; else the session's end, because what came before it has not been answered yet.
   */
  private void refuse(SqlFailure refusal, int type, Backend backend) {
    if (backend.owes() || backend.transactionState() != TransactionState.IDLE) {
      refused = refusal.asFatal();
      return;
    }
    ByteBuf out = channel.alloc().buffer(256);
    Messages.error(out, refusal);
    if (type == Frontend.QUERY) {
      Messages.readyForQuery(out, 'I');
    } else {
      skipping = Skipping.TO_SYNC;
    }
    channel.writeAndFlush(out, channel.voidPromise());
  }

  private void flushBackend() {
    Lease mine = lease;
    if (mine != null) {
      mine.backend().flush();
    }
  }

  // --- the lease -----------------------------------------------------------------------------

  @Override
  protected void granted(Lease granted) {
    if (take(granted) && state == PgSessionState.LEASED) {
      resume();
    }
  }

  /** Takes a backend; true if it is ready for the client's bytes. */
  private boolean take(Lease granted) {
    lease = granted;
    Backend backend = granted.backend();
    backend.attach(this);
    judge.onLease();
    prepared.onLease();
    if (backend.aligned(judge.settings())) {
      onTaken();
      return true;
    }
    if (state != PgSessionState.WELCOMING) {
      become(PgSessionState.ALIGNING);
    }
    backend.align(judge.settings());
    return false;
  }

  private void onTaken() {
    if (state == PgSessionState.WELCOMING) {
      Map<String, String> reported = Map.copyOf(leased().backend().reportedSettings());
      door.welcomes().remember(pool.key(), judge.settings(), reported);
      giveUpLease();
      welcome(reported);
    } else {
      become(PgSessionState.LEASED);
    }
  }

  @Override
  public void onAligned() {
    boolean welcoming = state == PgSessionState.WELCOMING;
    onTaken();
    if (!welcoming) {
      resume();
      settleUnanswered();
    }
  }

  /** Goes on with what waited for the backend. */
  private void resume() {
    channel.config().setAutoRead(true);
    routeHeld();
    flushBackend();
  }

  @Override
  public void onAlignFailed(SqlFailure failure) {
    if (state == PgSessionState.REALIGNING) {
      if (failure.sqlState().equals("57014")) {
        leased().backend().align(judge.settings()); // a cancel that was meant for a statement
      } else {
        fail(failure, CloseReason.BACKEND_LOST);
      }
      return;
    }
    giveUpLease();
    failUnit(failure);
  }

  @Override
  protected void failed(SqlFailure failure) {
    failUnit(failure);
  }

  /** What was asked can't be served; the session goes on unless it has not begun. */
  private void failUnit(SqlFailure failure) {
    if (state == PgSessionState.WELCOMING || failure.fatal()) {
      fail(
          failure.asFatal(),
          state == PgSessionState.WELCOMING ? CloseReason.LOGIN_REFUSED : CloseReason.DRAINING);
      return;
    }
    ByteBuf out = channel.alloc().buffer(256);
    Messages.error(out, failure);
    channel.writeAndFlush(out, channel.voidPromise());
    ByteBuf bytes = held;
    skipping =
        bytes == null ? Skipping.NOTHING : Skipping.after(bytes.getByte(bytes.readerIndex()));
    if (state != PgSessionState.IDLE) {
      become(PgSessionState.IDLE);
    }
    resume();
  }

  @Override
  public void onSettled(TransactionState transaction, boolean failed) {
    patience.happened();
    if (transaction == TransactionState.IDLE) {
      pool.counters().transactionEnded();
    } else {
      pool.counters().statementEnded();
    }
    Lease mine = lease;
    if (mine != null) {
      judge.onSettled((SessionBackend) mine.backend(), transaction, failed);
      prepared.onSettled((SessionBackend) mine.backend(), failed);
      settle();
    }
  }

  /** Decides whether the lease ends here. */
  private void settle() {
    Lease mine = lease;
    if (mine == null || state != PgSessionState.LEASED) {
      return;
    }
    switch (decide(mine.backend(), false)) {
      case RELEASE -> release();
      case KEEP_UNFINISHED, KEEP_TRANSACTION -> {} // decided again when that is over
      case READ_BACK -> readBack(mine);
      case AWAIT_CANCEL -> realign(mine.backend()); // as KEEP_UNFINISHED, but idle meanwhile
      case KEEP_SESSION_MODE, KEEP_PINNED -> {
        realign(mine.backend());
        if (draining) {
          fail(SqlFailure.draining(), CloseReason.DRAINING);
        }
      }
      case EVICT -> onBackendLost(EvictReason.BACKEND_CLOSED, SqlFailure.backendLost("closed"));
      case RESET, ROLL_BACK -> throw new IllegalStateException("a reset of a session that goes on");
    }
  }

  /** Asks the server what the session has left, and decides then. */
  private void readBack(Lease mine) {
    become(PgSessionState.REALIGNING);
    backend()
        .ask(judge.question())
        .whenComplete((rows, failure) -> {
          if (lease != mine || state != PgSessionState.REALIGNING) {
            return; // the backend is lost, or the session over
          }
          if (failure == null) {
            judge.learn(SessionTruth.of(rows, pool.key().user()), backend());
            prepared.onSettled(backend(), false);
          } else {
            LOG.warn("session {}: {} did not tell its state", id, mine.backend(), failure);
            judge.notLearned();
          }
          become(PgSessionState.LEASED);
          settle();
          if (state == PgSessionState.LEASED || state == PgSessionState.IDLE) {
            resume(); // else there is another question
          }
        });
  }

  /** The lease outlives the transaction: so must the settings, whatever RESET left of them. */
  private void realign(Backend backend) {
    if (!draining && !backend.aligned(judge.settings())) {
      become(PgSessionState.REALIGNING);
      backend.align(judge.settings());
    }
  }

  private ReleaseDecision decide(Backend backend, boolean ending) {
    return ReleaseDecision.decide(
        mode,
        backend.transactionState(),
        !backend.usable(),
        backend.owes(),
        walker.midForward(),
        ending,
        cancelling > 0,
        judge.leftovers());
  }

  private void release() {
    ByteBuf rest = walker.takeHeld();
    ByteBuf later = takeHeld();
    giveUpLease();
    become(PgSessionState.IDLE);
    if (!channel.config().isAutoRead()) {
      channel.config().setAutoRead(true);
    }
    if (rest != null) {
      hold(rest);
      rest.release();
    }
    if (later != null) {
      hold(later);
      later.release();
    }
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
    }
  }

  private void giveUpLease() {
    Lease mine = leased();
    lease = null;
    mine.backend().detach();
    mine.release();
  }

  private Lease leased() {
    Lease mine = lease;
    if (mine == null) {
      throw new IllegalStateException("session " + id + " has no lease in state " + state);
    }
    return mine;
  }

  @Override
  public Channel client() {
    return channel;
  }

  @Override
  public void onReplies(ByteBuf in, int index, int length) {
    out.append(in, index, length);
    pool.counters().fromBackend(length);
  }

  @Override
  public void flushReplies() {
    out.flush();
    if (state == PgSessionState.STALLED && prepared.takeDecided()) {
      become(PgSessionState.LEASED);
      resume();
      settleUnanswered();
    }
  }

  @Override
  public boolean wantsNotifications() {
    return mode == PoolMode.SESSION || judge.pinnedBy(PinReason.LISTEN);
  }

  @Override
  public Set<PinReason> pins() {
    return judge.pinReasons();
  }

  @Override
  public void onBackendLost(EvictReason reason, @Nullable SqlFailure failure) {
    Lease mine = lease;
    lease = null;
    if (mine != null) {
      mine.backend().detach();
      mine.evict(reason);
    }
    if (state.open()) {
      if (failure != null) {
        writeFatal(failure);
      }
      close(CloseReason.BACKEND_LOST);
    } else {
      become(PgSessionState.ENDED);
    }
  }

  // --- cancel --------------------------------------------------------------------------------

  @Override
  CompletionStage<@Nullable Void> cancel() {
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    channel
        .eventLoop()
        .execute(() -> {
          Lease mine = lease;
          if (state == PgSessionState.WAITING) {
            leases.withdraw(this);
            failUnit(SqlFailure.error("57014", 1317, "canceling statement due to user request"));
            done.complete(null);
          } else if ((state == PgSessionState.LEASED || state == PgSessionState.STALLED)
              && mine != null
              && mine.backend().owes()) {
            cancelling++;
            mine.backend()
                .cancel()
                .whenComplete((sent, failure) ->
                    channel.eventLoop().execute(() -> cancelled(mine, failure, done)));
          } else {
            done.complete(null); // too late, or too early: nothing of this session runs
          }
        });
    return done;
  }

  private void cancelled(
      Lease target, @Nullable Throwable failure, CompletableFuture<@Nullable Void> done) {
    cancelling--;
    done.complete(null);
    if (lease != target || cancelling > 0 || target.backend().owes() || walker.midForward()) {
      return; // what is still going on comes to settle() in its own time
    }
    if (failure != null) {
      LOG.warn("session {}: a cancel may still be on its way: {}", id, failure.getMessage());
      uncertain(target);
      return;
    }
    // The signal has been sent; a round trip proves that the server has taken it.
    if (state == PgSessionState.LEASED) {
      become(PgSessionState.REALIGNING);
    }
    target.backend().probe().whenComplete((alive, problem) -> probed(target));
  }

  private void probed(Lease target) {
    if (lease != target) {
      return;
    }
    if (state == PgSessionState.ENDING) {
      clean(target);
    } else {
      onAligned();
    }
  }

  private void uncertain(Lease target) {
    if (state == PgSessionState.ENDING) {
      lease = null;
      target.backend().detach();
      target.evict(EvictReason.CANCEL_UNCERTAIN);
      become(PgSessionState.ENDED);
    } else if (decide(target.backend(), false) == ReleaseDecision.RELEASE) {
      onBackendLost(
          EvictReason.CANCEL_UNCERTAIN, SqlFailure.backendLost("a cancel did not come to its end"));
    }
  }

  // --- time limits ---------------------------------------------------------------------------

  @Override
  public boolean timed() {
    return patience.any();
  }

  @Override
  public void tick(EventLoop loop) {
    if (channel.eventLoop() != loop || !state.open()) {
      return;
    }
    switch (patience.tick(phase(), leases.tickTime())) {
      case NOTHING -> {}
      case CLIENT_IDLE ->
          fail(
              SqlFailure.fatal("57P05", 4031, "the client was idle for too long")
                  .withHint("timeouts.client-idle of this database says how long it may be."),
              CloseReason.CLIENT_IDLE_TIMEOUT);
      case IDLE_IN_TRANSACTION ->
          fail(
              SqlFailure.fatal("25P03", 4031, "the transaction was idle for too long")
                  .withHint("timeouts.idle-in-transaction says how long it may be."),
              CloseReason.IDLE_IN_TRANSACTION_TIMEOUT);
      case STATEMENT -> cancel();
      case CANCELLED_STATEMENT ->
          fail(
              SqlFailure.fatal("57014", 3024, "the statement took too long, and a cancel no effect")
                  .withHint("timeouts.statement says how long it may take."),
              CloseReason.STATEMENT_TIMEOUT);
    }
  }

  private Patience.Phase phase() {
    Lease mine = lease;
    return switch (state) {
      case IDLE -> Patience.Phase.IDLE;
      case STALLED -> Patience.Phase.STATEMENT;
      case LEASED ->
          mine == null
              ? Patience.Phase.OTHER
              : mine.backend().owes()
                  ? Patience.Phase.STATEMENT
                  : mine.backend().transactionState() == TransactionState.IDLE
                      ? Patience.Phase.IDLE
                      : Patience.Phase.IN_TRANSACTION;
      default -> Patience.Phase.OTHER;
    };
  }

  // --- the end -------------------------------------------------------------------------------

  /** Tells the client why, and ends the session. */
  private void fail(SqlFailure failure, CloseReason reason) {
    if (state.open()) {
      writeFatal(failure);
      end(reason);
    }
  }

  private void writeFatal(SqlFailure failure) {
    ByteBuf out = channel.alloc().buffer(256);
    Messages.error(out, failure.asFatal());
    channel.write(out, channel.voidPromise());
  }

  private void end(CloseReason reason) {
    if (!state.open()) {
      return;
    }
    close(reason);
    Lease mine = lease;
    if (mine != null) {
      clean(mine);
    }
  }

  /** The client's half of the end. */
  private void close(CloseReason reason) {
    leases.withdraw(this);
    ByteBuf bytes = takeHeld();
    if (bytes != null) {
      bytes.release();
    }
    become(lease == null ? PgSessionState.ENDED : PgSessionState.ENDING);
    door.sessions().remove(this);
    door.counters().closed(reason);
    if (key != null) {
      door.cancelKeys().unregister(key);
    }
    channel.writeAndFlush(channel.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    if (channel.isActive()) {
      // A client that doesn't read its last words is not waited for.
      channel.eventLoop().schedule(() -> channel.close(), LAST_WORDS_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** The backend's half: it goes back clean, or not at all. */
  private void clean(Lease mine) {
    Backend backend = mine.backend();
    switch (decide(backend, true)) {
      case AWAIT_CANCEL -> {
        backend.detach(); // a client that is gone must not keep it from being read
        return; // cancelled() comes back here
      }
      case RELEASE -> giveUpLease();
      case RESET -> reset(mine, false);
      case ROLL_BACK -> reset(mine, true);
      case EVICT, KEEP_UNFINISHED, KEEP_TRANSACTION, KEEP_SESSION_MODE, KEEP_PINNED, READ_BACK -> {
        lease = null;
        backend.detach();
        if (walker.midForward()) {
          backend.channel().close(); // a Terminate would be read as the rest of the client's frame
        }
        mine.evict(EvictReason.CLIENT_GONE);
      }
    }
    walker.close();
    become(PgSessionState.ENDED);
  }

  private void reset(Lease mine, boolean rollBack) {
    lease = null;
    Backend backend = mine.backend();
    backend.detach();
    backend
        .reset(rollBack)
        .whenComplete((clean, failure) -> {
          if (Boolean.TRUE.equals(clean)) {
            mine.release();
          } else {
            mine.evict(EvictReason.RESET_FAILED);
          }
        });
  }

  private void become(PgSessionState next) {
    if (!state.mayBecome(next)) {
      throw new IllegalStateException("session " + id + ": " + state + " can't become " + next);
    }
    state = next;
    if (next == PgSessionState.ENDED) {
      walker.close();
    }
  }

  // --- as others see it ----------------------------------------------------------------------

  @Override
  public long id() {
    return id;
  }

  @Override
  public State state() {
    return switch (state) {
      case WELCOMING -> State.LOGIN;
      case IDLE, ENDING, ENDED -> State.IDLE;
      case WAITING -> State.WAITING;
      case ALIGNING, LEASED, REALIGNING, STALLED -> State.ACTIVE;
    };
  }

  @Override
  public PoolKey pool() {
    return pool.key();
  }

  @Override
  public CompletionStage<SessionDetail> describe() {
    CompletableFuture<SessionDetail> told = new CompletableFuture<>();
    channel.eventLoop().execute(() -> told.complete(detail()));
    return told;
  }

  private SessionDetail detail() {
    Lease mine = lease;
    Backend backend = mine == null ? null : mine.backend();
    return new SessionDetail(
        id,
        pool.key(),
        login.user(),
        login.database(),
        state(),
        waitsFor(backend),
        new SessionDetail.Connection(
            channel.remoteAddress(),
            channel.localAddress(),
            channel.pipeline().get(SslHandler.class) != null),
        login.connected(),
        Instant.now().minus(leases.since(lastRequest)),
        waited(pool),
        cancelling > 0,
        backend == null ? "idle" : backend.transactionState().label(),
        judge.settings().texts(),
        prepared.names(),
        judge.pins(),
        backend == null ? null : backend.id());
  }

  private WaitsFor waitsFor(@Nullable Backend backend) {
    return switch (state) {
      case IDLE, ENDED -> WaitsFor.NOTHING;
      case WELCOMING, WAITING -> pool.paused() ? WaitsFor.RESUME : WaitsFor.BACKEND;
      case ALIGNING, REALIGNING, ENDING -> WaitsFor.SETTINGS;
      case STALLED -> WaitsFor.SERVER;
      case LEASED -> backend != null && backend.owes() ? WaitsFor.SERVER : WaitsFor.CLIENT;
    };
  }

  @Override
  public void drain() {
    channel
        .eventLoop()
        .execute(() -> {
          draining = true;
          if (state == PgSessionState.IDLE || state == PgSessionState.WAITING) {
            fail(SqlFailure.draining(), CloseReason.DRAINING);
          } else {
            settle();
          }
        });
  }

  @Override
  public void close(CloseReason reason, SqlFailure told) {
    channel.eventLoop().execute(() -> fail(told, reason));
  }

  @Override
  public String toString() {
    return "session " + id + " " + state;
  }
}
