package dev.pooler.core.session;

import dev.pooler.core.config.TimeoutsConfig;

/**
 * Which of a session's time limits has run out. It is asked at each tick and sees only whether
 * something has happened since the tick before, so that statements pay nothing for it; a limit may
 * therefore last two ticks longer. Confined to the session's loop.
 */
public final class Patience {
  /** What a session is waited for. */
  public enum Phase {
    /** Its next transaction. */
    IDLE,
    /** Its next statement, in an open transaction. */
    IN_TRANSACTION,
    /** The server's answer. */
    STATEMENT,
    /** Something that has a limit of its own. */
    OTHER
  }

  /** What has run out. */
  public enum Expired {
    NOTHING,
    CLIENT_IDLE,
    IDLE_IN_TRANSACTION,
    /** The statement is to be cancelled. */
    STATEMENT,
    /** The cancel has not helped. */
    CANCELLED_STATEMENT
  }

  private final TimeoutsConfig limits;
  private final boolean any;
  private Phase phase = Phase.OTHER;
  private int happenings;
  private int seen;
  private long since;
  private boolean cancelled;

  /** At rest; which limits there are does not change any more. */
  public Patience(TimeoutsConfig limits) {
    this.limits = limits;
    this.any =
        !limits.clientIdle().isZero()
            || !limits.idleInTransaction().isZero()
            || !limits.statement().isZero();
  }

  /** False where there is no limit, and ticks are of no use. */
  public boolean any() {
    return any;
  }

  /** Something was asked or answered: what is waited for now is waited for anew. */
  public void happened() {
    happenings++;
  }

  /**
   * A tick.
   *
   * @param now nanoseconds, from any origin
   */
  public Expired tick(Phase current, long now) {
    if (current != phase || happenings != seen) {
      phase = current;
      seen = happenings;
      since = now;
      cancelled = false;
      return Expired.NOTHING;
    }
    long age = now - since;
    return switch (phase) {
      case OTHER -> Expired.NOTHING;
      case IDLE -> expired(age, limits.clientIdle().toNanos(), Expired.CLIENT_IDLE);
      case IN_TRANSACTION ->
          expired(age, limits.idleInTransaction().toNanos(), Expired.IDLE_IN_TRANSACTION);
      case STATEMENT -> statement(age, limits.statement().toNanos());
    };
  }

  /** What the client is told of {@link Expired#CLIENT_IDLE}. */
  public static SqlFailure clientIdle() {
    return SqlFailure.fatal("57P05", 4031, "the client was idle for too long")
        .withHint("timeouts.client-idle of this database says how long it may be.");
  }

  /** And of {@link Expired#IDLE_IN_TRANSACTION}. */
  public static SqlFailure idleInTransaction() {
    return SqlFailure.fatal("25P03", 4031, "the transaction was idle for too long")
        .withHint("timeouts.idle-in-transaction says how long it may be.");
  }

  /** And of {@link Expired#CANCELLED_STATEMENT}. */
  public static SqlFailure statementGoesOn() {
    return SqlFailure.fatal("57014", 3024, "the statement took too long, and a cancel no effect")
        .withHint("timeouts.statement says how long it may take.");
  }

  private Expired statement(long age, long limit) {
    if (!cancelled) {
      Expired expired = expired(age, limit, Expired.STATEMENT);
      cancelled = expired == Expired.STATEMENT;
      return expired;
    }
    return expired(age, 2 * limit, Expired.CANCELLED_STATEMENT);
  }

  private static Expired expired(long age, long limit, Expired expired) {
    return limit > 0 && age >= limit ? expired : Expired.NOTHING;
  }
}
