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
import dev.pooler.core.statement.Lexical;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.ErrorFields;
import dev.pooler.postgres.codec.ErrorNames;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.listen.Notification;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SettingsStatement;
import dev.pooler.postgres.statement.SharedStatement;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
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
 * to the session that holds it, keeps its settings, and makes requests of our own (aligning
 * settings, resetting, probing) whose replies the session never sees.
 *
 * <p>Confined to its channel's event loop, except where its interface says otherwise. It is in one
 * of: free, held by a session, or busy with a request of our own ({@link OwnRequests}, on behalf of
 * its session or of the pool).
 */
public final class PgBackend implements SessionBackend, FrameSink {
  private static final Logger LOG = LoggerFactory.getLogger(PgBackend.class);

  /** ErrorResponse begins with severity and SQLSTATE: so many bytes hold them. */
  private static final int ERROR_HEAD = 512;

  private static final int LARGEST_STATUS = 64 * 1024;

  private static final String FORGET_SEQUENCES = "DISCARD SEQUENCES";

  private static final String NO_STATEMENT = "_pooler_none";

  private final long id;
  private final Channel channel;
  private final Outlet out;
  private final PgTarget target;
  private final BackendIdentity identity;
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, this);
  private final PgReplies replies = new PgReplies();
  private final OwnRequests own;
  private final BatchFront front = new BatchFront();
  private final KeptBatch kept = new KeptBatch();
  private final BackendStatements statements;
  private final BackendSequences sequences = new BackendSequences();
  private final Map<String, String> reported;

  /** What is reported while nobody has set anything. */
  private final Map<String, String> reportedAtLogin;

  /** How the server reads texts. */
  private Dialect dialect;

  private final Instant connected = Instant.now();
  private final Speakers.Speaker speaker;

  private @Nullable LeaseHolder holder;

  /** The session that replies were written to in this turn: flushed once at its end. */
  private @Nullable LeaseHolder lastWritten;

  private PgSettings settings = PgSettings.NONE;
  private @Nullable Map<String, String> reportedAtLease;
  private TransactionState transaction = TransactionState.IDLE;

  private boolean settled;
  private boolean failed;
  private boolean stalePlan;
  private boolean fatalForwarded;
  private @Nullable SqlFailure fatal;
  private volatile @Nullable EvictReason dead;

  /** Why it is to be closed when its lease ends, or null. */
  private @Nullable EvictReason spent;

  PgBackend(
      long id,
      Channel channel,
      PgTarget target,
      BackendIdentity identity,
      Map<String, String> reported,
      int statementLimit) {
    this.id = id;
    this.channel = channel;
    this.out = new Outlet(channel);
    this.own = new OwnRequests(replies, out, channel.alloc());
    this.target = target;
    this.identity = identity;
    this.reported = reported;
    this.reportedAtLogin = Map.copyOf(reported);
    this.dialect = PgDialects.of(reported);
    this.statements = new BackendStatements(statementLimit);
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
    failed = false;
    kept.clear();
    reportedAtLease = null;
  }

  @Override
  public @Nullable LeaseHolder holder() {
    return holder;
  }

  @Override
  public void detach() {
    holder = null;
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
    own.begin(failure -> alignAnswered(its, failure), its.differenceFrom(settings));
  }

  private void alignAnswered(PgSettings wanted, @Nullable SqlFailure failure) {
    LeaseHolder session = holder;
    if (failure == null) {
      settings = wanted;
      reportedAtLease = null;
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
    reportedAtLease = null;
  }

  @Override
  public Map<String, String> reportedSettings() {
    return Collections.unmodifiableMap(reported);
  }

  @Override
  public Map<String, String> movedSettings() {
    Map<String, String> before = reportedAtLease;
    if (before == null) {
      return Map.of();
    }
    Map<String, String> moved = new HashMap<>(reported);
    moved.entrySet().removeAll(before.entrySet());
    return moved;
  }

  @Override
  public boolean expect(int requestType) {
    return replies.expect(requestType);
  }

  @Override
  public void dropLeftovers(RequestEffect effect) {
    replies.expectOwnClose(effect);
    Messages.closeStatement(out.room(8), "");
  }

  @Override
  public boolean expect(int requestType, @Nullable RequestEffect effect) {
    return replies.expect(requestType, effect);
  }

  @Override
  public boolean holds(SharedStatement statement) {
    return statements.proven(statement);
  }

  @Override
  public boolean holdsAny() {
    return statements.size() > 0;
  }

  @Override
  public boolean midBatch() {
    return replies.unsynced();
  }

  @Override
  public boolean asked(SharedStatement statement) {
    return statements.contains(statement);
  }

  @Override
  public boolean undecided(SharedStatement statement) {
    return statements.undecided(statement, replies.batch());
  }

  @Override
  public void ensure(SharedStatement statement) {
    if (!statements.contains(statement) && !replies.skipping()) {
      makeRoomFor(statement);
      replies.expectOwnParse(statements.add(statement, replies.batch()));
      statement.writeParse(out.room(statement.parseLength()));
    }
  }

  @Override
  public Dialect dialect() {
    return dialect;
  }

  @Override
  public Dialect usualDialect() {
    return PgDialects.of(reportedAtLogin);
  }

  @Override
  public Dialect dialectWith(List<PgSettings.Change> changes) {
    Dialect then = dialect;
    for (PgSettings.Change change : changes) {
      if (change.name().equals(PgDialects.CONFORMING)) {
        return PgDialects.IN_DOUBT; // on and off have many spellings
      } else if (change.name().equals(PgDialects.ENCODING)) {
        String value = change.value();
        value = value == null ? reportedAtLogin.get(PgDialects.ENCODING) : value;
        boolean conforming = !then.has(Lexical.BACKSLASH_STRINGS);
        then = PgDialects.of(conforming, value == null ? "" : value);
      }
    }
    return then;
  }

  private static boolean decidesDialect(String setting) {
    return setting.equals(PgDialects.CONFORMING) || setting.equals(PgDialects.ENCODING);
  }

  /** The server has reported a setting. */
  private void report(String setting, String value) {
    reported.put(setting, value);
    if (decidesDialect(setting)) {
      dialect = PgDialects.of(reported);
    }
  }

  @Override
  public PgSettings settings() {
    return settings;
  }

  @Override
  public void alignInFront(PgSettings wanted, List<PgSettings.Change> changes) {
    front.put(new SettingsInFront(wanted, changes, reportedAtLogin));
    SharedStatement statement = SettingsStatement.of(changes.size());
    ensure(statement);
    replies.expectOwnExecution(false, null);
    SettingsStatement.writeExecution(
        out.room(SettingsStatement.executionLength(changes)), statement, changes);
  }

  @Override
  public boolean settingsInFront() {
    return front.holdsSettings();
  }

  @Override
  public void sendQueryAsBatch(ByteBuf in, int text, int zero) {
    replies.expectQueryAsBatch();
    int length = zero - text;
    ByteBuf request = out.room(length + 64);
    request.writeByte(Frontend.PARSE).writeInt(4 + 1 + length + 1 + 2).writeByte(0);
    request.writeBytes(in, text, length).writeByte(0).writeShort(0);
    Messages.bind(request, "", List.of());
    Messages.describePortal(request);
    Messages.execute(request);
    Messages.sync(request);
  }

  @Override
  public void executeInFront(byte[] definition, boolean forQuery) {
    RequestEffect begun = front.putBegin();
    if (forQuery) {
      replies.expectOwnParseForQuery(RequestEffect.NONE);
    } else {
      replies.expectOwnParse(RequestEffect.NONE);
    }
    writeUnnamedParse(definition, definition.length);
    replies.expectOwnExecution(forQuery, begun);
    ByteBuf execution = out.room(64);
    Messages.bind(execution, "", List.of());
    Messages.execute(execution);
  }

  @Override
  public boolean frontOpen() {
    return front.isOpen() || kept.isDue();
  }

  @Override
  public void keepBatch(ByteBuf in, int index, int length, int count) {
    kept.keep(in, index, length, count);
  }

  /** Nothing of what was kept has been answered, and nothing is asked behind it. */
  private boolean canRepeat() {
    return kept.isAllOf(replies.size())
        && holder != null
        && !own.isOpen()
        && (!front.isOpen() || front.holdsSettings())
        && transaction == TransactionState.IDLE;
  }

  private void repeat() {
    ByteBuf requests = kept.take();
    LeaseHolder session = holder;
    if (session != null) {
      session.onRepeat(requests);
    } else {
      requests.release();
    }
  }

  @Override
  public boolean takeStalePlan() {
    boolean was = stalePlan;
    stalePlan = false;
    return was;
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
  private void failTransaction(boolean instead) {
    own.begin(failure -> transactionFailed(instead), "BEGIN", "SELECT 1/0");
  }

  private void transactionFailed(boolean instead) {
    LeaseHolder session = holder;
    if (transaction != TransactionState.FAILED) {
      failTransaction(instead); // a cancel has hit it again
    } else if (session != null && instead) {
      ByteBuf ready = channel.alloc().buffer(6);
      Messages.readyForQuery(ready, 'E');
      session.onReplies(ready, 0, 6);
      ready.release();
      lastWritten = session;
      front.beginReplaced();
      settled = true;
    } else if (session != null) {
      session.onAligned();
    }
  }

  @Override
  public void ensureForQuery(SharedStatement statement) {
    if (!statements.contains(statement) && !replies.skipping()) {
      makeRoomFor(statement);
      RequestEffect effect = statements.add(statement, replies.batch()).and(front.putParse());
      replies.expectOwnParseForQuery(effect);
      statement.writeParse(out.room(statement.parseLength()));
    }
  }

  @Override
  public boolean expectParse(SharedStatement statement, RequestEffect effect) {
    if (replies.skipping()) {
      effect.undone();
      return true;
    }
    makeRoomFor(statement);
    return replies.expect(Frontend.PARSE, statements.add(statement, replies.batch()).and(effect));
  }

  @Override
  public boolean expectParse(SharedStatement statement, long now, RequestEffect effect) {
    if (replies.skipping()) {
      effect.undone();
      return true;
    }
    if (statements.contains(statement)) {
      close(statement);
    }
    makeRoomFor(statement);
    return replies.expect(
        Frontend.PARSE, statements.add(statement, replies.batch(), now).and(effect));
  }

  @Override
  public boolean parsedSince(SharedStatement statement, long earliest) {
    return statements.provenSince(statement, earliest);
  }

  private void close(SharedStatement statement) {
    replies.expectOwnClose(statements.remove(statement));
    statement.writeClose(out.room(statement.closeLength()));
  }

  /** The eldest goes first; that a later message of the batch may want it back is no harm. */
  private void makeRoomFor(SharedStatement statement) {
    if (statements.isClosing(statement)) {
      replies.expectOwnClose(statements.closingAgain(statement));
      statement.writeClose(out.room(statement.closeLength()));
    }
    SharedStatement surplus;
    while ((surplus = statements.surplus()) != null) {
      close(surplus);
    }
  }

  @Override
  public boolean parsedBefore(RequestEffect effect) {
    // A name that no statement has: the server has nothing to do.
    Messages.closeStatement(out.room(32), NO_STATEMENT);
    return replies.expectStandIn(effect);
  }

  @Override
  public void parseUnnamed(byte[] definition, int length, RequestEffect effect) {
    replies.expectOwnParse(effect);
    writeUnnamedParse(definition, length);
  }

  private void writeUnnamedParse(byte[] definition, int length) {
    ByteBuf request = out.room(PgFrameFormat.HEADER + 1 + length);
    request.writeByte(Frontend.PARSE).writeInt(PgFrameFormat.HEADER + length).writeByte(0);
    request.writeBytes(definition, 0, length);
  }

  @Override
  public boolean fail(int requestType, SqlFailure told) {
    if (requestType == Frontend.QUERY || requestType == Frontend.FUNCTION_CALL) {
      Messages.query(out.room(32), Refusal.TEXT);
      return replies.expect(Frontend.QUERY, new Refusal(told));
    }
    Messages.bind(out.room(32), NO_STATEMENT);
    return replies.expect(Frontend.BIND, new Refusal(told));
  }

  @Override
  public void deallocated(SharedStatement statement) {
    statements.forget(statement);
  }

  @Override
  public RequestEffect deallocating(SharedStatement statement) {
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
    if (!replies.skipping()) {
      replies.expectOwnStatement(sequences.forgotten());
      Messages.runBetween(out.room(256), "_pooler_sequences", FORGET_SEQUENCES);
    }
  }

  @Override
  public void forgetSequencesForQuery() {
    if (!replies.skipping()) {
      sequences.forgotten();
      replies.expectOwnQuery();
      Messages.query(out.room(64), FORGET_SEQUENCES);
    }
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

  /** What comes back from {@link #ask}. */
  private static final class Question implements OwnRequests.Request {
    final CompletableFuture<List<@Nullable String[]>> answer = new CompletableFuture<>();
    List<@Nullable String[]> rows = List.of();

    @Override
    public void answered(@Nullable SqlFailure failure) {
      if (failure == null) {
        answer.complete(rows);
      } else {
        answer.completeExceptionally(new IllegalStateException(failure.message()));
      }
    }

    @Override
    public void lost() {
      answer.completeExceptionally(new IllegalStateException("the backend is lost"));
    }
  }

  @Override
  public void spend(EvictReason reason) {
    spent = reason;
  }

  @Override
  public boolean midMessage() {
    return walker.midForward();
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
    return replies.owed() || own.isOpen() || settled; // but for the rest of a notice
  }

  @Override
  public TransactionState transactionState() {
    return transaction;
  }

  @Override
  public CompletionStage<Boolean> reset(boolean rollBack) {
    Trial trial = new Trial(true);
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
    Trial trial = new Trial(false);
    execute(() -> {
      if (!usable() || owes()) {
        trial.lost();
      } else {
        own.begin(trial);
      }
    });
    return trial.answer;
  }

  /** Whether the backend is fine afterwards. */
  private final class Trial implements OwnRequests.Request {
    final CompletableFuture<Boolean> answer = new CompletableFuture<>();
    private final boolean discards;

    Trial(boolean discards) {
      this.discards = discards;
    }

    @Override
    public void answered(@Nullable SqlFailure failure) {
      boolean clean = failure == null && transaction == TransactionState.IDLE;
      if (clean && discards) {
        settings = PgSettings.NONE;
        statements.clear();
        sequences.reset();
      }
      answer.complete(clean && usable());
    }

    @Override
    public void lost() {
      answer.complete(false);
    }
  }

  @Override
  public CompletionStage<@Nullable Void> cancel() {
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
    execute(() ->
        channel
            .deregister()
            .addListener(gone -> {
              if (!gone.isSuccess()) {
                moved.completeExceptionally(gone.cause());
                return;
              }
              loop.register(channel)
                  .addListener(there -> {
                    if (there.isSuccess()) {
                      moved.complete(null);
                    } else {
                      moved.completeExceptionally(there.cause());
                    }
                  });
            }));
    return moved;
  }

  /** Bytes from the server; the caller keeps {@code in}. */
  void onBytes(ByteBuf in) {
    try {
      walker.walk(in);
    } catch (ProtocolViolation e) {
      LOG.warn("backend {} of {}: {}", id, target, e.getMessage());
      lost(
          EvictReason.PROTOCOL_VIOLATION,
          SqlFailure.protocolViolation(String.valueOf(e.getMessage())));
      return;
    }
    SqlFailure last = fatal;
    if (last != null) {
      // Nothing follows a FATAL; what came before it settles nothing any more.
      if (!walker.midFrame()) {
        lost(EvictReason.BACKEND_FATAL, last);
      }
      return;
    }
    if (walker.midForward()) {
      return; // half a notice, or of what is not over: the rest belongs to the same client
    }
    own.completeIfDone();
    if (kept.isDue() && !replies.owed()) {
      repeat();
    }
    if (settled) {
      settled = false;
      LeaseHolder session = holder;
      if (session != null && !replies.owed()) {
        boolean hadError = failed;
        failed = false;
        session.onSettled(transaction, hadError);
      }
    }
  }

  void onReadComplete() {
    LeaseHolder session = lastWritten;
    if (session != null) {
      lastWritten = null;
      session.flushReplies();
    }
  }

  void onWritabilityChanged() {
    LeaseHolder session = holder;
    if (session != null) {
      Backpressure.update(session.client(), channel);
    }
  }

  void onClosed() {
    SqlFailure told =
        fatal != null ? fatal : SqlFailure.backendLost("the server closed the connection");
    lost(fatal != null ? EvictReason.BACKEND_FATAL : EvictReason.BACKEND_CLOSED, told);
    walker.close();
    out.close();
  }

  @Override
  public Verdict header(int type, long length) {
    return switch (type) {
      case BackendType.READY_FOR_QUERY, BackendType.ERROR_RESPONSE, BackendType.PARAMETER_STATUS ->
          Verdict.INSPECT;
      case BackendType.NOTIFICATION_RESPONSE -> holder == null ? Verdict.DROP : Verdict.INSPECT;
      case BackendType.CLOSE_COMPLETE ->
          replies.headStandsIn() ? Verdict.INSPECT : toSession() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.NO_DATA ->
          toSession() && !replies.headWantsRowsOnly() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.DATA_ROW ->
          own.reads() ? Verdict.INSPECT : toSession() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.COPY_DATA,
          BackendType.COPY_DONE,
          BackendType.COPY_IN_RESPONSE,
          BackendType.COPY_OUT_RESPONSE,
          BackendType.COPY_BOTH_RESPONSE,
          BackendType.ROW_DESCRIPTION,
          BackendType.COMMAND_COMPLETE,
          BackendType.EMPTY_QUERY_RESPONSE,
          BackendType.PORTAL_SUSPENDED,
          BackendType.PARSE_COMPLETE,
          BackendType.BIND_COMPLETE,
          BackendType.FUNCTION_CALL_RESPONSE ->
          toSession() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.PARAMETER_DESCRIPTION ->
          toSession() && !kept.repeatsParameters() ? Verdict.FORWARD : Verdict.DROP;
      // No answer to anything: a free backend may be told of what goes on at its server.
      case BackendType.NOTICE_RESPONSE ->
          holder != null && !replies.headSwallowed() ? Verdict.FORWARD : Verdict.DROP;
      default ->
          throw new ProtocolViolation("unexpected message type " + type + " from the server");
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    if (type == BackendType.PARAMETER_STATUS && length > LARGEST_STATUS) {
      throw new ProtocolViolation("a ParameterStatus of " + length + " bytes");
    }
    if (type == BackendType.NOTIFICATION_RESPONSE
        && (length < Notification.SHORTEST || length > Notification.LONGEST)) {
      throw new ProtocolViolation("a NotificationResponse of " + length + " bytes");
    }
    if (type == BackendType.DATA_ROW) {
      own.mustFit(length);
    }
    return (int) (type == BackendType.ERROR_RESPONSE ? Math.min(length, ERROR_HEAD) : length);
  }

  @Override
  public void passing(int type, long length) {
    if (type == BackendType.NOTICE_RESPONSE || type == BackendType.NOTIFICATION_RESPONSE) {
      return;
    }
    kept.replied(type);
    replies.replied(type);
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    return switch (type) {
      case BackendType.READY_FOR_QUERY -> ready(length, in, index);
      case BackendType.ERROR_RESPONSE -> error(length, in, index, available);
      case BackendType.DATA_ROW -> {
        own.row(in, index, available);
        yield Verdict.DROP;
      }
      case BackendType.NOTIFICATION_RESPONSE -> {
        LeaseHolder session = holder;
        boolean passes = session != null && session.onNotification(in, index, available);
        yield passes ? Verdict.FORWARD : Verdict.DROP;
      }
      case BackendType.CLOSE_COMPLETE -> {
        // Same length, same place: the client asked for a Parse, and that is what is answered.
        in.setByte(index, BackendType.PARSE_COMPLETE);
        boolean passes = toSession(); // what stands behind it may be ours
        replies.replied(type);
        yield passes ? Verdict.FORWARD : Verdict.DROP;
      }
      default -> status(in, index, available);
    };
  }

  private Verdict ready(long length, ByteBuf in, int index) {
    if (length != PgFrameFormat.HEADER + 1) {
      throw new ProtocolViolation("ReadyForQuery of " + length + " bytes");
    }
    if (replies.takeSurplus()) {
      return Verdict.DROP;
    }
    boolean ours = replies.ready();
    transaction =
        switch (in.getByte(index + PgFrameFormat.HEADER)) {
          case 'I' -> TransactionState.IDLE;
          case 'T' -> TransactionState.IN_TRANSACTION;
          case 'E' -> TransactionState.FAILED;
          default -> throw new ProtocolViolation("ReadyForQuery with an unknown status");
        };
    if (ours) {
      own.ready();
      return Verdict.DROP;
    }
    kept.over();
    if (kept.isDue()) {
      settings = front.settle(transaction, settings);
      return Verdict.DROP; // and on with it when this turn's bytes are through
    }
    if (front.takeBeginLost()) {
      // A cancel has hit it: the client's transaction must be one that has failed, not none.
      failTransaction(true);
      return Verdict.DROP;
    }
    if (front.isOpen()) {
      settings = front.settle(transaction, settings);
    }
    settled = true;
    return Verdict.FORWARD;
  }

  private Verdict error(long length, ByteBuf in, int index, int available) {
    ErrorFields fields = ErrorFields.read(in, index + PgFrameFormat.HEADER, index + available);
    if (fields.fatal()) {
      fatal = fields.toFailure(true);
      dead = EvictReason.BACKEND_FATAL;
      if (!own.isOpen() && holder != null) {
        fatalForwarded = true;
        return Verdict.FORWARD;
      }
      return Verdict.DROP;
    }
    front.fail();
    if (fields.outOfMemory()) {
      spent = EvictReason.OUT_OF_MEMORY;
    } else if (fields.outdatesPlans()) {
      stalePlan = true;
      statements.outdate();
      if (canRepeat()) {
        kept.refuse();
        replies.failed();
        return Verdict.DROP;
      }
    }
    if (own.isOpen() && replies.headSwallowed()) {
      replies.ownFailed();
      own.refused(fields.toFailure(false));
      return Verdict.DROP;
    }
    if (replies.headIsOwnQuery()) {
      replies.ownFailed();
      sequences.notForgotten();
      return Verdict.DROP;
    }
    SqlFailure told = replies.refusal();
    // A cancel may have hit the Close that we put into the client's batch: it is the batch's error.
    if (replies.failed()) {
      // Our own Parse has failed, and the server skips the client's query: this Sync answers it.
      replies.expect(Frontend.SYNC);
      Messages.sync(out.room(PgFrameFormat.HEADER));
      out.flush();
    }
    failed = true;
    if (!toSession()) {
      return Verdict.DROP;
    }
    if (told != null) {
      tell(told, in, index);
      return Verdict.DROP;
    }
    if (length == available && ErrorNames.areIn(fields.message())) {
      forwardNamed(in, index, index + available);
    }
    return Verdict.FORWARD;
  }

  private void forwardNamed(ByteBuf in, int index, int end) {
    LeaseHolder session = holder;
    ByteBuf named =
        session == null ? null : ErrorNames.replace(in, index, end, session::statementName);
    if (named != null) {
      walker.replaceStart(in, index, end - index);
      forward(named, 0, named.readableBytes());
      named.release();
    }
  }

  /** In the place of the server's error, which begins at {@code index}. */
  private void tell(SqlFailure told, ByteBuf in, int index) {
    walker.forwardPassed(in, index);
    ByteBuf error = channel.alloc().buffer(256);
    Messages.error(error, told);
    forward(error, 0, error.readableBytes());
    error.release();
  }

  private Verdict status(ByteBuf in, int index, int available) {
    int end = index + available;
    int name = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, name, end);
    String setting = Strings.read(in, name, end);
    String value = Strings.read(in, zero + 1, end);
    if (front.explains(setting, value)) {
      report(setting, value);
      if (reportedAtLease != null) {
        reportedAtLease.put(setting, value);
      }
      return Verdict.DROP;
    }
    if (reportedAtLease == null && !own.isOpen() && holder != null) {
      reportedAtLease = new HashMap<>(reported);
    }
    report(setting, value);
    return !own.isOpen() && holder != null ? Verdict.FORWARD : Verdict.DROP;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    LeaseHolder session = holder;
    if (session != null) {
      if (lastWritten != session) {
        // A full buffer is read on in the same turn, and the lease may have gone on meanwhile: the
        // session before has its last replies, and nobody else would flush them.
        onReadComplete();
        lastWritten = session;
      }
      session.onReplies(in, index, length);
      Backpressure.apply(channel, session.client());
    }
  }

  /** Replies belong to the session that holds the backend, unless they answer a request of ours. */
  private boolean toSession() {
    if (replies.headSwallowed()) {
      return false;
    }
    if (holder == null) {
      chatter();
    }
    return holder != null;
  }

  /** A free backend that talks is out of step: nobody gets it. */
  private void chatter() {
    if (dead == null) {
      dead = EvictReason.BACKEND_CHATTER;
    }
  }

  private void lost(EvictReason reason, SqlFailure told) {
    if (dead == null) {
      dead = reason;
    }
    replies.clear();
    front.clear();
    settled = false;
    own.lost();
    LeaseHolder session = holder;
    if (session != null) {
      holder = null;
      // Into the middle of a message that the client has the start of, nothing can be said.
      boolean mute = fatalForwarded || midMessage();
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
