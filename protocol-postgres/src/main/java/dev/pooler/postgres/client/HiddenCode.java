package dev.pooler.postgres.client;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.session.CodeFindings;
import dev.pooler.postgres.session.SessionQuestion;
import java.util.function.LongSupplier;

/**
 * What may have run in a session's transaction though no text shows it, and whether that is to be
 * asked about. Statements that leave the catalogs alone cost a volatile read. Confined to its
 * session's loop.
 */
final class HiddenCode {
  private final CodeCensus census;
  private final LongSupplier clock;

  /** Functions that no text shows are taken to leave nothing. */
  private final boolean trusted;

  /** Something ran behind which functions may stand. */
  private boolean wrote;

  /** A function may have been called of which the text says no more than that it calls one. */
  private boolean called;

  /** Something was read: views, policies, domains and operators have functions too. */
  private boolean read;

  /** Something was made that search_path may have made temporary. */
  private boolean created;

  /** Code may have run that the census does not find any more, or was never asked about. */
  private boolean gone;

  private boolean asksCensus;

  /** What was defined when the server was asked. */
  private int asOf;

  HiddenCode(CodeCensus census, LongSupplier clock, boolean trusted) {
    this.census = census;
    this.clock = clock;
    this.trusted = trusted;
  }

  /** Triggers, defaults, rules: whatever changes rows may call functions. */
  boolean mayRunIn(StatementFacts facts) {
    if (facts.leaves(Footprint.UNKNOWN_FUNCTION)) {
      return true;
    }
    return switch (facts.first()) {
      case WRITE, COPY, DDL, CALL -> true;
      case BEGIN, COMMIT, ROLLBACK, SAVEPOINT, SET, SHOW, EMPTY -> facts.statements() > 1;
      default ->
          (facts.statements() > 1 && !facts.is(StatementTrait.READ_ONLY))
              || census.findings().reads();
    };
  }

  /** A statement is about to run. */
  void note(StatementFacts facts) {
    created |= facts.is(StatementTrait.CREATES);
    if (!trusted) {
      wrote |= mayRunIn(facts);
      called |= !showsCalls(facts);
      read |= mayRead(facts);
    }
  }

  /** Whether nothing is called by name of which nothing is known. */
  private static boolean showsCalls(StatementFacts facts) {
    boolean one = facts.statements() <= 1 && !facts.leaves(Footprint.UNKNOWN_FUNCTION);
    return switch (facts.first()) {
      case READ, WRITE, COPY, CURSOR -> one && !facts.is(StatementTrait.CREATES);
      case BEGIN, COMMIT, ROLLBACK, SAVEPOINT, SET, SHOW, EMPTY -> one;
      default -> false;
    };
  }

  private static boolean mayRead(StatementFacts facts) {
    return switch (facts.first()) {
      case READ, CURSOR, UTILITY -> true;
      default -> false;
    };
  }

  /** Code was made, changed or taken away in the transaction that may have run it. */
  void redefined() {
    gone = !trusted;
  }

  /** Whether code may have run in this transaction that has left something. */
  boolean mayHaveLeft() {
    return wrote && census.lastFinding(clock.getAsLong()) != CodeCensus.Finding.HARMLESS;
  }

  /** Whether any function may have been called by its name in this transaction. */
  boolean mayHaveCalled() {
    return called;
  }

  /** Whether functions that no text shows may have run in this transaction. */
  boolean mayHaveRun() {
    return wrote;
  }

  /** Whether the code of the database is to be asked about first. */
  boolean asksCensus() {
    return asksCensus;
  }

  /** What is to be asked about now that the transaction is over, as packed {@link Footprint}s. */
  int judge() {
    if (!wrote && !read && !created) {
      return 0;
    }
    long now = clock.getAsLong();
    boolean onlyRead = !wrote && !created;
    CodeCensus.Finding finding = onlyRead ? census.finding(now) : census.findingOrAsk(now);
    if (finding == CodeCensus.Finding.NOT_ASKED) {
      if (!onlyRead || census.isForReader(now)) {
        asksCensus = true;
      } else {
        read = false;
      }
      return 0;
    }
    CodeFindings findings = census.findings();
    int doubts = 0;
    boolean ran = wrote || (read && findings.reads());
    if (gone || (finding == CodeCensus.Finding.MAY_LEAVE && ran)) {
      doubts = SessionQuestion.ASKABLE;
    }
    if (created && findings.temporaryPath()) {
      doubts |= Footprint.TEMP_TABLE.bit();
    }
    forget();
    return doubts;
  }

  /** The server is asked now. */
  void onQuestion() {
    asOf = census.definitions();
  }

  /** The server has told of its code. */
  void found(CodeFindings findings) {
    asksCensus = false;
    census.found(findings, asOf, clock.getAsLong());
  }

  /**
   * The server has not told: {@link #judge} judges by what it has told before, if it has.
   *
   * @param only whether nothing else was asked
   * @return whether something may have been left that is not known
   */
  boolean notFound(boolean only) {
    boolean known = asksCensus && census.notFound(clock.getAsLong());
    if (known && only) {
      asksCensus = false;
      return false;
    }
    boolean unknown = wrote || created;
    forget();
    return unknown;
  }

  /** Nothing is left of what ran. */
  void forget() {
    wrote = false;
    called = false;
    read = false;
    created = false;
    gone = false;
    asksCensus = false;
  }
}
