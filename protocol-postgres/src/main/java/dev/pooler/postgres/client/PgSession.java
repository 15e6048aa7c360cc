package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.ReleaseDecision;
import dev.pooler.core.pool.StatementTimer;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Patience;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL client's conversation after its authentication: takes a backend when something is
 * asked, passes bytes, gives the backend up when {@link ReleaseDecision} says so. See {@link
 * PgSessionState} for its states.
 *
 * <p>This class has the lease and the state, and is long because every event of client, backend and
 * pool comes here to be judged by the state. What follows is done beside it: what the client sends
 * is {@link ClientStream}'s, its messages {@link ClientFrames}'s, what they mean is {@link
 * StatementJudge}'s, the names in them are {@link PreparedTraffic}'s, and what it listens to is
 * {@link SessionChannels}'s; {@link Alignment} makes a backend ready, {@link LeaseEnd} gives it up,
 * {@link CancelsUnderWay} and {@link RepeatedBatch} are what may come between. Confined to its
 * channel's event loop, except where {@link ClientLeg} says otherwise.
 */
public final class PgSession extends ClientLeg {
  private static final Logger LOG = LoggerFactory.getLogger(PgSession.class);

  /** What is kept for it beyond its transactions. */
  final SessionMemory memory;

  private final PoolMode mode;
  private final SessionPins pins;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final DeferredBegin begin;
  private final SessionChannels channels;
  private final ClientFrames frames;
  private final Patience patience;
  private final StatementTimer timer;
  private final ClientWords words;
  private final CancelsUnderWay cancels = new CancelsUnderWay(this);
  private final RepeatedBatch repeated;
  private final Alignment alignment;
  private final FramesBeforeLease before;
  private final ClientStream stream;
  private final LeaseEnd leaseEnd;
  private final LastStatement last = new LastStatement();
  private final SessionPortrait portrait;
  private final ToldDefaults defaults;
  private volatile PgSessionState state = PgSessionState.WELCOMING;
  private volatile boolean draining;

  /** The tick before it last took or wanted a backend. */
  private long lastRequest;

  PgSession(
      long id,
      Channel channel,
      PgFrontDoor door,
      Login login,
      LeasePool pool,
      PgSettings settings) {
    super(id, channel, door, login, pool);
    this.memory = new SessionMemory(door.statements());
    this.mode = pool.limits().mode();
    this.pins = new SessionPins(mode, login.policy(), pool.counters(), Instant::now);
    this.judge =
        new StatementJudge(
            id,
            mode,
            settings,
            pins,
            door.censuses().of(pool.key()),
            leases::tickTime,
            login.policy(),
            memory);
    boolean shares = mode != PoolMode.SESSION;
    this.prepared =
        new PreparedTraffic(
            shares,
            shares && login.policy().cachesUnnamed(),
            door.statements(),
            memory,
            judge,
            last,
            leases::tickTime);
    this.begin = new DeferredBegin(judge, prepared, door.rules(), last);
    this.channels = new SessionChannels(this, judge, prepared);
    this.patience = new Patience(login.timeouts());
    this.words = new ClientWords(channel, out);
    this.defaults = new ToldDefaults(channel, out);
    this.timer = new StatementTimer(leases, pool.counters());
    this.frames = new ClientFrames(this, judge, prepared, channels, timer, last);
    this.repeated = new RepeatedBatch(this, judge, prepared, frames, cancels, words);
    this.alignment = new Alignment(this, mode, judge, prepared, channels, begin);
    this.before =
        new FramesBeforeLease(
            channel,
            mode,
            prepared,
            begin,
            channels,
            frames,
            words,
            patience,
            last,
            leases::tickTime);
    this.stream = new ClientStream(this, frames, before, channels);
    this.leaseEnd =
        new LeaseEnd(this, mode, judge, prepared, channels, frames, cancels, pins, words);
    this.portrait =
        new SessionPortrait(this, judge, prepared, channels, frames, cancels, leaseEnd, last);
    this.lastRequest = leases.tickTime();
  }

