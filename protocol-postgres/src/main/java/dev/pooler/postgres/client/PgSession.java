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
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionDetail.WaitsFor;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.listen.Hearing;
import dev.pooler.postgres.listen.Notification;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.SessionTruth;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SettingsStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
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
  private final DeferredBegin begin;
  private final FrontBatch front;
  private final ChannelsAhead ahead;
  private final Patience patience;
  private final StatementTimer timer;
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.FRONTEND, this);
  private final ProcessIds processIds;

  /** The walker of the message that is looked at: another one for a message of ours. */
  private FrameWalker walking = walker;

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
  private int cancelling;

  /** What the session listens to; null while nobody else listens for it. */
  private @Nullable Listening listening;

  /** A batch of the extended protocol has been begun whose Sync has not been sent; if listening. */
  private boolean midBatch;

  /** The walk has ended in front of a message that waits for the session's channels. */
  private boolean bringsChannels;

  /** It has ended there, and what was sent before has to be answered first. */
  private boolean awaitsAnswers;

  /** The walk has just ended in front of a message that has to wait. */
  private boolean stalls;

  /** The backend is made ready to be nobody's. */
  private boolean resting;

  /** The batch is sent that something of ours stands in front of. */
  private boolean behindFront;

  /** That is what the next message waits for. */
  private boolean stalledByFront;

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
            id,
            mode,
            settings,
            pool.counters(),
            new PinNotes(Instant::now),
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
    this.processIds = new ProcessIds(this, door.cancelKeys());
    this.ahead = new ChannelsAhead(door, judge, prepared);
    this.patience = new Patience(login.timeouts());
    this.timer = new StatementTimer(leases, pool.counters());
    this.lastRequest = leases.tickTime();
  }

  /** The login is granted: learn what to tell the client, then serve it. */
  void begin(int minorVersion) {
    key = door.cancelKeys().register(this, minorVersion);
    judge.told(key.processId());
    door.sessions().add(this);
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
    tellNotifications();
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
    walker.walk(in);
    if (stalls) {
      stalls = false;
      become(PgSessionState.STALLED);
      holdBack(in);
    } else if (bringsChannels) {
      bringsChannels = false;
      bringChannels(in);
    } else if (terminated) {
      end(CloseReason.CLIENT_TERMINATED);
    } else {
      settleUnanswered();
    }
  }

  /** As {@link #hold}, with the start of the message that has come before. */
  private void holdBack(ByteBuf in) {
    ByteBuf start = walker.takeHeld();
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
    if (listening != null || !begin.concerns(in)) {
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

  /** A frame behind a failure has been dropped; the last of them is answered. */
  private void skipped(int type) {
    if (skipping.endsWith(type)) {
      skipping = Skipping.NOTHING;
      midBatch = false;
      readyForQuery();
    }
  }

  /** Lets the walker, which drops everything without a lease, see at most {@code length} bytes. */
  private void dropPart(ByteBuf in, long length) {
    walker.walk(in.readSlice((int) Math.min(length, in.readableBytes())));
  }

  private void readyForQuery() {
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
    if (state != PgSessionState.LEASED || terminated || skipping != Skipping.NOTHING) {
      return Verdict.DROP;
    }
    if (waitsBehindFront() || (prepared.holdsBack() && type != Frontend.TERMINATE)) {
      return Verdict.INSPECT; // which lets it wait
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
    return waitsBehindFront() || prepared.holdsBack()
        ? PgFrameFormat.HEADER
        : StatementJudge.inspectLength(type, length);
  }

  /**
   * If what stands in front of a batch fails, the server takes it back, and what is sent behind
   * that batch would run without it.
   */
  private boolean waitsBehindFront() {
    return behindFront && lease != null && backend().frontOpen();
  }

  @Override
  public void passing(int type, long length) {
    if (type == Frontend.TERMINATE) {
      terminated = state == PgSessionState.LEASED;
    } else if (skipping != Skipping.NOTHING) {
      skipped(type);
    } else if (lease != null && state == PgSessionState.LEASED) {
      if (type == Frontend.EXECUTE) {
        judge.onExecute();
        midBatch = listening != null;
      } else if (type == Frontend.SYNC) {
        prepared.onSync();
        behindFront = true;
        midBatch = false;
      }
      RequestEffect effect = type == Frontend.EXECUTE ? prepared.takeExecuteEffect() : null;
      expect(backend(), type, effect);
    }
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    if (prepared.holdsBack()) {
      stalls = true;
      return Verdict.WAIT;
    }
    SessionBackend backend = backend();
    if (waitsBehindFront()) {
      stalls = true;
      stalledByFront = true;
      return Verdict.WAIT;
    }
    SqlFailure refusal = null;
    Verdict verdict = Verdict.FORWARD;
    if (listening != null && wantsChannels(listening, type, in, index, available, backend)) {
      return Verdict.WAIT;
    }
    timer.onRequest();
    switch (type) {
      case Frontend.QUERY -> {
        StatementMeaning meaning = query(length, in, index, available, backend);
        if (meaning == null) {
          stalls = true;
          return Verdict.WAIT;
        }
        if (judge.namesProcess(meaning)) {
          return retell(type, length, in, index, backend);
        }
        refusal = judge.onQuery(meaning, backend);
      }
      case Frontend.FUNCTION_CALL -> refusal = judge.onFunctionCall(in, index, available);
      default -> {
        verdict = prepared.on(type, length, in, index, available, walking, backend, door.rules());
        if (verdict == Verdict.INSPECT) {
          return retell(type, length, in, index, backend);
        }
        refusal = prepared.takeRefusal();
        stalls = verdict == Verdict.WAIT;
      }
    }
    if (refusal != null) {
      refuse(refusal, type, backend, in, index);
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY && backend.settingsInFront()) {
      int text = index + PgFrameFormat.HEADER;
      walking.forwardPassed(in, index);
      backend.sendQueryAsBatch(in, text, index + available - 1);
      pool.counters().fromClient(available);
      behindFront = true;
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY || type == Frontend.FUNCTION_CALL) {
      expect(backend, type, null);
      behindFront = true;
    }
    return verdict;
  }

  @Override
  public void onRepeat(ByteBuf requests) {
    PgSessionState before = state;
    if (before == PgSessionState.STALLED) {
      become(PgSessionState.LEASED); // what came later still waits
    }
    FrameWalker again = new FrameWalker(PgFrameFormat.FRONTEND, this);
    walking = again;
    try {
      again.walk(requests);
      if (requests.isReadable()) {
        throw new IllegalStateException("session " + id + " can't repeat its batch");
      }
    } finally {
      walking = walker;
      requests.release();
    }
    if (before == PgSessionState.STALLED && state == PgSessionState.LEASED) {
      become(before);
    }
    flushBackend();
  }

  /** Puts another message in the place of one whose text names processes. */
  private Verdict retell(int type, long length, ByteBuf in, int index, SessionBackend backend) {
    walking.forwardPassed(in, index);
    int whole = Math.toIntExact(length);
    boolean acts = backend.transactionState() != TransactionState.FAILED;
    ByteBuf frame = processIds.retold(type, in, index, whole, toldProcessId(), acts);
    FrameWalker again = new FrameWalker(PgFrameFormat.FRONTEND, this);
    walking = again;
    judge.retold(true);
    try {
      again.walk(frame);
      if (frame.isReadable()) {
        return Verdict.WAIT;
      }
    } finally {
      frame.release();
      judge.retold(false);
      walking = walker;
    }
    walker.replaceStart(in, index, whole);
    return Verdict.DROP;
  }

  /** Whether both belong to one user, so that each may cancel what the other runs. */
  boolean isOfUser(PgSession other) {
    return login.user().equals(other.login.user())
        && pool.key().user().equals(other.pool.key().user());
  }

  /** Whether this message has to wait until the session's channels are on its backend. */
  private boolean wantsChannels(
      Listening mine, int type, ByteBuf in, int index, int available, SessionBackend backend) {
    boolean batch = type != Frontend.QUERY && type != Frontend.FUNCTION_CALL;
    if (mine.place() == Hearing.Place.LISTENER
        && backend.transactionState() == TransactionState.IDLE
        && !midBatch
        && ahead.touchesChannels(type, in, index, available)) {
      awaitsAnswers = backend.owes();
      stalls = awaitsAnswers;
      bringsChannels = !awaitsAnswers;
      return true;
    }
    midBatch = batch;
    return false;
  }

  /** What a query means, with the shared statement that it may name; null if it has to wait. */
  private @Nullable StatementMeaning query(
      long length, ByteBuf in, int index, int available, SessionBackend backend) {
    if (length > available) {
      return prepared.onQuery(StatementMeaning.UNKNOWN, length, in, index, walking, backend);
    }
    int text = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, text, index + available);
    StatementMeaning meaning = judge.read(door.rules(), in, text, zero);
    if (judge.namesProcess(meaning)) {
      return meaning;
    }
    judge.noteText(meaning, in, text, zero);
    if (judge.forgetsSequences(meaning.facts(), backend)) {
      walking.forwardPassed(in, index);
      if (backend.settingsInFront()) {
        backend.forgetSequences(); // the query becomes a part of their batch
      } else {
        backend.forgetSequencesForQuery();
      }
    }
    return prepared.onQuery(meaning, length, in, index, walking, backend);
  }

  private SessionBackend backend() {
    return (SessionBackend) leased().backend();
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    leased().backend().send(in, index, length);
    pool.counters().fromClient(length);
  }

  private static void expect(SessionBackend backend, int type, @Nullable RequestEffect effect) {
    if (!backend.expect(type, effect)) {
      throw new ProtocolViolation("more requests in one pipeline than can be answered");
    }
  }

  /**
   * A statement that may not run here: an error of ours where nothing else is open. Else the server
   * is made to fail in its place, because the transaction and what follows in the pipeline must
   * fail with it.
   */
  private void refuse(SqlFailure refusal, int type, SessionBackend backend, ByteBuf in, int index) {
    if (backend.owes() || backend.transactionState() != TransactionState.IDLE) {
      walking.forwardPassed(in, index);
      behindFront |= type == Frontend.QUERY;
      if (!backend.fail(type, refusal)) {
        throw new ProtocolViolation("more requests in one pipeline than can be answered");
      }
      return;
    }
    timer.onSettled(StatementClass.EMPTY);
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
    if (take(granted, held) && state == PgSessionState.LEASED) {
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
    prepared.onLease(listening != null);
    behindFront = false;
    stalledByFront = false;
    if (backend.aligned(judge.settings())) {
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
        || listening != null) {
      return false;
    }
    List<PgSettings.Change> changes = judge.settings().changesFrom(backend.settings());
    if (changes == null || changes.size() > SettingsStatement.MOST || !front.fits(first)) {
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
      become(PgSessionState.LEASED);
    }
  }

  @Override
  public void onAligned() {
    if (state == PgSessionState.WELCOMING) {
      onTaken();
    } else if (resting) {
      resting = false;
      become(PgSessionState.LEASED);
      settle();
      resume();
    } else if (state == PgSessionState.ALIGNING && begin.failed()) {
      begin.take();
      backend().openFailedTransaction(); // which comes back here
    } else {
      taken(held);
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
    begin.fail();
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
    timer.onSettled(judge.first());
    if (transaction == TransactionState.IDLE) {
      pool.counters().transactionEnded();
    } else {
      pool.counters().statementEnded();
    }
    Lease mine = lease;
    if (mine != null) {
      judge.onSettled((SessionBackend) mine.backend(), transaction, failed);
      if (mine.backend().movedSettings().containsKey("in_hot_standby")) {
        door.welcomes().forget(); // promoted: who logs in from now on is told so
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
        if (!leavesListener(mine)) {
          rest();
        }
      }
      case KEEP_UNFINISHED, KEEP_TRANSACTION -> {} // decided again when that is over
      case READ_BACK -> readBack(mine);
      case AWAIT_CANCEL -> realign(mine.backend()); // as KEEP_UNFINISHED, but idle meanwhile
      case KEEP_SESSION_MODE, KEEP_PINNED -> {
        SqlFailure unwanted = judge.unwanted();
        if (unwanted != null) {
          fail(unwanted, CloseReason.STATEMENT_NOT_ALLOWED);
          return;
        }
        tellOfPins();
        realign(mine.backend());
        tellNotifications();
        if (draining) {
          fail(SqlFailure.draining(), CloseReason.DRAINING);
        }
      }
      case EVICT -> onBackendLost(EvictReason.BACKEND_CLOSED, SqlFailure.backendLost("closed"));
      case RESET, ROLL_BACK -> throw new IllegalStateException("a reset of a session that goes on");
    }
  }

  private void tellOfPins() {
    for (Pin pin : judge.untoldPins()) {
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
    prepared.onOwnQuery();
    boolean channels = judge.asksChannels();
    backend()
        .ask(judge.question())
        .whenComplete((rows, failure) -> {
          if (lease != mine || state != PgSessionState.REALIGNING) {
            return; // the backend is lost, or the session over
          }
          if (failure == null) {
            SessionTruth truth = SessionTruth.of(rows, pool.key().user());
            judge.learn(truth, backend());
            prepared.onSettled(backend(), false);
            if (channels) {
              placeChannels(mine, truth.channels());
              return;
            }
          } else {
            LOG.warn("session {}: {} did not tell its state", id, mine.backend(), failure);
            judge.notLearned();
          }
          readBackOver();
        });
  }

  private void readBackOver() {
    become(PgSessionState.LEASED);
    settle();
    if (state == PgSessionState.LEASED || state == PgSessionState.IDLE) {
      resume(); // else there is another question
    }
  }

  // --- what it listens to --------------------------------------------------------------------

  /** The session's backend listens to these: the shared listener takes them over. */
  private void placeChannels(Lease mine, Set<String> channels) {
    if (!channels.isEmpty() && listening == null) {
      listening = Listening.begin(door, pool.key(), new Ear(), pool.counters());
    }
    Listening ear = listening;
    if (ear != null && ear.place() == Hearing.Place.LISTENER) {
      // Nobody could see that the channels were to be touched: by code that is new, or not at all.
      judge.channelsSettled(false);
      if (channels.isEmpty()) {
        readBackOver();
      } else {
        takeChannelsBack(mine, ear, this::readBackOver);
      }
      return;
    }
    if (ear == null || channels.isEmpty()) {
      channelsPlaced(false, !channels.isEmpty());
      return;
    }
    judge.channelsHere(); // if the session ends before it is settled
    ear.leave(channels, backend())
        .whenComplete((left, never) -> {
          if (lease == mine && state == PgSessionState.REALIGNING) {
            channelsPlaced(left, !left);
          }
        });
  }

  /** The session's channels are at the shared listener, on the backend alone, or there are none. */
  private void channelsPlaced(boolean atListener, boolean onBackend) {
    judge.channelsSettled(onBackend);
    if (!atListener) {
      stopListening();
    }
    readBackOver();
  }

  private void stopListening() {
    Listening mine = listening;
    listening = null;
    if (mine != null) {
      mine.end();
    }
  }

  /** The next message may touch what the session listens to: that goes to its backend first. */
  private void bringChannels(ByteBuf in) {
    Lease mine = leased();
    Listening ear = listening;
    if (ear == null) {
      throw new IllegalStateException("session " + id + " listens to nothing");
    }
    become(PgSessionState.REALIGNING);
    holdBack(in);
    if (state != PgSessionState.REALIGNING) {
      return; // too much is held
    }
    takeChannelsBack(
        mine,
        ear,
        () -> {
          become(PgSessionState.LEASED);
          resume();
        });
  }

  private void takeChannelsBack(Lease mine, Listening ear, Runnable next) {
    judge.channelsHere();
    ear.comeBack(backend())
        .whenComplete((back, never) -> {
          if (lease != mine || state != PgSessionState.REALIGNING) {
            return;
          }
          if (back) {
            next.run();
          } else {
            fail(
                SqlFailure.backendLost("it could not listen to the session's channels"),
                CloseReason.BACKEND_LOST);
          }
        });
  }

  /** The listener hears in one encoding: a session that has left it hears for itself. */
  private boolean leavesListener(Lease mine) {
    Listening ear = listening;
    if (ear == null || ear.place() != Hearing.Place.LISTENER || Listening.serves(backend())) {
      return false;
    }
    become(PgSessionState.REALIGNING);
    takeChannelsBack(mine, ear, () -> channelsPlaced(false, true));
    return true;
  }

  private void tellNotifications() {
    Listening mine = listening;
    if (mine != null) {
      mine.tell();
    }
  }

  @Override
  public boolean onNotification(ByteBuf in, int index, int length) {
    if (mode != PoolMode.SESSION && !judge.mayHear()) {
      return false;
    }
    SessionBackend backend = backend();
    Listening mine = listening;
    Speakers.Speaker speakers = backend.speaker();
    if (mine != null && !mine.onBackend(Notification.read(in, index, length, speakers))) {
      return false;
    }
    int place = index + PgFrameFormat.HEADER;
    int speaker = in.getInt(place);
    int told = toldProcessId();
    int itsTold = speakers.told(speaker);
    // Its own words come from its own backend: another backend is somebody else's by now.
    boolean own = speaker == backend.processId();
    in.setInt(place, own ? told : itsTold == told ? speaker : itsTold);
    pool.counters().notified();
    return true;
  }

  private int toldProcessId() {
    CancelKey mine = key;
    return mine == null ? 0 : mine.processId();
  }

  /** What the ear of this session needs of it. */
  private final class Ear implements Listening.Host {
    @Override
    public EventLoop eventLoop() {
      return channel.eventLoop();
    }

    @Override
    public int told() {
      return toldProcessId();
    }

    @Override
    public boolean mayTell() {
      return switch (state) {
        case IDLE, WAITING -> true;
        case LEASED ->
            !leased().backend().owes()
                && !walker.midForward()
                && leased().backend().transactionState() == TransactionState.IDLE;
        case WELCOMING, ALIGNING, REALIGNING, STALLED, ENDING, ENDED -> false;
      };
    }

    @Override
    public boolean isWritable() {
      return channel.isWritable();
    }

    @Override
    public ByteBuf buffer(int bytes) {
      return channel.alloc().buffer(bytes);
    }

    @Override
    public void tell(ByteBuf messages, int count) {
      pool.counters().fromBackend(messages.readableBytes());
      out.append(messages);
      out.flush();
      pool.counters().notified(count);
    }

    @Override
    public boolean hold(int bytes) {
      return door.limits().hold(bytes);
    }

    @Override
    public void letGo(int bytes) {
      door.limits().letGo(bytes);
    }

    @Override
    public void onGap() {
      fail(
          SqlFailure.fatal(
                  "57P01",
                  1053,
                  "the backend that listens for this session was lost: notifications"
                      + " may have been missed")
              .withHint("Connect again, or set listen-gap: notice for this database."),
          CloseReason.NOTIFICATIONS_LOST);
    }

    @Override
    public void onUnread() {
      fail(
          SqlFailure.fatal("53200", 1041, "too many notifications wait for this client")
              .withDetail(
                  "They are passed between transactions, and as fast as the client reads them.")
              .withHint("Read more often, make transactions shorter, or raise limits.memory."),
          CloseReason.NOTIFICATIONS_UNREAD);
    }
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
        walker.midForward(),
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
    tellNotifications();
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
    if (state == PgSessionState.STALLED && stallIsOver()) {
      become(PgSessionState.LEASED);
      if (held == null) {
        held = Unpooled.EMPTY_BUFFER; // the walker may have the whole of what had to wait
      }
      if (backend().settingsInFront() || backend().aligned(judge.settings())) {
        resume();
        settleUnanswered();
      } else { // what was in front has been taken back
        become(PgSessionState.REALIGNING);
        backend().align(judge.settings());
      }
    }
  }

  /** What the next message waited for has been answered. */
  private boolean stallIsOver() {
    boolean decided = prepared.takeDecided(backend());
    boolean over = frontIsOver();
    return answered() || over || decided;
  }

  private boolean frontIsOver() {
    boolean over = stalledByFront && !backend().frontOpen();
    stalledByFront &= !over;
    return over;
  }

  /** What the session's channels waited for has been answered. */
  private boolean answered() {
    if (!awaitsAnswers || leased().backend().owes()) {
      return false;
    }
    awaitsAnswers = false;
    return true;
  }

  @Override
  public @Nullable String statementName(String shared) {
    return prepared.nameOf(shared);
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
    boolean moving = listening != null && state == PgSessionState.REALIGNING;
    if (lease != target
        || cancelling > 0
        || moving
        || target.backend().owes()
        || walker.midForward()) {
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
    stopListening();
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
        transaction(backend).label(),
        judge.settings().texts(),
        prepared.names(),
        judge.pins(),
        backend == null ? null : backend.id());
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
  public void close(CloseReason reason, SqlFailure told) {
    channel.eventLoop().execute(() -> fail(told, reason));
  }

  @Override
  public String toString() {
    return "session " + id + " " + state;
  }
}
