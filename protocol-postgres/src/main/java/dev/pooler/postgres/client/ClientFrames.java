package dev.pooler.postgres.client;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The client's messages on their way to its backend: which pass as they come, which are looked at
 * and changed, refused, or have to wait, and which are dropped behind a failure. Whose backend that
 * is, and when, is {@link PgSession}'s. Confined to the session's loop.
 */
final class ClientFrames implements FrameSink {
  private final PgSession session;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final SessionChannels channels;
  private final StatementTimer timer;
  private final ProcessIds processIds;
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.FRONTEND, this);

  /** The walker of the message that is looked at: another one for a message of ours. */
  private FrameWalker walking = walker;

  private Skipping skipping = Skipping.NOTHING;
  private boolean terminated;

  /** The walk has just ended in front of a message that has to wait. */
  private boolean stalls;

  /** It has ended in front of a message that waits for the session's channels. */
  private boolean wantsChannels;

  /** The batch is sent that something of ours stands in front of. */
  private boolean behindFront;

  /** That is what the next message waits for. */
  private boolean stalledByFront;

  /** How a walk has ended. */
  enum End {
    /** All that was there has been passed on, dropped, or kept as the beginning of a message. */
    PASSED,
    /** The next message waits for an answer; see {@link #takeStallOver}. */
    STALLS,
    /** The next message waits for the session's channels ({@link SessionChannels#bring}). */
    WANTS_CHANNELS,
    /** The client has said goodbye. */
    TERMINATED
  }

  ClientFrames(
      PgSession session,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      StatementTimer timer) {
    this.session = session;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.timer = timer;
    this.processIds = new ProcessIds(session, session.door.cancelKeys());
  }

  /** A backend is there. */
  void onLease() {
    behindFront = false;
    stalledByFront = false;
  }

  /** Sends what may be sent; without a lease nothing may, and is dropped. */
  End walk(ByteBuf in) {
    walker.walk(in);
    if (stalls) {
      stalls = false;
      return End.STALLS;
    }
    if (wantsChannels) {
      wantsChannels = false;
      return End.WANTS_CHANNELS;
    }
    return terminated ? End.TERMINATED : End.PASSED;
  }

  /** Sends messages again that have been through here before. */
  void repeat(ByteBuf requests) {
    if (!walkApart(requests)) {
      throw new IllegalStateException(session + " can't repeat its batch");
    }
  }

  /** Walks messages beside those that come from the client; false if one of them has to wait. */
  private boolean walkApart(ByteBuf messages) {
    FrameWalker before = walking;
    walking = new FrameWalker(PgFrameFormat.FRONTEND, this);
    try {
      walking.walk(messages);
    } finally {
      walking = before;
    }
    return !messages.isReadable();
  }

  /** Bytes of a message whose beginning has been seen. */
  long remaining() {
    return walker.remaining();
  }

  /** Whether a part of a message has been sent, and the rest has not. */
  boolean midForward() {
    return walker.midForward();
  }

  /** The beginning of a message, kept until there is enough of it; the caller's now, or null. */
  @Nullable ByteBuf takeHeld() {
    return walker.takeHeld();
  }

  void close() {
    walker.close();
  }

  // --- behind a failure ------------------------------------------------------------------------

  /** What comes next is dropped, up to the end of what has failed. */
  void skip(Skipping what) {
    skipping = what;
  }

  boolean skips() {
    return skipping != Skipping.NOTHING;
  }

  /** A frame behind a failure has been dropped; the last of them is answered. */
  private void skipped(int type) {
    if (skipping.endsWith(type)) {
      skipping = Skipping.NOTHING;
      channels.onSync();
      session.readyForQuery();
    }
  }

  // --- what has to wait ------------------------------------------------------------------------

  /** Whether nothing may be sent before an answer is here, whatever it is. */
  private boolean heldBack() {
    return waitsBehindFront() || prepared.holdsBack();
  }

  /**
   * If what stands in front of a batch fails, the server takes it back, and what is sent behind
   * that batch would run without it. So would what is sent behind a statement that mends settings.
   */
  private boolean waitsBehindFront() {
    return behindFront && session.lease != null && frontOpen();
  }

  private boolean frontOpen() {
    return session.backend().frontOpen() || judge.mends();
  }

  /** Whether what the next message waited for has been answered. */
  boolean takeStallOver() {
    boolean decided = prepared.takeDecided(session.backend());
    boolean front = stalledByFront && !frontOpen();
    stalledByFront &= !front;
    return channels.takeAnswered() || front || decided;
  }

  // --- message by message ----------------------------------------------------------------------

  @Override
  public Verdict header(int type, long length) {
    if (!session.isLeased() || terminated || skips()) {
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
      case Frontend.EXECUTE -> prepared.watchesExecute() ? Verdict.INSPECT : Verdict.FORWARD;
      default -> Verdict.FORWARD;
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    return heldBack() ? PgFrameFormat.HEADER : StatementJudge.inspectLength(type, length);
  }

  @Override
  public void passing(int type, long length) {
    if (type == Frontend.TERMINATE) {
      terminated = session.isLeased();
    } else if (skips()) {
      skipped(type);
    } else if (session.isLeased()) {
      if (type == Frontend.EXECUTE) {
        execute(null);
        return;
      }
      if (type == Frontend.SYNC) {
        prepared.onSync();
        behindFront = true;
        channels.onSync();
      }
      expect(session.backend(), type, null);
    }
  }

  private void execute(@Nullable RequestEffect effect) {
    judge.onExecute();
    channels.onExecute();
    expect(session.backend(), Frontend.EXECUTE, effect);
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    if (heldBack()) {
      stalledByFront |= waitsBehindFront();
      stalls = true;
      return Verdict.WAIT;
    }
    SessionBackend backend = session.backend();
    if (type == Frontend.EXECUTE) {
      execute(prepared.onExecute(in, index, available, backend));
      return Verdict.FORWARD;
    }
    switch (channels.before(type, in, index, available, backend)) {
      case NOTHING -> {}
      case ANSWERS -> {
        stalls = true;
        return Verdict.WAIT;
      }
      case CHANNELS -> {
        wantsChannels = true;
        return Verdict.WAIT;
      }
    }
    timer.onRequest();
    SqlFailure refusal = null;
    Verdict verdict = Verdict.FORWARD;
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
        verdict =
            prepared.on(type, length, in, index, available, walking, backend, session.door.rules());
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
      session.pool.counters().fromClient(available);
      behindFront = true;
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY || type == Frontend.FUNCTION_CALL) {
      expect(backend, type, null);
      behindFront = true;
    }
    return verdict;
  }

  /** What a query means, with the shared statement that it may name; null if it has to wait. */
  private @Nullable StatementMeaning query(
      long length, ByteBuf in, int index, int available, SessionBackend backend) {
    if (length > available) {
      return prepared.onQuery(StatementMeaning.UNKNOWN, length, in, index, walking, backend);
    }
    int text = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, text, index + available);
    StatementMeaning meaning = judge.read(session.door.rules(), in, text, zero);
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

  /** Puts another message in the place of one whose text names processes. */
  private Verdict retell(int type, long length, ByteBuf in, int index, SessionBackend backend) {
    walking.forwardPassed(in, index);
    int whole = Math.toIntExact(length);
    boolean acts = backend.transactionState() != TransactionState.FAILED;
    int told = session.toldProcessId();
    ByteBuf frame = processIds.retold(judge.dialect(), type, in, index, whole, told, acts);
    judge.retold(true);
    try {
      if (!walkApart(frame)) {
        return Verdict.WAIT;
      }
    } finally {
      frame.release();
      judge.retold(false);
    }
    walking.replaceStart(in, index, whole);
    return Verdict.DROP;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    session.leased().backend().send(in, index, length);
    session.pool.counters().fromClient(length);
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
    session.refused(refusal, type);
    if (type != Frontend.QUERY && type != Frontend.FUNCTION_CALL) {
      skipping = Skipping.TO_SYNC;
    }
  }
}
