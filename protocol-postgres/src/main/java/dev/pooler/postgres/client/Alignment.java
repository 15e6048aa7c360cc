package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SettingsStatement;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a backend comes to have a session's settings before it takes what the client asks: it has
 * them, they go in front of that, or they are said first and the answer is awaited. Settings that
 * the server refuses may be mended by what is asked; where the backend is lost on the way another
 * one is tried. Confined to the session's loop.
 */
final class Alignment {
  /** So many backends may be lost one after the other before the client hears of it. */
  private static final int MOST_ELSEWHERE = 3;

  private final PgSession session;
  private final PoolMode mode;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final SessionChannels channels;
  private final DeferredBegin begin;
  private final FrontBatch front;

  /** A cancel came while the backend was made ready for what the client asks. */
  private boolean cancelled;

  /** How many backends were lost before they were ready for what is asked. */
  private int elsewhere;

  Alignment(
      PgSession session,
      PoolMode mode,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      DeferredBegin begin) {
    this.session = session;
    this.mode = mode;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.begin = begin;
    this.front = new FrontBatch(judge, prepared, session.door.rules());
  }

  /**
   * Starts with a backend that the session has taken; true if it is ready for the client's bytes.
   *
   * @param first what the client asks for, or null while it has asked for nothing
   */
  boolean start(SessionBackend backend, @Nullable ByteBuf first) {
    if (backend.aligned(judge.settings())) {
      judge.readsAs(backend.dialect());
      return begin.failed() ? failTransaction(backend) : taken(first);
    }
    session.pool.counters().settingsMoved();
    if (first != null && alignsInFront(backend, first)) {
      return taken(first);
    }
    if (!session.is(PgSessionState.WELCOMING)) {
      session.become(PgSessionState.ALIGNING);
    }
    backend.align(judge.settings());
    return false;
  }

  /** The transaction that the client has begun has failed before this backend was there. */
  private boolean failTransaction(SessionBackend backend) {
    session.become(PgSessionState.ALIGNING);
    backend.openFailedTransaction();
    return false;
  }

  private boolean taken(@Nullable ByteBuf first) {
    boolean welcoming = session.is(PgSessionState.WELCOMING);
    onTaken();
    if (!welcoming && begin.pending() && first != null) {
      judge.onBegin();
      boolean query = asksWithQuery(first);
      session.backend().executeInFront(begin.take(), query);
      if (!query && !FrontBatch.bindsFirst(first)) {
        session.backend().closePortal();
      }
    }
    return true;
  }

  private boolean alignsInFront(SessionBackend backend, ByteBuf first) {
    if (mode == PoolMode.SESSION
        || session.is(PgSessionState.WELCOMING)
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
    elsewhere = 0;
    if (session.is(PgSessionState.WELCOMING)) {
      session.onWelcomes();
    } else {
      cancelled = false;
      session.tellDefaults();
      session.become(PgSessionState.LEASED);
    }
  }

  /** What is asked is answered as cancelled when the backend is ready for it. */
  void cancel() {
    cancelled = true;
  }

  /** The backend has what it was told to have: the session's settings, or none while it rests. */
  void onAligned() {
    if (session.is(PgSessionState.WELCOMING)) {
      onTaken();
    } else if (session.is(PgSessionState.ALIGNING)
        && cancelled
        && session.backend().transactionState() == TransactionState.IDLE) {
      cancelAligned();
    } else if (session.is(PgSessionState.ALIGNING)
        && begin.failed()
        && session.backend().transactionState() == TransactionState.IDLE) {
      session.backend().openFailedTransaction(); // which comes back here
    } else {
      if (begin.failed()) {
        begin.take();
      }
      taken(session.held.look());
      session.resume();
      session.settleUnanswered();
    }
  }

  /** The backend is ready for what was cancelled meanwhile: it is given up as it may rest. */
  private void cancelAligned() {
    PgSettings now = session.backend().settings();
    if (now.rests()) {
      judge.notMended();
      session.giveUpLease();
      fail(PgSession.canceled());
    } else {
      session.backend().align(now.atRest()); // which comes back here
    }
  }

  /** The server has refused that. */
  void onFailed(SqlFailure failure) {
    if (session.is(PgSessionState.REALIGNING)) {
      if (failure.sqlState().equals("57014")) {
        // A cancel that was meant for a statement.
        session.leased().backend().align(judge.settings());
      } else {
        session.fail(failure, CloseReason.BACKEND_LOST);
      }
      return;
    }
    boolean late = failure.sqlState().equals("57014"); // by a limit of the session before
    boolean stuck =
        mode != PoolMode.SESSION && session.backend().settings().mayBeStuckFor(judge.settings());
    boolean others = late || stuck;
    if (others) {
      session.backend().spend(EvictReason.NOT_ALIGNED);
    }
    PgSettings mended = others || judge.mends() ? null : mended(session.held.look());
    if (mended != null) {
      judge.mend(mended);
      session.backend().align(mended);
      return;
    }
    judge.notMended();
    session.giveUpLease();
    if (!others || !goElsewhere()) {
      fail(failure);
    }
  }

  /**
   * A backend that is gone while it was made ready has seen nothing of what the session asks: that
   * waits for another one, a few times.
   */
  boolean goElsewhere() {
    if (cancelled && session.is(PgSessionState.ALIGNING)) {
      fail(PgSession.canceled());
      return true;
    }
    if (elsewhere == MOST_ELSEWHERE) {
      elsewhere = 0;
      return false;
    }
    elsewhere++;
    if (session.is(PgSessionState.ALIGNING)) {
      session.become(PgSessionState.WAITING);
    }
    session.leases.await(session);
    return true;
  }

  /**
   * What the settings would be after what is asked: a session whose settings the server does not
   * take any more, because a role or another object is gone, may still change them.
   */
  private @Nullable PgSettings mended(@Nullable ByteBuf first) {
    if (first == null
        || !session.is(PgSessionState.ALIGNING)
        || mode == PoolMode.SESSION
        || begin.pending()) {
      return null;
    }
    Frames frames = new Frames(first);
    if (frames.next() == Frontend.QUERY) {
      int zero = frames.zero(frames.body());
      return zero < 0
          ? null
          : judge.settingsAfter(session.door.rules(), first, frames.body(), zero);
    }
    LoneBatch batch =
        LoneBatch.read(first, prepared, meaning -> StatementJudge.maySet(meaning.facts()));
    if (batch == null) {
      return null;
    }
    byte[] text = batch.text();
    return judge.settingsAfter(session.door.rules(), Unpooled.wrappedBuffer(text), 0, text.length);
  }

  private void fail(SqlFailure failure) {
    cancelled = false;
    session.failUnit(failure);
  }
}
