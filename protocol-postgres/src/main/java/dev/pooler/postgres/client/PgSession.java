package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.Leftovers;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.ReleaseDecision;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionDetail.WaitsFor;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.SessionQuestion;
import dev.pooler.postgres.session.SessionTruth;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SettingsStatement;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
 * <p>This class has the lease and the state. Its messages are {@link ClientFrames}'s, what they
 * mean is {@link StatementJudge}'s, the names in them are {@link PreparedTraffic}'s, and what it
 * listens to is {@link SessionChannels}'s. Confined to its channel's event loop, except where
 * {@link ClientLeg} says otherwise.
 */
public final class PgSession extends ClientLeg {
  private static final Logger LOG = LoggerFactory.getLogger(PgSession.class);

  /** A frame of up to this many bytes must be whole before a backend is taken for it. */
  private static final int WHOLE_BEFORE_LEASE = 8 * 1024;

  /** So long the backend of a client that is gone is kept to hear what the client has left. */
  private static final int LAST_QUESTION_SECONDS = 5;

  private final PoolMode mode;
  private final SessionPins pins;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final DeferredBegin begin;
  private final FrontBatch front;
  private final SessionChannels channels;
  private final ClientFrames frames;
  private final Patience patience;
  private final StatementTimer timer;
  private volatile PgSessionState state = PgSessionState.WELCOMING;
  private volatile boolean draining;
  private int cancelling;

  /** A batch that is sent again once the backend has the session's settings. */
  private @Nullable ByteBuf repeats;

  /** A cancel came while the backend was made ready for what the client asks. */
  private boolean cancelled;

  /** A cancel came while something waited behind a question of ours. */
  private boolean cancelsNext;

  /** The backend is made ready to be nobody's. */
  private boolean resting;

  /** The tick before it last took or wanted a backend. */
  private long lastRequest;

  /** What the session has left is being asked. */
  private boolean reading;

