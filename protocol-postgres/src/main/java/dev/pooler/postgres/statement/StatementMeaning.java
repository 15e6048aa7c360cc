package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import java.util.List;

/**
 * What running a text means for its session.
 *
 * @param facts over all its statements
 * @param sets the whole text as plain SETs or RESETs, or empty
 * @param custom settings of two parts that it may set
 * @param hidesNames it may set custom settings whose names it does not show
 * @param dialect how the text was read
 */
public record StatementMeaning(
    StatementFacts facts,
    List<SetStatement> sets,
    List<String> custom,
    boolean hidesNames,
    Dialect dialect) {

  /** Of a text that was read as PostgreSQL does by default. */
  public StatementMeaning(
      StatementFacts facts, List<SetStatement> sets, List<String> custom, boolean hidesNames) {
    this(facts, sets, custom, hidesNames, PgDialects.STANDARD);
  }

  /** A text that could not be read. */
  public static final StatementMeaning UNKNOWN =
      new StatementMeaning(StatementFacts.unknown(), List.of(), List.of(), true);

  /** A text that leaves nothing. */
  public static final StatementMeaning NOTHING =
      of(new StatementFacts(1, StatementClass.UTILITY, 0, 0, 0, 0));

  /** The same, read so. */
  public StatementMeaning in(Dialect itsDialect) {
    return dialect.equals(itsDialect)
        ? this
        : new StatementMeaning(facts, sets, custom, hidesNames, itsDialect);
  }

  /** A text that sets nothing. */
  public static StatementMeaning of(StatementFacts facts) {
    return new StatementMeaning(facts, List.of(), List.of(), false);
  }
}
