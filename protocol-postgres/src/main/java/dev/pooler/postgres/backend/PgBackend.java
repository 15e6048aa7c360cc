package dev.pooler.postgres.backend;

import dev.pooler.core.pool.BackendDetail;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.SessionSettings;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.relay.Outlet;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementName;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One PostgreSQL backend after its login: counts what it owes ({@link PgReplies}), passes replies
 * to the session that holds it ({@link BackendFrames}), keeps its settings, and makes requests of
 * our own (aligning settings, resetting, probing) whose replies the session never sees. It is long
 * because {@link SessionBackend} is: most of that is done by {@link BackendStatements}, {@link
 * StatementRequests} and {@link RequestsInFront}.
 *
 * <p>Confined to its channel's event loop, except where its interface says otherwise. It is in one
 * of: free, held by a session, or busy with a request of our own ({@link OwnRequests}, on behalf of
 * its session or of the pool).
 */
public final class PgBackend implements SessionBackend {
  private static final Logger LOG = LoggerFactory.getLogger(PgBackend.class);

  private final long id;
  private final Channel channel;
  private final Outlet out;
  private final PgTarget target;
  private final BackendIdentity identity;
  private final PgReplies replies = new PgReplies();
  private final OwnRequests own;
  private final BatchFront front = new BatchFront();
  private final KeptBatch kept = new KeptBatch();
  private final BackendStatements statements;
  private final StatementRequests requests;
  private final RequestsInFront inFront;
  private final BackendSequences sequences = new BackendSequences();
  private final ReportedSettings reported;
  private final BackendFrames frames;
  private final Instant connected = Instant.now();
  private final Speakers.Speaker speaker;

  private @Nullable LeaseHolder holder;

  private PgSettings settings = PgSettings.NONE;

  /** What it is to have when the server has answered. */
  private PgSettings aligning = PgSettings.NONE;

  private int era = -1;

  private volatile @Nullable EvictReason dead;

  /** Why it is to be closed when its lease ends, or null. */
  private @Nullable EvictReason spent;

