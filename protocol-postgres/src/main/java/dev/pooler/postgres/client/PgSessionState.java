package dev.pooler.postgres.client;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.Patience;
import dev.pooler.core.session.Session;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a session stands.
 *
 * <pre>
 *   WELCOMING → IDLE ⇄ LEASED            a hot backend with the session's settings
 *               IDLE → WAITING → LEASED  no backend free
 *   IDLE, WAITING → ALIGNING → LEASED    settings that can't go in front of what was asked
 *   WAITING, ALIGNING → IDLE             waited too long, cancelled, or settings refused
 *   ALIGNING → WAITING                   that backend was lost, with nothing of the session on it
 *   LEASED → REALIGNING → LEASED         a kept backend has a request of ours to answer
 *   LEASED → STALLED → LEASED            what comes next depends on an answer of the pipeline
 *            STALLED → LEASED → REALIGNING settings that were in front have been taken back
 *   any → ENDING → ENDED                 ENDING while the backend is made clean
 * </pre>
 */
enum PgSessionState {
  /** Logged in, waiting for a backend to learn what to tell the client. */
  WELCOMING,
  /** No lease, nothing asked. */
  IDLE,
  /** Something asked, no backend yet: what is sent is held, up to a bound. */
  WAITING,
  /** The backend takes on the session's settings. */
  ALIGNING,
  /** A backend is ours. */
  LEASED,
  /**
   * The kept backend answers us first: settings that a RESET took away, or that a batch needs which
   * is sent again, the end of a cancel, channels that move to the shared listener or back.
   */
  REALIGNING,
  /** The next message waits for the answer to one before it. */
  STALLED,
  /** The client is gone or going; its backend is being made clean. */
  ENDING,
  ENDED;

  private static final Set<PgSessionState> OPEN =
      EnumSet.of(WELCOMING, IDLE, WAITING, ALIGNING, LEASED, REALIGNING, STALLED);

  boolean open() {
    return OPEN.contains(this);
  }

  boolean mayBecome(PgSessionState next) {
    return switch (this) {
      case WELCOMING -> next == IDLE || next == ENDING || next == ENDED;
      case IDLE -> next == WAITING || next == ALIGNING || next == LEASED || !next.open();
      case WAITING -> next == LEASED || next == ALIGNING || next == IDLE || !next.open();
      case ALIGNING -> next == LEASED || next == IDLE || next == WAITING || !next.open();
      case LEASED -> next == IDLE || next == REALIGNING || next == STALLED || !next.open();
      case REALIGNING, STALLED -> next == LEASED || !next.open();
      case ENDING -> next == ENDED;
      case ENDED -> false;
    };
  }

  /**
   * What the session's time limits wait for.
   *
   * @param backend that it has, or null
   * @param begun a transaction is begun that no backend knows of
   */
  Patience.Phase phase(@Nullable Backend backend, boolean begun) {
    return switch (this) {
      case IDLE -> begun ? Patience.Phase.IN_TRANSACTION : Patience.Phase.IDLE;
      case STALLED -> Patience.Phase.STATEMENT;
      case LEASED ->
          backend == null
              ? Patience.Phase.OTHER
              : backend.owes()
                  ? Patience.Phase.STATEMENT
                  : backend.transactionState() == TransactionState.IDLE
                      ? Patience.Phase.IDLE
                      : Patience.Phase.IN_TRANSACTION;
      default -> Patience.Phase.OTHER;
    };
  }

  /** As the administrator knows it. */
  Session.State shown() {
    return switch (this) {
      case WELCOMING -> Session.State.LOGIN;
      case IDLE, ENDING, ENDED -> Session.State.IDLE;
      case WAITING -> Session.State.WAITING;
      case ALIGNING, LEASED, REALIGNING, STALLED -> Session.State.ACTIVE;
    };
  }
}
