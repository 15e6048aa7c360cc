package dev.pooler.postgres.client;

import dev.pooler.core.statement.StatementFacts;
import dev.pooler.postgres.session.CodeNames;
import dev.pooler.postgres.statement.StatementMeaning;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The custom settings of functions that a transaction has defined, replaced or dropped: it may have
 * called them before. Confined to its session's loop.
 */
final class DefinedNames {
  private final Set<String> told = new LinkedHashSet<>();
  private boolean hides;

  /** With what was known before. */
  DefinedNames(CodeNames before) {
    told.addAll(before.told());
  }

  /** A definition. */
  void add(StatementMeaning meaning) {
    told.addAll(meaning.custom());
    hides |= meaning.hidesNames();
  }

  Set<String> told() {
    return told;
  }

  /** Whether a text did not tell all of its names. */
  boolean hides() {
    return hides;
  }

  /** How many statements a text has that may call a function. */
  static int counts(StatementFacts facts) {
    return switch (facts.first()) {
      case BEGIN, COMMIT, ROLLBACK, SAVEPOINT, SHOW, EMPTY ->
          facts.statements() > 1 ? facts.statements() : 0;
      default -> facts.statements();
    };
  }
}
