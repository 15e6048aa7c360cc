package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementRules;

/** Makes the statement rules of a PostgreSQL event loop. */
public final class PgStatementRules {
  private PgStatementRules() {}

  /** Rules for one event loop, reading as PostgreSQL does by default. */
  public static StatementRules create(StatementRules.Limits limits) {
    return new StatementRules(new PgStatementReader(), PgDialects.STANDARD, limits);
  }

  /**
   * Whether a text that calls a function of this name, with parentheses behind it, always leaves
   * {@link Footprint#UNKNOWN_FUNCTION}.
   *
   * @param function in lower case
   */
  public static boolean showsCallsOf(String function) {
    return function.chars().allMatch(c -> c < 0x80)
        && PgFunction.find(function) == null
        && !KnownNames.contains(function);
  }
}