  /** The login is granted: learn what to tell the client, then serve it. */
  void begin(int minorVersion) {
    if (!state.open()) {
      return; // what it had sent ahead was too much
    }
    if (!judge.keepsStartup()) {
      fail(
          SqlFailure.fatal("53400", 1461, "too much memory for the settings of sessions")
              .withHint("Raise limits.session-memory."),
          CloseReason.LOGIN_REFUSED);
      return;
    }
    register(minorVersion);
    judge.told(toldProcessId());
    Welcomes.Welcome known = door.welcomes().find(pool.key(), judge.settings());
    if (known != null) {
      welcome(known);
      return;
    }
    Lease hot = leases.tryAcquire(judge.settings());
    if (hot == null) {
      leases.await(this);
    } else {
      granted(hot);
    }
  }

  private void welcome(Welcomes.Welcome words) {
    defaults.begin(words.defaults());
    judge.readsAs(PgDialects.of(words.reported()));
    sayWelcome(words.reported());
    become(PgSessionState.IDLE);
    resume(); // a backend that did not read may have stopped the client's reading
  }

  // --- what the client sends ---------------------------------------------------------------

  @Override
  void onBytes(ByteBuf in) {
    stream.onBytes(in, state);
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
    channels.tell();
  }

  @Override
  void onClosed() {
    end(CloseReason.CLIENT_CLOSED);
  }

  /** We have broken: what the session and its backend are at is not known any more. */
  @Override
  void onFault() {
    if (state.open()) {
      Lease mine = lease;
      lease = null;
      close(CloseReason.OUR_FAULT);
      if (mine != null) {
        mine.backend().detach();
        mine.backend().channel().close();
        mine.evict(EvictReason.OUR_FAULT);
      }
    }
  }

  /** The last frame may have been one that nobody answers: what is left of a failed COPY. */
  void settleUnanswered() {
    Lease mine = lease;
    if (mine != null && !mine.backend().owes()) {
      leaseEnd.settle();
    }
  }

  /** Says that it is ready, without a backend. */
  void readyForQuery() {
    before.readyForQuery();
  }