  PgBackend(
      long id,
      Channel channel,
      PgTarget target,
      BackendIdentity identity,
      ReportedSettings reported,
      int statementLimit) {
    this.id = id;
    this.channel = channel;
    this.out = new Outlet(channel);
    this.own = new OwnRequests(replies, out, channel.alloc());
    this.target = target;
    this.identity = identity;
    this.reported = reported;
    this.statements = new BackendStatements(statementLimit);
    this.frames =
        new BackendFrames(
            this, out, replies, own, front, kept, statements, sequences, this.reported);
    this.requests = new StatementRequests(statements, replies, front, out);
    this.inFront = new RequestsInFront(replies, front, requests, sequences, out);
    this.speaker = target.speakers().enter(target.address(), identity.processId());
    channel.closeFuture().addListener(closed -> speaker.leave());
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public Channel channel() {
    return channel;
  }

  @Override
  public BackendDetail detail() {
    return new BackendDetail(
        id,
        identity.processId(),
        channel.remoteAddress(),
        channel.localAddress(),
        channel.pipeline().get(SslHandler.class) != null,
        connected,
        statements.size());
  }

  @Override
  public boolean usable() {
    return dead == null && channel.isActive();
  }

  @Override
  public EvictReason deadFor() {
    EvictReason reason = dead;
    return reason == null ? EvictReason.BACKEND_CLOSED : reason;
  }

  @Override
  public void attach(LeaseHolder session) {
    if (holder != null || own.isOpen()) {
      throw new IllegalStateException("backend " + id + " is not free");
    }
    holder = session;
    frames.onLease();
    kept.cancelOver();
    kept.clear();
    reported.inStep();
  }

  @Override
  public @Nullable LeaseHolder holder() {
    return holder;
  }

  @Override
  public void detach() {
    holder = null;
    if (replies.strayed()) {
      spend(EvictReason.NOT_CLEANABLE);
    }
    if (dead == null) {
      dead = replies.doubtful() ? EvictReason.BACKEND_CHATTER : spent;
    }
    if (!channel.config().isAutoRead()) {
      // Its session's client was slow; an idle backend is always read, to see it close.
      channel.config().setAutoRead(true);
    }
  }

  @Override
  public boolean aligned(SessionSettings wanted) {
    return settings == wanted || settings.equals(wanted);
  }

  @Override
  public void align(SessionSettings wanted) {
    PgSettings its = (PgSettings) wanted;
    aligning = its;
    own.begin(failure -> alignAnswered(its, failure), its.differenceFrom(settings));
  }

  private void alignAnswered(PgSettings wanted, @Nullable SqlFailure failure) {
    aligning = PgSettings.NONE;
    LeaseHolder session = holder;
    if (failure == null) {
      settings = wanted;
      reported.inStep();
      if (session != null) {
        session.onAligned();
      }
    } else if (session != null) {
      session.onAlignFailed(failure);
    }
  }

  @Override
  public void assumeSettings(SessionSettings now) {
    settings = (PgSettings) now;
    reported.inStep();
  }

  @Override
  public void provenSettings(PgSettings now) {
    assumeSettings(now);
    reported.proven(now);
  }

  @Override
  public Map<String, String> reportedSettings() {
    return reported.now();
  }

  @Override
  public Map<String, String> defaultSettings() {
    return reported.unset();
  }

  @Override
  public Map<String, String> movedSettings() {
    return reported.moved();
  }

  @Override
  public boolean expect(int requestType) {
    return replies.expect(requestType);
  }

  @Override
  public void dropLeftovers(RequestEffect effect) {
    inFront.dropLeftovers(effect);
  }

  @Override
  public boolean expect(int requestType, @Nullable RequestEffect effect) {
    return replies.expect(requestType, effect);
  }

  @Override
  public boolean holds(SharedStatement statement) {
    return statements.proven(statement.name());
  }

  @Override
  public int takeParses() {
    return statements.takeParses();
  }

  @Override
  public boolean midBatch() {
    return replies.unsynced();
  }

  @Override
  public boolean awaitsClient() {
    return replies.awaitsClient();
  }

  @Override
  public boolean asked(SharedStatement statement) {
    return statements.contains(statement.name());
  }

  @Override
  public boolean undecided(SharedStatement statement) {
    return statements.undecided(statement.name(), replies.batch());
  }

  @Override
  public void ensure(SharedStatement statement) {
    requests.ensure(statement);
  }

  @Override
  public Dialect dialect() {
    return reported.dialect();
  }

  @Override
  public Dialect usualDialect() {
    return reported.usualDialect();
  }

  @Override
  public Dialect dialectWith(List<PgSettings.Change> changes) {
    return reported.dialectWith(changes);
  }

  @Override
  public PgSettings settings() {
    return settings;
  }

  /** Whether a report of this setting may tell what a session has, or is about to have. */
  boolean mayHaveSet(String setting) {
    return settings == PgSettings.UNKNOWN || settings.sets(setting) || aligning.sets(setting);
  }

  @Override
  public int era() {
    return era;
  }

  @Override
  public void era(int first) {
    era = first;
  }

  @Override
  public void alignInFront(PgSettings wanted, List<PgSettings.Change> changes) {
    inFront.align(wanted, changes, reported.unset());
  }

  @Override
  public boolean settingsInFront() {
    return front.holdsSettings();
  }

  @Override
  public void sendQueryAsBatch(ByteBuf in, int text, int zero) {
    inFront.sendQueryAsBatch(in, text, zero);
  }

  @Override
  public void executeInFront(byte[] definition, boolean forQuery) {
    inFront.execute(definition, forQuery);
  }

  @Override
  public void closePortal() {
    inFront.closePortal();
  }

  @Override
  public boolean frontOpen() {
    return front.isOpen() || kept.isDue();
  }

  @Override
  public void keepBatch(ByteBuf in, int index, int length, int count) {
    kept.keep(in, index, length, count);
  }

  @Override
  public void forgetBatch() {
    kept.clear();
  }

  private void repeat() {
    ByteBuf requests = kept.take();
    boolean missed = kept.takeCancel();
    LeaseHolder session = holder;
    if (session != null) {
      session.onRepeat(requests, missed);
    } else {
      requests.release();
    }
  }

  @Override
  public boolean takeStalePlan() {
    return frames.takeStalePlan();
  }

  @Override
  public void openFailedTransaction() {
    failTransaction(false);
  }

  /**
   * Begins a transaction in order to fail.
   *
   * @param instead of one whose BEGIN was lost in front of a batch: the client waits for its end
   */
  void failTransaction(boolean instead) {
    own.begin(failure -> transactionFailed(instead), "BEGIN", "SELECT 1/0");
  }

  private void transactionFailed(boolean instead) {
    LeaseHolder session = holder;
    if (frames.transaction() != TransactionState.FAILED) {
      failTransaction(instead); // a cancel has hit it again
    } else if (session != null && instead) {
      frames.readyInFailed(session);
    } else if (session != null) {
      session.onAligned();
    }
  }

  @Override
  public void ensureForQuery(SharedStatement statement) {
    requests.ensureForQuery(statement);
  }

  @Override
  public boolean expectParse(SharedStatement statement, RequestEffect effect) {
    return requests.expectParse(statement, effect);
  }

  @Override
  public boolean expectParse(SharedStatement statement, long now, RequestEffect effect) {
    return requests.expectParse(statement, now, effect);
  }

  @Override
  public boolean parsedSince(SharedStatement statement, long earliest) {
    return statements.provenSince(statement.name(), earliest);
  }

  @Override
  public boolean parsedBefore(RequestEffect effect) {
    return requests.parsedBefore(effect);
  }

  @Override
  public void parseUnnamed(byte[] definition, int length, RequestEffect effect) {
    inFront.parseUnnamed(definition, length, effect);
  }

  @Override
  public boolean fail(int requestType, SqlFailure told) {
    return inFront.fail(requestType, told);
  }

  @Override
  public void displaced(SharedStatement statement) {
    statements.displace(statement.name());
  }

  @Override
  public RequestEffect deallocating(StatementName statement) {
    return statements.remove(statement);
  }

  @Override
  public RequestEffect deallocatingAll() {
    return statements.removeAll();
  }

  @Override
  public void allDeallocated() {
    statements.clear();
  }

  @Override
  public boolean retain(Set<String> names) {
    return statements.retain(names);
  }

  @Override
  public boolean visit(long session) {
    return sequences.visit(session);
  }

  @Override
  public boolean sequencesAreOwn() {
    return sequences.areOwn();
  }

  @Override
  public void forgetSequences() {
    inFront.forgetSequences();
  }

  @Override
  public void forgetSequencesForQuery() {
    inFront.forgetSequencesForQuery();
  }

  @Override
  public ByteBuf room(int bytes) {
    return out.room(bytes);
  }

  @Override
  public CompletionStage<List<@Nullable String[]>> ask(String... statements) {
    Question question = new Question();
    question.rows = own.read(question, statements);
    return question.answer;
  }

  @Override
  public void spend(EvictReason reason) {
    spent = reason;
  }

  @Override
  public boolean midMessage() {
    return frames.midForward();
  }

  @Override
  public int processId() {
    return identity.processId();
  }

  @Override
  public Speakers.Speaker speaker() {
    return speaker;
  }

  @Override
  public void send(ByteBuf in, int index, int length) {
    out.append(in, index, length);
    LeaseHolder session = holder;
    if (session != null) {
      Backpressure.apply(session.client(), channel);
    }
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public boolean owes() {
    return replies.owed() || own.isOpen() || frames.settled(); // but for the rest of a notice
  }

  @Override
  public TransactionState transactionState() {
    return frames.transaction();
  }

  @Override
  public CompletionStage<Boolean> reset(boolean rollBack) {
    Trial trial = new Trial(this::isCleanOfAll);
    // DISCARD ALL refuses a transaction block, so the two can't be one string.
    if (rollBack) {
      own.begin(trial, "ROLLBACK", "DISCARD ALL");
    } else {
      own.begin(trial, "DISCARD ALL");
    }
    return trial.answer;
  }

  @Override
  public CompletionStage<Boolean> probe() {
    Trial trial = new Trial(this::isClean);
    execute(() -> {
      if (!usable() || owes()) {
        trial.lost();
      } else {
        own.begin(trial);
      }
    });
    return trial.answer;
  }

  private boolean isClean() {
    return frames.transaction() == TransactionState.IDLE && usable();
  }

  /** DISCARD ALL has been answered, and what else was asked with it. */
  private boolean isCleanOfAll() {
    if (frames.transaction() == TransactionState.IDLE) {
      settings = PgSettings.NONE;
      statements.clear();
      sequences.reset();
    }
    return isClean();
  }

  @Override
  public boolean inDoubt() {
    return replies.doubtful();
  }

  @Override
  public boolean takesCopyWithSync() {
    return replies.copyInWithSync();
  }

  @Override
  public boolean awaitsSync() {
    return replies.awaitsSync();
  }

  @Override
  public void endDoubt(Runnable then) {
    own.beginInDoubt(failure -> {
      replies.certain();
      then.run();
    });
  }

  @Override
  public CompletionStage<@Nullable Void> cancel() {
    kept.onCancel();
    return PgCancel.send(target, channel, identity.key());
  }

  @Override
  public CompletionStage<@Nullable Void> close(EvictReason reason) {
    CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
    execute(() -> closeOnLoop(reason, closed));
    return closed;
  }

  private void closeOnLoop(EvictReason reason, CompletableFuture<@Nullable Void> closed) {
    if (dead == null) {
      dead = reason;
    }
    channel.closeFuture().addListener(done -> closed.complete(null));
    if (!channel.isActive()) {
      return;
    }
    channel.config().setAutoRead(true);
    Farewell farewell = new Farewell(channel, out, this::cancel);
    if (replies.copyBoth()) {
      farewell.say(true); // a cancel would outrun what the client has said last of where it is
    } else if (replies.owed() && identity.key() != null) {
      // The server would run the statement to its end and hold a place in max_connections.
      cancel().whenComplete((done, failure) -> execute(() -> farewell.say(true)));
    } else {
      farewell.say(false);
    }
  }

  @Override
  public CompletionStage<@Nullable Void> moveTo(EventLoop loop) {
    CompletableFuture<@Nullable Void> moved = new CompletableFuture<>();
    if (channel.eventLoop() == loop) {
      moved.complete(null);
      return moved;
    }
    execute(() -> LoopMove.begin(channel, loop, moved));
    return moved;
  }

  /** Bytes from the server; the caller keeps {@code in}. */
  void onBytes(ByteBuf in) {
    try {
      frames.walk(in);
    } catch (ProtocolViolation e) {
      LOG.warn("backend {} of {}: {}", id, target, e.getMessage());
      lost(
          EvictReason.PROTOCOL_VIOLATION,
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())));
      return;
    }
    SqlFailure last = frames.fatal();
    if (last != null) {
      // Nothing follows a FATAL; what came before it settles nothing any more.
      if (!frames.midFrame()) {
        lost(EvictReason.BACKEND_FATAL, last);
      }
      return;
    }
    if (frames.midForward()) {
      return; // half a notice, or of what is not over: the rest belongs to the same client
    }
    own.completeIfDone();
    if (kept.isDue() && !replies.owed()) {
      repeat();
    }
    if (frames.takeSettled()) {
      LeaseHolder session = holder;
      if (session != null && !replies.owed()) {
        boolean hadError = frames.takeFailed();
        kept.cancelOver();
        session.onSettled(frames.transaction(), hadError);
      }
    }
  }

