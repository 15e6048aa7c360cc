package dev.pooler.postgres.client;

import dev.pooler.core.pool.StatementTimer;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.ProcessParameter;
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
  private final LastStatement last;
  private final ProcessIds processIds;
  private final OpenCopies copies = new OpenCopies();
  private final FrameWalker walker = new FrameWalker(PgFrameFormat.FRONTEND, this);

  /** The walker of the message that is looked at: another one for a message of ours. */
  private FrameWalker walking = walker;

  private Skipping skipping = Skipping.NOTHING;
  private boolean terminated;

  /** The walk has just ended in front of a message that has to wait. */
  private boolean stalls;

  /** It has ended in front of a message that waits for the session's channels. */
  private boolean wantsChannels;

  /** It has ended in front of one that may be sent to no backend in doubt. */
  private boolean wantsCertainty;

  /** The next message waits for the end of a COPY. */
  private boolean stalledByCopy;

  /** The batch is sent that something of ours stands in front of. */
  private boolean behindFront;

  /** That is what the next message waits for. */
  private boolean stalledByFront;

  /** A cancel has come for what is asked next. */
  private boolean cancelsNext;

  /** How a walk has ended. */
  enum End {
    /** All that was there has been passed on, dropped, or kept as the beginning of a message. */
    PASSED,
    /** The next message waits for an answer; see {@link #takeStallOver}. */
    STALLS,
    /** The next message waits for the session's channels ({@link SessionChannels#bring}). */
    WANTS_CHANNELS,
    /** The next message waits for what the backend is at ({@link SessionBackend#endDoubt}). */
    WANTS_CERTAINTY,
    /** The client has said goodbye. */
    TERMINATED
  }

  ClientFrames(
      PgSession session,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      StatementTimer timer,
      LastStatement last) {
    this.session = session;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.timer = timer;
    this.last = last;
    this.processIds = new ProcessIds(session, session.door.cancelKeys());
  }

  /** A backend is there. */
  void onLease() {
    behindFront = false;
    stalledByFront = false;
    stalledByCopy = false;
    copies.onLease();
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
    if (wantsCertainty) {
      wantsCertainty = false;
      return End.WANTS_CERTAINTY;
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

  // --- a cancel of what waits ------------------------------------------------------------------

  /** What is asked next is answered as cancelled, and no backend runs it. */
  void cancelNext() {
    cancelsNext = true;
  }

  /** Whether it is. */
  boolean takeCancel() {
    boolean was = cancelsNext;
    cancelsNext = false;
    return was;
  }

  /** All that waited when the cancel came has been looked at. */
  void noCancel() {
    cancelsNext = false;
  }

  /**
   * Whether this message is the one to cancel: not a BEGIN, behind which what was to be a
   * transaction would run alone, and no other such statement, which would be over by now.
   */
  private boolean isCancelled(int type, long length, ByteBuf in, int index, int available) {
    boolean control =
        cancelsNext
            && type == Frontend.QUERY
            && length == available
            && controlsTransaction(in, index, index + available);
    return !control && takeCancel();
  }

  /** Whether a query is one statement that begins or ends a transaction or a part of it. */
  private boolean controlsTransaction(ByteBuf in, int index, int end) {
    int text = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, text, end);
    StatementFacts facts = judge.read(session.door.rules(), in, text, zero).facts();
    return facts.statements() == 1 && facts.is(StatementTrait.CONTROLS_TRANSACTION);
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

  /**
   * Whether a message may be skipped or not behind a COPY that fails: what the server does not read
   * inside the COPY or ignore behind it.
   */
  private boolean waitsForCopy(int type) {
    return switch (type) {
      case Frontend.SYNC,
          Frontend.FLUSH,
          Frontend.COPY_DATA,
          Frontend.COPY_DONE,
          Frontend.COPY_FAIL,
          Frontend.TERMINATE ->
          false;
      default -> copies.synced() || doubts();
    };
  }

  /** Whether the server does not know itself what it will do with the next message. */
  private boolean doubts() {
    return session.backend().inDoubt() || session.backend().takesCopyWithSync();
  }

  /** The server may have the answer and keep it until it is asked for it. */
  private Verdict waitForCopy(ByteBuf in, int index) {
    if (doubts()) {
      wantsCertainty = true;
    } else {
      walking.forwardPassed(in, index);
      Messages.flush(session.backend().room(PgFrameFormat.HEADER));
      stalledByCopy = true;
      stalls = true;
    }
    return Verdict.WAIT;
  }

  /** Whether what the next message waited for has been answered. */
  boolean takeStallOver() {
    boolean decided = prepared.takeDecided(session.backend());
    boolean front = stalledByFront && !frontOpen();
    stalledByFront &= !front;
    boolean copy = stalledByCopy && (doubts() || !copies.synced());
    stalledByCopy &= !copy;
    return channels.takeAnswered() || front || copy || decided;
  }

  // --- message by message ----------------------------------------------------------------------

  @Override
  public Verdict header(int type, long length) {
    if (!session.isLeased() || terminated || skips()) {
      return Verdict.DROP;
    }
    if (session.backend().awaitsSync() && type != Frontend.SYNC) {
      return Verdict.DROP; // and so is TERMINATE, which is seen when it passes
    }
    if (waitsForCopy(type)) {
      return Verdict.INSPECT;
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
      case Frontend.EXECUTE ->
          cancelsNext || prepared.watchesExecute() ? Verdict.INSPECT : Verdict.FORWARD;
      default -> Verdict.FORWARD;
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    return heldBack() || waitsForCopy(type)
        ? PgFrameFormat.HEADER
        : StatementJudge.inspectLength(type, length);
  }

  @Override
  public void passing(int type, long length) {
    if (type == Frontend.TERMINATE) {
      terminated = session.isLeased();
    } else if (skips()) {
      skipped(type);
    } else if (session.isLeased()) {
      if (session.backend().awaitsSync() && type != Frontend.SYNC) {
        return;
      }
      if (type == Frontend.EXECUTE) {
        execute(null);
        return;
      }
      if (type == Frontend.SYNC) {
        prepared.onSync();
        copies.onSync();
        behindFront = true;
        channels.onSync();
      }
      expect(session.backend(), type, null);
    }
  }

  private void execute(@Nullable RequestEffect effect) {
    last.asked(session.leases.tickTime());
    judge.onExecute();
    channels.onExecute();
    RequestEffect all = effect;
    if (prepared.copies()) {
      all = effect == null ? copies.onExecute() : effect.and(copies.onExecute());
    }
    expect(session.backend(), Frontend.EXECUTE, all);
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    if (heldBack()) {
      stalledByFront |= waitsBehindFront();
      stalls = true;
      return Verdict.WAIT;
    }
    if (waitsForCopy(type)) {
      return waitForCopy(in, index);
    }
    SessionBackend backend = session.backend();
    if (isCancelled(type, length, in, index, available)) {
      prepared.failedHere(in, index);
      refuse(PgSession.canceled(), type, backend, in, index);
      return Verdict.DROP;
    }
    if (type == Frontend.EXECUTE) {
      if (prepared.executeWaits(in, index, available)) {
        stalls = true;
        return Verdict.WAIT;
      }
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
    last.asked(session.leases.tickTime());
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
      case Frontend.FUNCTION_CALL -> {
        last.unknown();
        refusal = judge.onFunctionCall(in, index, available);
      }
      default -> {
        verdict =
            prepared.on(type, length, in, index, available, walking, backend, session.door.rules());
        if (verdict == Verdict.INSPECT) {
          return type == Frontend.BIND
              ? rebind(available, in, index, backend)
              : retell(type, length, in, index, backend);
        }
        refusal = prepared.takeRefusal();
        stalls = verdict == Verdict.WAIT;
      }
    }
    if (refusal != null) {
      prepared.replacedQuery();
      refuse(refusal, type, backend, in, index);
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY && backend.settingsInFront()) {
      prepared.replacedQuery();
      int text = index + PgFrameFormat.HEADER;
      walking.forwardPassed(in, index);
      backend.sendQueryAsBatch(in, text, index + available - 1);
      session.pool.counters().fromClient(available);
      behindFront = true;
      return Verdict.DROP;
    }
    if (type == Frontend.QUERY) {
      expect(backend, type, prepared.sendQuery(length, in, index, walking, backend));
      behindFront = true;
    } else if (type == Frontend.FUNCTION_CALL) {
      expect(backend, type, null);
      behindFront = true;
    }
    return verdict;
  }

  /** What a query means, with the shared statement that it may name; null if it has to wait. */
  private @Nullable StatementMeaning query(
      long length, ByteBuf in, int index, int available, SessionBackend backend) {
    int text = index + PgFrameFormat.HEADER;
    if (length > available) {
      last.note(judge.dialect(), in, text, index + available);
      return prepared.onQuery(StatementMeaning.UNKNOWN, length, in, index, walking, backend);
    }
    int zero = Strings.end(in, text, index + available);
    StatementMeaning meaning = judge.read(session.door.rules(), in, text, zero);
    if (!judge.isRetold()) {
      last.note(meaning.dialect(), in, text, zero);
    }
    if (judge.namesProcess(meaning)) {
      return meaning;
    }
    judge.noteText(meaning, in, text, zero);
    if (judge.forgetsSequences(meaning.facts(), true, backend)) {
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
    ProcessIds.Retold retold =
        processIds.retold(judge.dialect(), type, in, index, whole, told, acts);
    prepared.parsing(retold.takes());
    try {
      return replace(retold.frame(), in, index, whole) ? Verdict.DROP : Verdict.WAIT;
    } finally {
      prepared.parsing(null);
    }
  }

  /** Puts another Bind in the place of one that may bring a process id. */
  private Verdict rebind(int length, ByteBuf in, int index, SessionBackend backend) {
    walking.forwardPassed(in, index);
    ProcessParameter takes = prepared.takeBrought();
    boolean acts = backend.transactionState() != TransactionState.FAILED;
    int told = session.toldProcessId();
    int own = backend.processId();
    ProcessIds.Rebound bound = processIds.rebound(takes, in, index, length, told, own, acts);
    if (!replace(bound.frame(), in, index, length)) {
      return Verdict.WAIT; // and is looked at again: nobody has been hit
    }
    PgSession hit = bound.hit();
    if (hit != null) {
      ProcessIds.act(takes.call(), hit);
    }
    return Verdict.DROP;
  }

  /** Sends another message instead, which is not rewritten again; false if it has to wait. */
  private boolean replace(ByteBuf other, ByteBuf in, int index, int length) {
    judge.retold(true);
    try {
      if (!walkApart(other)) {
        return false;
      }
    } finally {
      other.release();
      judge.retold(false);
    }
    walking.replaceStart(in, index, length);
    return true;
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
    last.answered(session.leases.tickTime());
    session.refused(refusal, type);
    if (type != Frontend.QUERY && type != Frontend.FUNCTION_CALL) {
      skipping = Skipping.TO_SYNC;
    }
  }
}
