package dev.pooler.mysql.statement;

import dev.pooler.core.statement.StatementRules;

/** Makes the statement rules of an event loop that serves MySQL's protocol. */
public final class MyStatementRules {
  private MyStatementRules() {}

  /** Rules for one event loop and servers of one flavor, reading as those do by default. */
  public static StatementRules create(MyDialects.Flavor flavor, StatementRules.Limits limits) {
    return new StatementRules(
        new MyStatementReader(flavor), MyDialects.of(flavor, "", "utf8mb4"), limits);
  }
}
