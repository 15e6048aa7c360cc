package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What running a text means for its session.
 *
 * @param facts over all its statements
 * @param sets the whole text as plain SETs or RESETs, or empty
 * @param custom settings of two parts that it may set
 * @param hidesNames it may set custom settings whose names it does not show
 * @param dialect how the text was read
 * @param takes where a Bind brings a process id, if the text was rewritten for that
 */
public record StatementMeaning(
    StatementFacts facts,
    List<SetStatement> sets,
    List<String> custom,
    boolean hidesNames,
    Dialect dialect,
    @Nullable ProcessParameter takes) {

  private static final int BESIDE_NAME = 64;

  /** Of a text that was read as PostgreSQL does by default. */
  public StatementMeaning(
      StatementFacts facts, List<SetStatement> sets, List<String> custom, boolean hidesNames) {
    this(facts, sets, custom, hidesNames, PgDialects.STANDARD, null);
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
        : new StatementMeaning(facts, sets, custom, hidesNames, itsDialect, takes);
  }

  /** The same, with a process id that a Bind brings. */
  public StatementMeaning taking(@Nullable ProcessParameter parameter) {
    return takes == parameter
        ? this
        : new StatementMeaning(facts, sets, custom, hidesNames, dialect, parameter);
  }

  /** Bytes that the names in it take, about. */
  int size() {
    int bytes = 0;
    for (String name : custom) {
      bytes += BESIDE_NAME + name.length();
    }
    return bytes;
  }

  /** A text that sets nothing. */
  public static StatementMeaning of(StatementFacts facts) {
    return new StatementMeaning(facts, List.of(), List.of(), false);
  }

  /** Of a text that runs a prepared statement of another meaning, too. */
  public StatementMeaning and(StatementMeaning other) {
    StatementFacts its = other.facts;
    int traits = facts.traits() | its.traits();
    traits &= ~(StatementTrait.READ_ONLY.bit() | StatementTrait.PLAIN_BEGIN.bit());
    traits |= its.first() == StatementClass.DDL ? StatementTrait.DEFINES.bit() : 0;
    StatementFacts both =
        new StatementFacts(
            facts.statements(),
            facts.first(),
            traits,
            facts.footprint() | its.footprint(),
            (facts.clears() & ~its.footprint()) | (its.clears() & ~facts.footprint()),
            facts.digest());
    List<String> names = new ArrayList<>(custom);
    names.addAll(other.custom);
    return new StatementMeaning(
        both, List.of(), List.copyOf(names), hidesNames || other.hidesNames, dialect, takes);
  }
}
