package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.Leftovers;
import dev.pooler.core.pool.ReleaseDecision;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;

/**
 * The end of a session's lease: carries out what {@link ReleaseDecision} says whenever all is
 * answered, and when the session is over. Confined to the session's loop.
 */
final class LeaseEnd {
  private final PgSession session;
  private final PoolMode mode;
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final SessionChannels channels;
  private final ClientFrames frames;
  private final CancelsUnderWay cancels;
  private final SessionPins pins;
  private final ClientWords words;
  private final ReadBack readBack;

  /** The backend is made ready to be nobody's. */
  private boolean resting;

  LeaseEnd(
      PgSession session,
      PoolMode mode,
      StatementJudge judge,
      PreparedTraffic prepared,
      SessionChannels channels,
      ClientFrames frames,
      CancelsUnderWay cancels,
      SessionPins pins,
      ClientWords words) {
    this.session = session;
    this.mode = mode;
    this.judge = judge;
    this.prepared = prepared;
    this.channels = channels;
    this.frames = frames;
    this.cancels = cancels;
    this.pins = pins;
    this.words = words;
    this.readBack = new ReadBack(session, this, judge, prepared, channels, cancels);
  }

  /** True while the server is asked what the session has left. */
  boolean asks() {
    return readBack.asks();
  }

  /** Decides whether the lease ends here. */
  void settle() {
    Lease mine = session.lease;
    if (mine == null || !session.is(PgSessionState.LEASED)) {
      return;
    }
    SessionBackend backend = session.backend();
    if (backend.inDoubt() && backend.usable() && !backend.owes()) {
      if (!frames.midForward()) { // else when that is through
        becomeCertain();
      }
      return;
    }
    switch (decide(mine.backend(), false)) {
      case RELEASE -> {
        if (channels.mustLeaveListener()) {
          session.become(PgSessionState.REALIGNING);
          channels.leaveListener();
        } else {
          rest();
        }
      }
      case KEEP_UNFINISHED -> {} // decided again when that is over
      case KEEP_TRANSACTION -> {
        if (cancels.any()) {
          session.awaitCancel();
        }
      }
      case READ_BACK -> readBack.ask(mine);
      case AWAIT_CANCEL -> session.awaitCancel();
      case KEEP_SESSION_MODE, KEEP_PINNED -> {
        SqlFailure unwanted = pins.unwanted();
        if (unwanted != null) {
          session.fail(unwanted, CloseReason.STATEMENT_NOT_ALLOWED);
          return;
        }
        tellOfPins();
        realign(mine.backend());
        channels.tell();
        if (session.draining()) {
          session.fail(SqlFailure.draining(), CloseReason.DRAINING);
        }
      }
      case EVICT -> {
        if (hasNothingOn(mine.backend())) {
          session.release(); // it has what it asked for, and lost nothing
        } else {
          session.onBackendLost(EvictReason.BACKEND_CLOSED, SqlFailure.backendLost("closed"));
        }
      }
      case RESET, ROLL_BACK -> throw new IllegalStateException("a reset of a session that goes on");
    }
  }

  /** Whether all that the session asked for is answered, and none of its state is there. */
  private boolean hasNothingOn(Backend backend) {
    return mode != PoolMode.SESSION
        && backend.transactionState() == TransactionState.IDLE
        && !session.unfinished(backend)
        && judge.leftovers() == Leftovers.NONE;
  }

  /** A COPY has failed, or will, of which nobody knows how it is answered: asks for all of it. */
  void becomeCertain() {
    Lease mine = session.leased();
    session.become(PgSessionState.REALIGNING);
    session
        .backend()
        .endDoubt(() -> {
          if (session.realigns(mine)) {
            session.become(PgSessionState.LEASED);
            session.settleUnanswered();
            if (session.is(PgSessionState.LEASED)) {
              session.resumeAll();
            } else if (session.is(PgSessionState.IDLE)) {
              session.resume();
            }
          }
        });
  }

  private void tellOfPins() {
    for (Pin pin : pins.untold()) {
      words.notice(
          "this session keeps its backend from now on (" + pin.reason() + ")",
          pin.statement() == null ? null : "After: " + pin.statement(),
          "Other sessions can't use it until the cause is gone.");
    }
  }

  /** The lease outlives the transaction: so must the settings, whatever RESET left of them. */
  private void realign(Backend backend) {
    if (!session.draining() && !backend.aligned(judge.settings())) {
      session.become(PgSessionState.REALIGNING);
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
        cancels.any(),
        judge.leftovers());
  }

  /** Releases a backend that may rest as it is. */
  private void rest() {
    PgSettings now = session.backend().settings();
    PgSettings atRest = now.atRest();
    if (now == atRest) {
      session.release();
    } else {
      session.become(PgSessionState.REALIGNING);
      resting = true;
      session.backend().align(atRest);
    }
  }

  /** Whether the backend was made ready to rest, and is. */
  boolean takeResting() {
    boolean was = resting;
    resting = false;
    return was;
  }

  /** The session is over. */
  void onClientGone(Lease mine) {
    if (!readBack.outlives(mine)) {
      clean(mine);
    }
  }

  /** The backend's half: it goes back clean, or not at all. */
  void clean(Lease mine) {
    Backend backend = mine.backend();
    switch (decide(backend, true)) {
      case AWAIT_CANCEL -> {
        backend.detach(); // a client that is gone must not keep it from being read
        return; // the end of the cancel comes back here
      }
      case RELEASE -> {
        PgSettings now = ((SessionBackend) backend).settings();
        if (now == now.atRest()) {
          session.giveUpLease();
        } else {
          reset(mine, false);
        }
      }
      case RESET -> reset(mine, false);
      case ROLL_BACK -> reset(mine, true);
      case EVICT, KEEP_UNFINISHED, KEEP_TRANSACTION, KEEP_SESSION_MODE, KEEP_PINNED, READ_BACK -> {
        session.lease = null;
        backend.detach();
        if (frames.midForward()) {
          backend.channel().close(); // a Terminate would be read as the rest of the client's frame
        }
        mine.evict(EvictReason.CLIENT_GONE);
      }
    }
    frames.close();
    session.become(PgSessionState.ENDED);
  }

  private void reset(Lease mine, boolean rollBack) {
    session.lease = null;
    Backend backend = mine.backend();
    backend.detach();
    if (!backend.usable()) {
      mine.evict(backend.deadFor());
      return;
    }
    if (pins.takeStained()
        || judge.mayHaveRunUnasked()
        || judge.hasUnseen((SessionBackend) mine.backend())) {
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
}
