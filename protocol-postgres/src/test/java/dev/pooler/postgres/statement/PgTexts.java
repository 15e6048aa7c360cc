package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementFacts;
import java.nio.charset.StandardCharsets;

/** Reads a text as PostgreSQL's rules do, without a cache. */
final class PgTexts {
  private PgTexts() {}

  static StatementFacts facts(String sql) {
    return facts(PgDialects.STANDARD, sql);
  }

  static StatementFacts facts(Dialect dialect, String sql) {
    byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
    SqlScanner scanner = new SqlScanner().start(dialect, bytes, 0, bytes.length);
    return new PgStatementReader().read(scanner);
  }
}
