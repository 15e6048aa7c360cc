package dev.pooler.postgres.client;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.postgres.session.SequencePrograms;
import dev.pooler.postgres.session.SequencePrograms.Care;
import dev.pooler.postgres.statement.SessionBackend;
import org.jspecify.annotations.Nullable;

/**
 * What one session has drawn from sequences. Only the backend knows the values, so currval and
 * lastval are answered on the backend that drew, for as long as nobody else has been there; else
 * the session is told, and others of its program keep their lease from then on (architecture.md).
 * Values that others have drawn are never seen: the server is told to forget them in front of the
 * statement that could. Confined to its session's loop.
 */
final class SequenceValues {
  /** What is to be done with a statement. */
  enum Answer {
    RUN,
    /** The server forgets first what was drawn on this backend. */
    FORGET_AND_RUN,
    /** What is asked for is on another backend. */
    REFUSE
  }

  private final long session;
  private final SequencePrograms programs;

  /** The session may have drawn on the backend that it has, and nobody else was there since. */
  private boolean here;

  /** It may have drawn at all. */
  private boolean drew;

  SequenceValues(long session, SequencePrograms programs) {
    this.session = session;
    this.programs = programs;
  }

  void onLease(SessionBackend backend) {
    if (!backend.visit(session)) {
      here = false;
    }
  }

  /** Something ran of which no more is known. */
  void mayHaveDrawn() {
    here = true;
    drew = true;
  }

  /** DISCARD ALL or DISCARD SEQUENCES. */
  void discarded() {
    here = false;
    drew = false;
  }

  /** Whether the lease is to be kept for what the session may have drawn on it. */
  boolean keepsLease(String program) {
    return here && programs.care(program) == Care.KEEPS;
  }

  /** Whether anything is done for any program of the pool. */
  boolean anyCare() {
    return !programs.none();
  }

  /**
   * Judges a statement that is about to run.
   *
   * @param draws functions may run in it that no text shows, or it advances a sequence
   * @param query it is a simple query
   */
  Answer judge(
      StatementFacts facts, boolean draws, boolean query, String program, SessionBackend backend) {
    Answer answer = Answer.RUN;
    boolean own = here || backend.sequencesAreOwn();
    if (facts.leaves(Footprint.SEQUENCE_VALUE)) {
      answer = asked(facts, draws, program, backend, own);
    } else if (draws && !own && programs.care(program) != Care.NONE) {
      answer = Answer.FORGET_AND_RUN;
    }
    if (draws && answer != Answer.REFUSE) {
      mayHaveDrawn();
    }
    // What refuses a transaction refuses one that a statement of ours in its batch has begun.
    boolean alone = !query && facts.is(StatementTrait.REFUSES_TRANSACTION);
    return answer == Answer.FORGET_AND_RUN && alone ? Answer.RUN : answer;
  }

  private Answer asked(
      StatementFacts facts, boolean draws, String program, SessionBackend backend, boolean own) {
    if (here) {
      if (!backend.sequencesAreOwn()) {
        programs.learn(program, Care.ASKS);
      }
      return Answer.RUN;
    }
    if (!drew || drawsFirst(facts, draws) || runsLater(facts)) {
      if (!own) {
        programs.learn(program, Care.ASKS);
      }
      return own ? Answer.RUN : Answer.FORGET_AND_RUN;
    }
    programs.learn(program, Care.KEEPS);
    return Answer.REFUSE;
  }

  /** The same text draws, or may: nextval beside currval; INSERT; SELECT currval; DO. */
  private static boolean drawsFirst(StatementFacts facts, boolean draws) {
    return facts.is(StatementTrait.ADVANCES_SEQUENCE)
        || facts.leaves(Footprint.CODE)
        || (draws && facts.statements() > 1);
  }

  /** A column's default, PREPARE: what asks is kept for later. */
  private static boolean runsLater(StatementFacts facts) {
    return facts.first() == StatementClass.DDL || facts.first() == StatementClass.UTILITY;
  }

  /** Whether a statement is of the kind behind which a lease is kept. */
  static boolean isWrite(StatementFacts facts) {
    return facts.is(StatementTrait.ADVANCES_SEQUENCE)
        || facts.first() == StatementClass.WRITE
        || facts.first() == StatementClass.COPY
        || facts.first() == StatementClass.CALL
        || (facts.statements() > 1 && !facts.is(StatementTrait.READ_ONLY));
  }

  static SqlFailure refusal(@Nullable String program) {
    String name = program == null || program.isEmpty() ? "this program" : "\"" + program + "\"";
    return SqlFailure.error(
            "55000", 1105, "currval and lastval are not defined outside nextval's transaction")
        .withDetail(
            "What this session drew is on another backend. From now on sessions of "
                + name
                + " keep their backend after INSERT.")
        .withHint("Use INSERT ... RETURNING, or ask in the transaction that called nextval.");
  }
}
