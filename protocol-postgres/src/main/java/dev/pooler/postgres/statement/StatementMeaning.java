package dev.pooler.postgres.statement;

import dev.pooler.core.statement.StatementFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What running a text means for its session.
 *
 * @param facts over all its statements
 * @param set the whole text as one plain SET or RESET, or null
 * @param custom settings of two parts that it may set
 * @param hidesNames it may set custom settings whose names it does not show
 */
public record StatementMeaning(
    StatementFacts facts, @Nullable SetStatement set, List<String> custom, boolean hidesNames) {

  /** A text that could not be read. */
  public static final StatementMeaning UNKNOWN =
      new StatementMeaning(StatementFacts.unknown(), null, List.of(), true);

  /** A text that sets nothing. */
  public static StatementMeaning of(StatementFacts facts) {
    return new StatementMeaning(facts, null, List.of(), false);
  }
}
