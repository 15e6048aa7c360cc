package dev.pooler.postgres.statement;

import dev.pooler.core.statement.StatementRules;

/** Makes the statement rules of a PostgreSQL event loop. */
public final class PgStatementRules {
  private PgStatementRules() {}

  /** Rules for one event loop, reading as PostgreSQL does by default. */
  public static StatementRules create(StatementRules.Limits limits) {
    return new StatementRules(new PgStatementReader(), PgDialects.STANDARD, limits);
  }
}