  void onReadComplete() {
    frames.flush();
  }

  void onWritabilityChanged() {
    LeaseHolder session = holder;
    if (session != null) {
      Backpressure.update(session.client(), channel);
    }
  }

  void onClosed() {
    SqlFailure fatal = frames.fatal();
    SqlFailure told =
        fatal != null ? fatal : SqlFailure.backendLost("the server closed the connection");
    lost(fatal != null ? EvictReason.BACKEND_FATAL : EvictReason.BACKEND_CLOSED, told);
    frames.close();
    out.close();
  }

  /** A free backend that talks is out of step: nobody gets it. */
  void chatter() {
    if (dead == null) {
      dead = EvictReason.BACKEND_CHATTER;
    }
  }

  /** The server has said its last words. */
  void fatal() {
    dead = EvictReason.BACKEND_FATAL;
  }

  /** The batch is over that something of ours stood in front of. */
  void settleFront() {
    settings = front.settle(frames.transaction(), settings);
  }

  private void lost(EvictReason reason, SqlFailure told) {
    if (dead == null) {
      dead = reason;
    }
    replies.clear();
    front.clear();
    frames.takeSettled();
    own.lost();
    LeaseHolder session = holder;
    if (session != null) {
      holder = null;
      // Into the middle of a message that the client has the start of, nothing can be said.
      boolean mute = frames.fatalForwarded() || midMessage();
      session.onBackendLost(reason, mute ? null : told);
    }
    channel.close();
  }

  private void execute(Runnable task) {
    EventLoop loop = channel.eventLoop();
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  @Override
  public String toString() {
    return "backend " + id + " (pid " + identity.processId() + " at " + target + ")";
  }
}