  /** Takes a backend for what comes next; the rest of {@code in} is held until there is one. */
  void acquire(ByteBuf in) {
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
      return;
    }
    lastRequest = leases.tickTime();
    patience.happened();
    Lease hot = leases.tryAcquire(judge.settings());
    while (hot != null && isUnfit(hot)) {
      hot = leases.tryAcquire(judge.settings());
    }
    if (hot == null) {
      become(PgSessionState.WAITING);
      stream.hold(in);
      if (state == PgSessionState.WAITING) {
        leases.await(this);
      }
    } else if (!take(hot, in)) {
      stream.hold(in);
    }
  }

  /** As {@link LeaseEnd#becomeCertain}. */
  void becomeCertain() {
    leaseEnd.becomeCertain();
  }

  /** As {@link #resume}, also where the walker has the whole of what had to wait. */
  void resumeAll() {
    stream.resumeAll();
  }

  /** Goes on with what waited for the backend. */
  void resume() {
    stream.resume();
  }

  boolean open() {
    return state.open();
  }

  /** Whether the session is to end with its transaction. */
  boolean draining() {
    return draining;
  }

  boolean is(PgSessionState one) {
    return state == one;
  }

  // --- for its messages ----------------------------------------------------------------------

  /** A backend is there, and takes what the client sends. */
  boolean isLeased() {
    return lease != null && state == PgSessionState.LEASED;
  }

  SessionBackend backend() {
    return (SessionBackend) leased().backend();
  }

  /** Answers a message that no backend is to see. */
  void refused(SqlFailure refusal, int type) {
    if (type == Frontend.QUERY || type == Frontend.FUNCTION_CALL) {
      words.errorAndReady(refusal);
    } else {
      words.error(refusal);
    }
  }

  /** Whether both belong to one user, so that each may cancel what the other runs. */
  boolean isOfUser(PgSession other) {
    return login.user().equals(other.login.user())
        && pool.key().user().equals(other.pool.key().user());
  }

  @Override
  public void onRepeat(ByteBuf requests, boolean missed) {
    repeated.onRefused(requests, missed);
  }

  /** What was asked last, and waited, is answered without the backend. */
  void answeredHere() {
    onSettled(TransactionState.IDLE, true);
    if (state == PgSessionState.LEASED) {
      resumeAll();
    } else if (state == PgSessionState.IDLE) {
      resume();
    }
  }

  void flushBackend() {
    Lease mine = lease;
    if (mine != null) {
      mine.backend().flush();
    }
  }

  // --- the lease -----------------------------------------------------------------------------

  @Override
  protected PgSettings wanted() {
    return judge.settings();
  }

  @Override
  protected void granted(Lease granted) {
    if (isUnfit(granted)) {
      leases.await(this);
    } else if (take(granted, held.look()) && state == PgSessionState.LEASED) {
      resume();
    }
  }

  /** Closes a backend that may have what others have left. */
  private boolean isUnfit(Lease mine) {
    boolean unfit = judge.hasUnseen((SessionBackend) mine.backend());
    if (unfit) {
      mine.evict(EvictReason.NOT_CLEANABLE);
    }
    return unfit;
  }

  /**
   * Takes a backend; true if it is ready for the client's bytes.
   *
   * @param first what the client asks for, or null while it has asked for nothing
   */
  private boolean take(Lease granted, @Nullable ByteBuf first) {
    lease = granted;
    cancels.onLease();
    SessionBackend backend = (SessionBackend) granted.backend();
    backend.attach(this);
    judge.onLease(backend);
    prepared.onLease(channels.shared());
    frames.onLease();
    return alignment.start(backend, first);
  }

  /** A backend is there to learn from what the client is to be told. */
  void onWelcomes() {
    Map<String, String> reported = Map.copyOf(backend().reportedSettings());
    Welcomes.Welcome words = new Welcomes.Welcome(reported, backend().defaultSettings());
    door.welcomes().remember(pool.key(), judge.settings(), words);
    giveUpLease();
    welcome(words);
  }

  /** The client is between two replies: it may be told what has changed for everybody. */
  void tellDefaults() {
    defaults.tell(backend(), judge.settings());
  }

  @Override
  public void onAligned() {
    if (backend().aligned(judge.settings())) {
      judge.readsAs(backend().dialect());
    }
    if (repeated.waits()) {
      repeated.onAligned();
    } else if (leaseEnd.takeResting()) {
      decideAnew();
    } else {
      alignment.onAligned();
    }
  }

  @Override
  public void onAlignFailed(SqlFailure failure) {
    alignment.onFailed(failure);
  }

  @Override
  protected void failed(SqlFailure failure) {
    failUnit(failure);
  }

  /** What was asked can't be served; the session goes on unless it has not begun. */
  void failUnit(SqlFailure failure) {
    if (state == PgSessionState.WELCOMING || failure.fatal()) {
      fail(
          failure.asFatal(),
          state == PgSessionState.WELCOMING ? CloseReason.LOGIN_REFUSED : CloseReason.DRAINING);
      return;
    }
    before.fail(held.look(), failure);
    if (state != PgSessionState.IDLE) {
      become(PgSessionState.IDLE);
    }
    resume();
  }

  @Override
  public void onSettled(TransactionState transaction, boolean failed) {
    patience.happened();
    timer.onSettled(judge.first());
    last.answered(leases.tickTime());
    if (transaction == TransactionState.IDLE) {
      pool.counters().transactionEnded();
    } else {
      pool.counters().statementEnded();
    }
    Lease mine = lease;
    if (mine != null) {
      Map<String, String> moved = backend().movedSettings();
      judge.onSettled(backend(), transaction, failed);
      if (!moved.isEmpty() && transaction == TransactionState.IDLE) {
        defaults.heard(moved, judge.settings());
      }
      if (judge.takeUnexplained() || moved.containsKey("in_hot_standby")) {
        door.welcomes().forget(); // perhaps a reload: who logs in from now on is told of it
      }
      prepared.onSettled((SessionBackend) mine.backend());
      prepared.countTo(pool.counters(), (SessionBackend) mine.backend());
      leaseEnd.settle();
    }
  }

  @Override
  protected void waitsLong(Duration waited) {
    if (state != PgSessionState.WAITING) {
      return; // before AuthenticationOk clients understand nothing but errors
    }
    words.notice(
        "waiting for a backend of " + pool.key() + " since " + waited.toMillis() + " ms",
        pool.paused() ? "The pool is paused." : null,
        null);
  }

  /** What the lease waited for is over: decides what becomes of it, and goes on. */
  void decideAnew() {
    become(PgSessionState.LEASED);
    leaseEnd.settle();
    if (isLeased()) {
      tellDefaults();
    }
    if (state == PgSessionState.LEASED || state == PgSessionState.IDLE) {
      resume(); // else there is another question
    }
  }

  // --- for what it listens to ----------------------------------------------------------------

  /** Whether a request of ours is going on, on that backend. */
  boolean realigns(Lease mine) {
    return lease == mine && state == PgSessionState.REALIGNING;
  }

  /** That request is over. */
  void goOn() {
    become(PgSessionState.LEASED);
    resume();
  }

  /** Whether the client is between two transactions, where it may be told of a notification. */
  boolean mayBeTold() {
    return switch (state) {
      case IDLE, WAITING -> true;
      case LEASED ->
          !unfinished(leased().backend())
              && leased().backend().transactionState() == TransactionState.IDLE;
      case WELCOMING, ALIGNING, REALIGNING, STALLED, ENDING, ENDED -> false;
    };
  }

  @Override
  public boolean onNotification(ByteBuf in, int index, int length) {
    return channels.onNotification(in, index, length, mode);
  }

  /** Whether replies are owed, or the rest of a message that has been sent in part. */
  boolean unfinished(Backend backend) {
    return backend.owes() || frames.midForward();
  }

  /** Gives up the lease; what has come meanwhile is held. */
  void release() {
    ByteBuf rest = frames.takeHeld();
    ByteBuf later = held.take();
    giveUpLease();
    become(PgSessionState.IDLE);
    if (!channel.config().isAutoRead()) {
      channel.config().setAutoRead(true);
    }
    if (rest != null) {
      stream.hold(rest);
      rest.release();
    }
    if (later != null) {
      stream.hold(later);
      later.release();
    }
    channels.tell();
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
    }
  }

  void giveUpLease() {
    Lease mine = leased();
    if (pins.takeStained() || judge.hasUnseen(backend())) {
      backend().spend(EvictReason.NOT_CLEANABLE);
    }
    lease = null;
    mine.backend().detach();
    mine.release();
  }

  @Override
  public void onReplies(ByteBuf in, int index, int length) {
    out.append(in, index, length);
    pool.counters().fromBackend(length);
  }

  @Override
  public void flushReplies() {
    out.flush();
    if (state == PgSessionState.STALLED && frames.takeStallOver()) {
      become(PgSessionState.LEASED);
      if (cancels.any() && !unfinished(backend())) {
        awaitCancel();
      } else if (backend().settingsInFront() || backend().aligned(judge.settings())) {
        resumeAll();
        settleUnanswered();
      } else { // what was in front has been taken back
        leaseEnd.settle();
        if (state == PgSessionState.LEASED) {
          become(PgSessionState.REALIGNING);
          prepared.onOwnQuery();
          backend().align(judge.settings());
        } else if (state == PgSessionState.IDLE) {
          resume();
        }
      }
    }
  }

  @Override
  public @Nullable String statementName(String shared) {
    return prepared.nameOf(shared);
  }

  @Override
  public Set<PinReason> pins() {
    return pins.reasons();
  }

  @Override
  public void onBackendLost(EvictReason reason, @Nullable SqlFailure failure) {
    Lease mine = lease;
    lease = null;
    if (mine != null) {
      mine.backend().detach();
      mine.evict(reason);
    }
    boolean unseen = state == PgSessionState.ALIGNING || state == PgSessionState.WELCOMING;
    if (unseen) {
      judge.notMended();
    }
    if (unseen
        && reason != EvictReason.PROTOCOL_VIOLATION
        && mine != null
        && alignment.goElsewhere()) {
      LOG.debug("session {}: its backend was lost before it was ready", id());
    } else if (state.open()) {
      if (failure != null) {
        writeFatal(failure);
      }
      close(
          reason == EvictReason.PROTOCOL_VIOLATION
              ? CloseReason.BACKEND_PROTOCOL_VIOLATION
              : CloseReason.BACKEND_LOST);
    } else {
      become(PgSessionState.ENDED);
    }
  }

  // --- cancel --------------------------------------------------------------------------------

  @Override
  CompletionStage<@Nullable Void> cancel() {
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    channel.eventLoop().execute(() -> cancel(done));
    return done;
  }

  /** For each state: docs/design/cancel.md. */
  private void cancel(CompletableFuture<@Nullable Void> done) {
    switch (state) {
      case WAITING -> {
        leases.withdraw(this);
        failUnit(canceled());
      }
      case ALIGNING -> alignment.cancel();
      case REALIGNING -> {
        if (repeated.waits()) {
          repeated.cancel();
        } else if (held.look() != null) {
          frames.cancelNext();
        }
      }
      case LEASED, STALLED -> {
        Lease mine = leased();
        if (mine.backend().owes()) {
          cancels.send(mine, done);
          return;
        }
      }
      case WELCOMING, IDLE, ENDING, ENDED -> {} // too early or too late: nothing of it runs
    }
    done.complete(null);
  }

  static SqlFailure canceled() {
    return SqlFailure.error("57014", 1317, "canceling statement due to user request");
  }

  /** A cancel is on its way: it hits what has been answered, or nothing, but not what is next. */
  void awaitCancel() {
    become(PgSessionState.REALIGNING);
    cancels.await();
  }

  /**
   * No cancel is known to be on its way any more, and one has been waited for.
   *
   * @param taken the server has it; else it may come late, and hit this session or nobody
   */
  void cancelOver(Lease target, boolean taken) {
    if (state == PgSessionState.ENDING && taken) {
      leaseEnd.clean(target);
    } else if (state == PgSessionState.ENDING) {
      lease = null;
      target.backend().detach();
      target.evict(EvictReason.CANCEL_UNCERTAIN);
      become(PgSessionState.ENDED);
    } else if (repeated.waits()) {
      repeated.cancelRepeat();
    } else {
      decideAnew();
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
      case CLIENT_IDLE -> fail(Patience.clientIdle(), CloseReason.CLIENT_IDLE_TIMEOUT);
      case IDLE_IN_TRANSACTION ->
          fail(Patience.idleInTransaction(), CloseReason.IDLE_IN_TRANSACTION_TIMEOUT);
      case STATEMENT -> cancel(new CompletableFuture<>()); // at once: it is this statement
      case CANCELLED_STATEMENT -> fail(Patience.statementGoesOn(), CloseReason.STATEMENT_TIMEOUT);
    }
  }

  private Patience.Phase phase() {
    return state.phase(lease == null ? null : lease.backend(), begin.pending());
  }

  // --- the end -------------------------------------------------------------------------------

  /** Tells the client why, and ends the session. */
  @Override
  void fail(SqlFailure failure, CloseReason reason) {
    if (state.open()) {
      if (lease == null || !backend().midMessage()) {
        writeFatal(failure); // else it would be read as the rest of the message
      }
      end(reason);
    }
  }

  void end(CloseReason reason) {
    if (!state.open()) {
      return;
    }
    close(reason);
    Lease mine = lease;
    if (mine != null) {
      leaseEnd.onClientGone(mine);
    }
  }

  /** The client's half of the end. */
  private void close(CloseReason reason) {
    become(lease == null ? PgSessionState.ENDED : PgSessionState.ENDING);
    repeated.drop();
    door.sessions().remove(this);
    channels.end();
    prepared.close();
    judge.close();
    hangUp(reason, ChannelFutureListener.CLOSE);
  }

  void become(PgSessionState next) {
    if (!state.mayBecome(next)) {
      throw new IllegalStateException("session " + id() + ": " + state + " can't become " + next);
    }
    state = next;
    if (next == PgSessionState.ENDED) {
      frames.close();
    }
  }

  // --- as others see it ----------------------------------------------------------------------

  @Override
  public State state() {
    return state.shown();
  }

  @Override
  public int preparedStatements() {
    return prepared.count();
  }

  @Override
  SessionDetail detail() {
    Lease mine = lease;
    Backend backend = mine == null ? null : mine.backend();
    return new SessionDetail(
        id(),
        pool.key(),
        login.user(),
        login.database(),
        application(judge.settings()),
        state(),
        portrait.waitsFor(state, backend),
        connection(),
        login.connected(),
        Instant.now().minus(leases.since(lastRequest)),
        waited(pool),
        cancels.any(),
        (backend == null ? begin.transaction() : backend.transactionState()).label(),
        prepared.count(),
        pins.all(),
        backendId());
  }

  @Override
  SessionReport wholeReport() {
    return portrait.whole(state, mode, lastRequest, detail());
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
            leaseEnd.settle();
          }
        });
  }

  @Override
  public String toString() {
    return "session " + id() + " " + state;
  }
}
