package dev.pooler.postgres.statement;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementReader;

/** Reads what a PostgreSQL query string does. */
public final class PgStatementReader implements StatementReader {
  @Override
  public StatementFacts read(SqlScanner scanner) {
    return StatementFacts.unknown();
  }
}