  PgSession(
      long id,
      Channel channel,
      PgFrontDoor door,
      Login login,
      LeasePool pool,
      PgSettings settings) {
    super(id, channel, door, login, pool);
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
            login.policy());
    boolean shares = mode != PoolMode.SESSION;
    this.prepared =
        new PreparedTraffic(
            shares,
            shares && login.policy().cachesUnnamed(),
            door.statements(),
            judge,
            leases::tickTime);
    this.begin = new DeferredBegin(judge, prepared, door.rules());
    this.front = new FrontBatch(judge, prepared, door.rules());
    this.channels = new SessionChannels(this, judge, prepared);
    this.patience = new Patience(login.timeouts());
    this.timer = new StatementTimer(leases, pool.counters());
    this.frames = new ClientFrames(this, judge, prepared, channels, timer);
    this.lastRequest = leases.tickTime();
  }

  /** The login is granted: learn what to tell the client, then serve it. */
  void begin(int minorVersion) {
    if (!state.open()) {
      return; // what it had sent ahead was too much
    }
    register(minorVersion);
    judge.told(toldProcessId());
    Map<String, String> known = door.welcomes().find(pool.key(), judge.settings());
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

  private void welcome(Map<String, String> reported) {
    judge.readsAs(PgDialects.of(reported));
    sayWelcome(reported);
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
          if (held.look() == null) {
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

  private void walk(ByteBuf in) {
    switch (frames.walk(in)) {
      case PASSED -> settleUnanswered();
      case STALLS -> {
        become(PgSessionState.STALLED);
        holdBack(in);
      }
      case WANTS_CHANNELS -> {
        become(PgSessionState.REALIGNING);
        holdBack(in);
        if (state == PgSessionState.REALIGNING) { // else too much is held
          channels.bring();
        }
      }
      case TERMINATED -> end(CloseReason.CLIENT_TERMINATED);
    }
  }

  /** As {@link #hold}, with the start of the message that has come before. */
  private void holdBack(ByteBuf in) {
    ByteBuf start = frames.takeHeld();
    if (start != null) {
      hold(start);
      start.release();
    }
    hold(in);
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
      if (frames.remaining() > 0) {
        dropPart(in, frames.remaining());
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
      } else if (frames.skips()) {
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
      } else if (in.readableBytes() < neededBeforeLease(type, length)) {
        hold(in);
        return;
      } else if (mode != PoolMode.TRANSACTION || !answeredHere(in)) {
        acquire(in);
      }
    }
    if (state == PgSessionState.LEASED && in.isReadable()) {
      walk(in);
    }
  }

  /**
   * How much of a message must be here before it is asked for a backend. What stands behind a BEGIN
   * that is sent in front of it must be ready to be sent: a client that went in between would leave
   * a transaction behind.
   */
  private long neededBeforeLease(int type, long length) {
    long some = Math.min(length, WHOLE_BEFORE_LEASE);
    return begin.pending() ? Math.max(some, StatementJudge.inspectLength(type, length)) : some;
  }

  /**
   * Whether what comes first needed no backend. A session that listens begins its transactions at
   * once: its channels may have to be there first.
   */
  private boolean answeredHere(ByteBuf in) {
    if (channels.shared() || !begin.concerns(in)) {
      return false;
    }
    ByteBuf out = channel.alloc().buffer(64);
    int answered = 0;
    try {
      answered = begin.answer(in, out);
    } finally {
      if (answered == 0) {
        out.release();
      }
    }
    if (answered == 0) {
      return false;
    }
    dropPart(in, answered);
    patience.happened();
    channel.writeAndFlush(out, channel.voidPromise());
    return true;
  }

  /** Lets the walker, which drops everything without a lease, see at most {@code length} bytes. */
  private void dropPart(ByteBuf in, long length) {
    frames.walk(in.readSlice((int) Math.min(length, in.readableBytes())));
  }

  /** Says that it is ready, without a backend. */
  void readyForQuery() {
    ByteBuf out = channel.alloc().buffer(6);
    Messages.readyForQuery(out, begin.status());
    channel.writeAndFlush(out, channel.voidPromise());
  }

  private void acquire(ByteBuf in) {
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
      return;
    }
    lastRequest = leases.tickTime();
    patience.happened();
    Lease hot = leases.tryAcquire(judge.settings());
    if (hot == null) {
      become(PgSessionState.WAITING);
      hold(in);
      if (state == PgSessionState.WAITING) {
        leases.await(this);
      }
    } else if (!take(hot, in)) {
      hold(in);
    }
  }

  /** Keeps what is left of {@code in} until it can be routed. */
  private void hold(ByteBuf in) {
    if (!state.open()) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (holdOrFail(in) && held.much() && state != PgSessionState.IDLE) {
      channel.config().setAutoRead(false); // resume() reads on
    }
  }

  private void routeHeld() {
    ByteBuf bytes = held.take();
    if (bytes != null) {
      routeAll(bytes);
    }
  }

  private void routeAll(ByteBuf bytes) {
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
    ByteBuf words = channel.alloc().buffer(256);
    Messages.error(words, refusal);
    if (type == Frontend.QUERY || type == Frontend.FUNCTION_CALL) {
      Messages.readyForQuery(words, 'I');
    }
    channel.writeAndFlush(words, channel.voidPromise());
  }

  /** Whether both belong to one user, so that each may cancel what the other runs. */
  boolean isOfUser(PgSession other) {
    return login.user().equals(other.login.user())
        && pool.key().user().equals(other.pool.key().user());
  }

  @Override
  public void onRepeat(ByteBuf requests) {
    boolean stalled = state == PgSessionState.STALLED;
    if (stalled) {
      become(PgSessionState.LEASED); // what came later still waits
    }
    if (!backend().aligned(judge.settings())) {
      // They were in front of the batch, and have been taken back with it.
      become(PgSessionState.REALIGNING);
      repeats = requests;
      prepared.onOwnQuery();
      backend().align(judge.settings());
      return;
    }
    repeat(requests);
    if (stalled && state == PgSessionState.LEASED) {
      become(PgSessionState.STALLED);
    }
    flushBackend();
  }

  private void repeat(ByteBuf requests) {
    try {
      frames.repeat(requests);
    } finally {
      requests.release();
    }
  }

  private void flushBackend() {
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
    if (take(granted, held.look()) && state == PgSessionState.LEASED) {
      resume();
    }
  }

  /**
   * Takes a backend; true if it is ready for the client's bytes.
   *
   * @param first what the client asks for, or null while it has asked for nothing
   */
  private boolean take(Lease granted, @Nullable ByteBuf first) {
    lease = granted;
    SessionBackend backend = (SessionBackend) granted.backend();
    backend.attach(this);
    judge.onLease(backend);
    prepared.onLease(channels.shared());
    frames.onLease();
    if (backend.aligned(judge.settings())) {
      judge.readsAs(backend.dialect());
      return begin.failed() ? failTransaction(backend) : taken(first);
    }
    if (first != null && alignsInFront(backend, first)) {
      return taken(first);
    }
    if (state != PgSessionState.WELCOMING) {
      become(PgSessionState.ALIGNING);
    }
    backend.align(judge.settings());
    return false;
  }

  /** The transaction that the client has begun has failed before this backend was there. */
  private boolean failTransaction(SessionBackend backend) {
    begin.take();
    become(PgSessionState.ALIGNING);
    backend.openFailedTransaction();
    return false;
  }

  private boolean taken(@Nullable ByteBuf first) {
    boolean welcoming = state == PgSessionState.WELCOMING;
    onTaken();
    if (!welcoming && begin.pending() && first != null) {
      judge.onBegin();
      backend().executeInFront(begin.take(), asksWithQuery(first));
    }
    return true;
  }

  private boolean alignsInFront(SessionBackend backend, ByteBuf first) {
    if (mode == PoolMode.SESSION
        || state == PgSessionState.WELCOMING
        || begin.pending()
        || channels.shared()) {
      return false;
    }
    List<PgSettings.Change> changes = judge.settings().changesFrom(backend.settings());
    if (changes == null
        || changes.size() > SettingsStatement.MOST
        || !backend.dialectWith(changes).equals(judge.dialect())
        || !front.fits(first)) {
      return false;
    }
    backend.alignInFront(judge.settings(), changes);
    return true;
  }

  private static boolean asksWithQuery(ByteBuf first) {
    int type = PgFrameFormat.FRONTEND.type(first, first.readerIndex());
    return type == Frontend.QUERY || type == Frontend.FUNCTION_CALL;
  }

  private void onTaken() {
    if (state == PgSessionState.WELCOMING) {
      Map<String, String> reported = Map.copyOf(leased().backend().reportedSettings());
      door.welcomes().remember(pool.key(), judge.settings(), reported);
      giveUpLease();
      welcome(reported);
    } else {
      cancelled = false;
      become(PgSessionState.LEASED);
    }
  }

  @Override
  public void onAligned() {
    if (backend().aligned(judge.settings())) {
      judge.readsAs(backend().dialect());
    }
    if (state == PgSessionState.WELCOMING) {
      onTaken();
    } else if (state == PgSessionState.ALIGNING
        && cancelled
        && backend().transactionState() == TransactionState.IDLE) {
      judge.notMended();
      giveUpLease();
      failUnit(canceled());
    } else if (repeats != null) {
      ByteBuf requests = repeats;
      repeats = null;
      become(PgSessionState.LEASED);
      repeat(requests);
      resumeAll();
    } else if (resting) {
      resting = false;
      become(PgSessionState.LEASED);
      settle();
      resume();
    } else if (state == PgSessionState.ALIGNING && begin.failed()) {
      begin.take();
      backend().openFailedTransaction(); // which comes back here
    } else {
      taken(held.look());
      resume();
      settleUnanswered();
    }
  }

  /** As {@link #resume}, also where the walker has the whole of what had to wait. */
  private void resumeAll() {
    channel.config().setAutoRead(true);
    routeAll(held.takeAll());
    flushBackend();
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
    PgSettings mended = judge.mends() ? null : mended(held.look());
    if (mended != null) {
      judge.mend(mended);
      backend().align(mended);
      return;
    }
    judge.notMended();
    giveUpLease();
    failUnit(failure);
  }

  /**
   * What the settings would be after what is asked: a session whose settings the server does not
   * take any more, because a role or another object is gone, may still change them.
   */
  private @Nullable PgSettings mended(@Nullable ByteBuf first) {
    if (first == null
        || state != PgSessionState.ALIGNING
        || mode == PoolMode.SESSION
        || begin.pending()) {
      return null;
    }
    Frames frames = new Frames(first);
    if (frames.next() == Frontend.QUERY) {
      int zero = frames.zero(frames.body());
      return zero < 0 ? null : judge.settingsAfter(door.rules(), first, frames.body(), zero);
    }
    LoneBatch batch =
        LoneBatch.read(first, prepared, meaning -> StatementJudge.maySet(meaning.facts()));
    if (batch == null) {
      return null;
    }
    byte[] text = batch.text();
    return judge.settingsAfter(door.rules(), Unpooled.wrappedBuffer(text), 0, text.length);
  }

  @Override
  protected void failed(SqlFailure failure) {
    failUnit(failure);
  }

  /** What was asked can't be served; the session goes on unless it has not begun. */
  private void failUnit(SqlFailure failure) {
    cancelled = false;
    if (state == PgSessionState.WELCOMING || failure.fatal()) {
      fail(
          failure.asFatal(),
          state == PgSessionState.WELCOMING ? CloseReason.LOGIN_REFUSED : CloseReason.DRAINING);
      return;
    }
    ByteBuf out = channel.alloc().buffer(256);
    Messages.error(out, failure);
    channel.writeAndFlush(out, channel.voidPromise());
    begin.fail();
    ByteBuf bytes = held.look();
    frames.skip(
        bytes == null ? Skipping.NOTHING : Skipping.after(bytes.getByte(bytes.readerIndex())));
    if (state != PgSessionState.IDLE) {
      become(PgSessionState.IDLE);
    }
    resume();
  }

  @Override
  public void onSettled(TransactionState transaction, boolean failed) {
    patience.happened();
    timer.onSettled(judge.first());
    if (transaction == TransactionState.IDLE) {
      pool.counters().transactionEnded();
    } else {
      pool.counters().statementEnded();
    }
    Lease mine = lease;
    if (mine != null) {
      judge.onSettled((SessionBackend) mine.backend(), transaction, failed);
      boolean promoted = mine.backend().movedSettings().containsKey("in_hot_standby");
      if (judge.takeUnexplained() || promoted) {
        door.welcomes().forget(); // perhaps a reload: who logs in from now on is told of it
      }
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
      case RELEASE -> {
        if (channels.mustLeaveListener()) {
          become(PgSessionState.REALIGNING);
          channels.leaveListener();
        } else {
          rest();
        }
      }
      case KEEP_UNFINISHED, KEEP_TRANSACTION -> {} // decided again when that is over
      case READ_BACK -> readBack(mine);
      case AWAIT_CANCEL -> realign(mine.backend()); // as KEEP_UNFINISHED, but idle meanwhile
      case KEEP_SESSION_MODE, KEEP_PINNED -> {
        SqlFailure unwanted = pins.unwanted();
        if (unwanted != null) {
          fail(unwanted, CloseReason.STATEMENT_NOT_ALLOWED);
          return;
        }
        tellOfPins();
        realign(mine.backend());
        channels.tell();
        if (draining) {
          fail(SqlFailure.draining(), CloseReason.DRAINING);
        }
      }
      case EVICT -> {
        if (hasNothingOn(mine.backend())) {
          release(); // it has what it asked for, and lost nothing
        } else {
          onBackendLost(EvictReason.BACKEND_CLOSED, SqlFailure.backendLost("closed"));
        }
      }
      case RESET, ROLL_BACK -> throw new IllegalStateException("a reset of a session that goes on");
    }
  }

  /** Whether all that the session asked for is answered, and none of its state is there. */
  private boolean hasNothingOn(Backend backend) {
    return mode != PoolMode.SESSION
        && backend.transactionState() == TransactionState.IDLE
        && !backend.owes()
        && !frames.midForward()
        && judge.leftovers() == Leftovers.NONE;
  }

  private void tellOfPins() {
    for (Pin pin : pins.untold()) {
      ByteBuf notice = channel.alloc().buffer(256);
      Messages.notice(
          notice,
          "this session keeps its backend from now on (" + pin.reason() + ")",
          pin.statement() == null ? null : "After: " + pin.statement(),
          "Other sessions can't use it until the cause is gone.");
      out.append(notice);
      out.flush();
    }
  }

  @Override
  protected void waitsLong(Duration waited) {
    if (state != PgSessionState.WAITING) {
      return; // before AuthenticationOk clients understand nothing but errors
    }
    ByteBuf notice = channel.alloc().buffer(256);
    Messages.notice(
        notice,
        "waiting for a backend of " + pool.key() + " since " + waited.toMillis() + " ms",
        pool.paused() ? "The pool is paused." : null,
        null);
    out.append(notice);
    out.flush();
  }

  /** Asks the server what the session has left, and decides then. */
  private void readBack(Lease mine) {
    become(PgSessionState.REALIGNING);
    reading = true;
    prepared.onOwnQuery();
    boolean asksChannels = judge.asksChannels();
    boolean plain = reportsUtf8("client_encoding");
    String question = judge.question();
    backend()
        .ask(plain ? question : SessionQuestion.encoded(question))
        .whenComplete((rows, failure) -> {
          reading = false;
          boolean ended = state == PgSessionState.ENDING && lease == mine;
          if (!realigns(mine) && !ended) {
            return; // the backend is lost, or the session over
          }
          if (failure == null) {
            List<@Nullable String[]> said = plain ? rows : SessionQuestion.decoded(rows);
            SessionTruth truth = SessionTruth.of(said, pool.key().user());
            judge.learn(truth, reportsUtf8("server_encoding"), backend());
            prepared.onSettled(backend(), false);
            if (ended && asksChannels) {
              judge.channelsHere(); // nobody is left to take them
            } else if (asksChannels) {
              channels.place(mine, truth.channels());
              return;
            }
          } else {
            LOG.warn("session {}: {} did not tell its state", id(), mine.backend(), failure);
            judge.notLearned();
          }
          if (ended) {
            clean(mine);
          } else {
            readBackOver();
          }
        });
  }

  private boolean reportsUtf8(String encoding) {
    return backend().reportedSettings().getOrDefault(encoding, "UTF8").equals("UTF8");
  }

  /** It is known what the session has left. */
  void readBackOver() {
    become(PgSessionState.LEASED);
    settle();
    if (state == PgSessionState.LEASED || state == PgSessionState.IDLE) {
      resume(); // else there is another question
    }
    if (cancelsNext) {
      cancelsNext = false;
      cancel();
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
          !leased().backend().owes()
              && !frames.midForward()
              && leased().backend().transactionState() == TransactionState.IDLE;
      case WELCOMING, ALIGNING, REALIGNING, STALLED, ENDING, ENDED -> false;
    };
  }

  @Override
  public boolean onNotification(ByteBuf in, int index, int length) {
    return channels.onNotification(in, index, length, mode);
  }

  /** The lease outlives the transaction: so must the settings, whatever RESET left of them. */
  private void realign(Backend backend) {
    if (!draining && !backend.aligned(judge.settings())) {
      become(PgSessionState.REALIGNING);
      prepared.onOwnQuery();
      backend.align(judge.settings());
    }
  }

  private ReleaseDecision decide(Backend backend, boolean ending) {
    return ReleaseDecision.decide(
        mode,
        backend.transactionState(),
        !backend.usable(),
        backend.owes(),
        frames.midForward(),
        ending,
        cancelling > 0,
        judge.leftovers());
  }

  /** Releases a backend that may rest as it is. */
  private void rest() {
    PgSettings now = backend().settings();
    PgSettings atRest = now.atRest();
    if (now == atRest) {
      release();
    } else {
      become(PgSessionState.REALIGNING);
      resting = true;
      backend().align(atRest);
    }
  }

  private void release() {
    ByteBuf rest = frames.takeHeld();
    ByteBuf later = held.take();
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
    channels.tell();
    if (draining) {
      fail(SqlFailure.draining(), CloseReason.DRAINING);
    }
  }

  private void giveUpLease() {
    Lease mine = leased();
    if (pins.takeStained()) {
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
      if (backend().settingsInFront() || backend().aligned(judge.settings())) {
        resumeAll();
        settleUnanswered();
      } else { // what was in front has been taken back
        settle();
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
    if (state.open()) {
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
    channel
        .eventLoop()
        .execute(() -> {
          Lease mine = lease;
          if (state == PgSessionState.WAITING) {
            leases.withdraw(this);
            failUnit(canceled());
            done.complete(null);
          } else if (state == PgSessionState.ALIGNING && judge.settings().rests()) {
            cancelled = true;
            done.complete(null);
          } else if (state == PgSessionState.REALIGNING && reading && held.look() != null) {
            cancelsNext = true;
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

  private static SqlFailure canceled() {
    return SqlFailure.error("57014", 1317, "canceling statement due to user request");
  }

  private void cancelled(
      Lease target, @Nullable Throwable failure, CompletableFuture<@Nullable Void> done) {
    cancelling--;
    done.complete(null);
    if (failure != null && lease == target) {
      backend().spend(EvictReason.CANCEL_UNCERTAIN); // it may come when another session runs there
    }
    boolean moving = channels.shared() && state == PgSessionState.REALIGNING;
    if (lease != target
        || cancelling > 0
        || moving
        || target.backend().owes()
        || frames.midForward()) {
      return; // what is still going on comes to settle() in its own time
    }
    if (failure != null) {
      LOG.warn("session {}: a cancel may still be on its way: {}", id(), failure.getMessage());
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
      return;
    }
    switch (decide(target.backend(), false)) {
      // What the session has left there is lost with it: nobody has to ask the server any more.
      case RELEASE, READ_BACK ->
          onBackendLost(
              EvictReason.CANCEL_UNCERTAIN,
              SqlFailure.backendLost("a cancel did not come to its end"));
      default -> {} // settle() comes when that is over
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
      case IDLE -> begin.pending() ? Patience.Phase.IN_TRANSACTION : Patience.Phase.IDLE;
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
  @Override
  void fail(SqlFailure failure, CloseReason reason) {
    if (state.open()) {
      if (lease == null || !backend().midMessage()) {
        writeFatal(failure); // else it would be read as the rest of the message
      }
      end(reason);
    }
  }

  private void end(CloseReason reason) {
    if (!state.open()) {
      return;
    }
    close(reason);
    Lease mine = lease;
    if (mine != null && reading && mine.backend().usable()) {
      // Clients that go at once would cost a backend each, and what they asked were never known.
      mine.backend().detach();
      channel.eventLoop().schedule(() -> notTold(mine), LAST_QUESTION_SECONDS, TimeUnit.SECONDS);
    } else if (mine != null) {
      clean(mine);
    }
  }

  /** The server takes too long to tell what the session, which is over, has left. */
  private void notTold(Lease mine) {
    if (lease == mine && reading) {
      lease = null;
      mine.evict(EvictReason.CLIENT_GONE);
      become(PgSessionState.ENDED);
    }
  }

  /** The client's half of the end. */
  private void close(CloseReason reason) {
    become(lease == null ? PgSessionState.ENDED : PgSessionState.ENDING);
    ByteBuf never = repeats;
    repeats = null;
    if (never != null) {
      never.release();
    }
    door.sessions().remove(this);
    channels.end();
    hangUp(reason, ChannelFutureListener.CLOSE);
  }

  /** The backend's half: it goes back clean, or not at all. */
  private void clean(Lease mine) {
    Backend backend = mine.backend();
    switch (decide(backend, true)) {
      case AWAIT_CANCEL -> {
        backend.detach(); // a client that is gone must not keep it from being read
        return; // cancelled() comes back here
      }
      case RELEASE -> {
        PgSettings now = ((SessionBackend) backend).settings();
        if (now == now.atRest()) {
          giveUpLease();
        } else {
          reset(mine, false);
        }
      }
      case RESET -> reset(mine, false);
      case ROLL_BACK -> reset(mine, true);
      case EVICT, KEEP_UNFINISHED, KEEP_TRANSACTION, KEEP_SESSION_MODE, KEEP_PINNED, READ_BACK -> {
        lease = null;
        backend.detach();
        if (frames.midForward()) {
          backend.channel().close(); // a Terminate would be read as the rest of the client's frame
        }
        mine.evict(EvictReason.CLIENT_GONE);
      }
    }
    frames.close();
    become(PgSessionState.ENDED);
  }

  private void reset(Lease mine, boolean rollBack) {
    lease = null;
    Backend backend = mine.backend();
    backend.detach();
    if (pins.takeStained() || judge.mayHaveRunUnasked()) {
      mine.evict(EvictReason.NOT_CLEANABLE);
      return;
    }
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
    return switch (state) {
      case WELCOMING -> State.LOGIN;
      case IDLE, ENDING, ENDED -> State.IDLE;
      case WAITING -> State.WAITING;
      case ALIGNING, LEASED, REALIGNING, STALLED -> State.ACTIVE;
    };
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
        state(),
        waitsFor(backend),
        connection(),
        login.connected(),
        Instant.now().minus(leases.since(lastRequest)),
        waited(pool),
        cancelling > 0,
        transaction(backend).label(),
        judge.settings().texts(),
        prepared.names(),
        pins.all(),
        backendId());
  }

  private TransactionState transaction(@Nullable Backend backend) {
    if (backend != null) {
      return backend.transactionState();
    }
    return switch (begin.status()) {
      case 'T' -> TransactionState.IN_TRANSACTION;
      case 'E' -> TransactionState.FAILED;
      default -> TransactionState.IDLE;
    };
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
  public String toString() {
    return "session " + id() + " " + state;
  }
}
