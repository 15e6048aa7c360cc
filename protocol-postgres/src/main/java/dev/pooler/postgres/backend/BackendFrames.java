package dev.pooler.postgres.backend;

import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.Backpressure;
import dev.pooler.core.relay.Outlet;
import dev.pooler.core.session.SqlFailure;
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
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The server's messages on their way to the session: which pass as they come, which are looked at,
 * changed or replaced, and which answer a request of ours and are dropped. What follows from them
 * when a turn's bytes are through is {@link PgBackend}'s. Confined to the backend's loop.
 */
final class BackendFrames implements FrameSink {
  /** ErrorResponse begins with severity and SQLSTATE: so many bytes hold them. */
  private static final int ERROR_HEAD = 512;

  private static final int LARGEST_STATUS = 64 * 1024;

  private final PgBackend backend;
  private final Outlet out;
  private final PgReplies replies;
  private final OwnRequests own;
  private final BatchFront front;
  private final KeptBatch kept;
  private final BackendStatements statements;
  private final BackendSequences sequences;
  private final ReportedSettings reported;
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, this);

  /** The session that replies were written to in this turn: flushed once at its end. */
  private @Nullable LeaseHolder lastWritten;

  private TransactionState transaction = TransactionState.IDLE;

  private boolean settled;
  private boolean failed;
  private boolean stalePlan;
  private boolean fatalForwarded;
  private @Nullable SqlFailure fatal;

  BackendFrames(
      PgBackend backend,
      Outlet out,
      PgReplies replies,
      OwnRequests own,
      BatchFront front,
      KeptBatch kept,
      BackendStatements statements,
      BackendSequences sequences,
      ReportedSettings reported) {
    this.backend = backend;
    this.out = out;
    this.replies = replies;
    this.own = own;
    this.front = front;
    this.kept = kept;
    this.statements = statements;
    this.sequences = sequences;
    this.reported = reported;
  }

  /** A session has the backend. */
  void onLease() {
    failed = false;
  }

  /** Bytes from the server; the caller keeps {@code in}. */
  void walk(ByteBuf in) {
    walker.walk(in);
  }

  /** Whether a message has begun to come, and the rest has not. */
  boolean midFrame() {
    return walker.midFrame();
  }

  /** Whether the session has the beginning of a message, and the rest has not come. */
  boolean midForward() {
    return walker.midForward();
  }

  /** As of the last ReadyForQuery. */
  TransactionState transaction() {
    return transaction;
  }

  /** The server's last words, or null. */
  @Nullable SqlFailure fatal() {
    return fatal;
  }

  /** Whether the client has them. */
  boolean fatalForwarded() {
    return fatalForwarded;
  }

  /** Whether a ReadyForQuery has been passed on that the session has not been told of. */
  boolean settled() {
    return settled;
  }

  boolean takeSettled() {
    boolean was = settled;
    settled = false;
    return was;
  }

  /** Whether an error has been passed on since this was asked last, or since the lease began. */
  boolean takeFailed() {
    boolean was = failed;
    failed = false;
    return was;
  }

  /** As {@link SessionBackend#takeStalePlan}. */
  boolean takeStalePlan() {
    boolean was = stalePlan;
    stalePlan = false;
    return was;
  }

  /** The end of a turn: what was passed on goes on the wire. */
  void flush() {
    LeaseHolder session = lastWritten;
    if (session != null) {
      lastWritten = null;
      session.flushReplies();
    }
  }

  void close() {
    walker.close();
  }

  /** Ends a batch whose BEGIN of ours was lost: a transaction that has failed stands there now. */
  void readyInFailed(LeaseHolder session) {
    ByteBuf ready = backend.channel().alloc().buffer(6);
    Messages.readyForQuery(ready, 'E');
    session.onReplies(ready, 0, 6);
    ready.release();
    lastWritten = session;
    front.beginReplaced();
    settled = true;
  }

  // --- message by message ----------------------------------------------------------------------

  @Override
  public Verdict header(int type, long length) {
    return switch (type) {
      case BackendType.READY_FOR_QUERY, BackendType.ERROR_RESPONSE, BackendType.PARAMETER_STATUS ->
          Verdict.INSPECT;
      case BackendType.NOTIFICATION_RESPONSE ->
          backend.holder() == null ? Verdict.DROP : Verdict.INSPECT;
      case BackendType.CLOSE_COMPLETE ->
          replies.headStandsIn() ? Verdict.INSPECT : toSession() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.NO_DATA ->
          toSession() && !replies.headWantsRowsOnly() ? Verdict.FORWARD : Verdict.DROP;
      case BackendType.DATA_ROW ->
          own.keeps(length) ? Verdict.INSPECT : toSession() ? Verdict.FORWARD : Verdict.DROP;
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
          backend.holder() != null && !replies.headSwallowed() ? Verdict.FORWARD : Verdict.DROP;
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
    return (int) (type == BackendType.ERROR_RESPONSE ? Math.min(length, ERROR_HEAD) : length);
  }

  @Override
  public void passing(int type, long length) {
    if (type == BackendType.NOTICE_RESPONSE || type == BackendType.NOTIFICATION_RESPONSE) {
      return;
    }
    if (type == BackendType.DATA_ROW && own.isOpen()) {
      own.notKept();
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
        LeaseHolder session = backend.holder();
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
    boolean ours = !replies.takeSurplus() && replies.ready();
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
      backend.settleFront();
      return Verdict.DROP; // and on with it when this turn's bytes are through
    }
    if (front.takeBeginLost()) {
      // A cancel has hit it: the client's transaction must be one that has failed, not none.
      backend.failTransaction(true);
      return Verdict.DROP;
    }
    if (front.isOpen()) {
      backend.settleFront();
    }
    settled = true;
    return Verdict.FORWARD;
  }

  private Verdict error(long length, ByteBuf in, int index, int available) {
    ErrorFields fields = ErrorFields.read(in, index + PgFrameFormat.HEADER, index + available);
    if (fields.fatal()) {
      fatal = fields.toFailure(true);
      backend.fatal();
      if (!own.isOpen() && backend.holder() != null) {
        fatalForwarded = true;
        return Verdict.FORWARD;
      }
      return Verdict.DROP;
    }
    front.fail();
    if (fields.outOfMemory()) {
      backend.spend(EvictReason.OUT_OF_MEMORY);
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
    boolean ofSession = toSession(); // or what comes to be the head is
    // A cancel may have hit the Close that we put into the client's batch: it is the batch's error.
    if (replies.failed()) {
      // Our own Parse has failed, and the server skips the client's query: this Sync answers it.
      replies.expect(Frontend.SYNC);
      Messages.sync(out.room(PgFrameFormat.HEADER));
      out.flush();
    }
    failed = true;
    kept.cancelOver();
    if (!ofSession && !toSession()) {
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

  /** Nothing of what was kept has been answered, and nothing is asked behind it. */
  private boolean canRepeat() {
    return kept.isAllOf(replies.size())
        && backend.holder() != null
        && !own.isOpen()
        && (!front.isOpen() || front.holdsSettings())
        && transaction == TransactionState.IDLE;
  }

  private void forwardNamed(ByteBuf in, int index, int end) {
    LeaseHolder session = backend.holder();
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
    ByteBuf error = backend.channel().alloc().buffer(256);
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
      reported.takeKnown(setting, value);
      return Verdict.DROP;
    }
    if (own.isOpen() || backend.holder() == null) {
      reported.take(setting, value, !backend.mayHaveSet(setting));
      return Verdict.DROP;
    }
    reported.takeForSession(setting, value);
    return Verdict.FORWARD;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    LeaseHolder session = backend.holder();
    if (session != null) {
      if (lastWritten != session) {
        // A full buffer is read on in the same turn, and the lease may have gone on meanwhile: the
        // session before has its last replies, and nobody else would flush them.
        flush();
        lastWritten = session;
      }
      session.onReplies(in, index, length);
      Backpressure.apply(backend.channel(), session.client());
    }
  }

  /** Replies belong to the session that holds the backend, unless they answer a request of ours. */
  private boolean toSession() {
    if (replies.headSwallowed()) {
      return false;
    }
    if (backend.holder() == null) {
      backend.chatter();
    }
    return backend.holder() != null;
  }
}
