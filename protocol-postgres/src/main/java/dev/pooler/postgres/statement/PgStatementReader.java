package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementDigest;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementReader;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.statement.Token;

/**
 * Reads what a PostgreSQL query string does, statement by statement, from the rules of {@link
 * PgRules} and {@link PgFunction}. In doubt it flags: a false reason costs a pin, a missing one
 * mixes sessions. Belongs to one thread.
 */
public final class PgStatementReader implements StatementReader {
  private static final WordSet READING = new WordSet();

  static {
    READING.add(PgWord.CLIENT_ENCODING);
    READING.add(PgWord.NAMES);
    READING.add(PgWord.STANDARD_CONFORMING_STRINGS);
  }

  private final StatementShape shape = new StatementShape();
  private final StatementDigest digest = new StatementDigest();
  private final FactsShelf shelf = new FactsShelf();

  private int statements;
  private StatementClass first = StatementClass.EMPTY;
  private boolean readOnly;
  private boolean plainBegin;
  private boolean readsClock;
  private boolean resetsAll;
  private boolean defines;
  private boolean temporaryCode;
  private int traits;
  private int footprint;
  private int clears;

  @Override
  public StatementFacts read(SqlScanner scanner) {
    clear();
    while (true) {
      Token token = scanner.next();
      if (token == Token.BROKEN) {
        return StatementFacts.unknown();
      }
      digest.add(token, scanner);
      readsClock = readsClock || ClockWords.areIn(token, scanner);
      int code = PgVocabulary.code(token, scanner);
      if (token == Token.END || (code == PgVocabulary.symbol(';') && !shape.isInside())) {
        finishStatement();
        if (token == Token.END) {
          return facts();
        }
        shape.clear();
      } else {
        shape.add(code, scanner);
      }
    }
  }

  private void clear() {
    shape.clear();
    digest.clear();
    statements = 0;
    first = StatementClass.EMPTY;
    readOnly = true;
    plainBegin = false;
    readsClock = false;
    resetsAll = false;
    defines = false;
    temporaryCode = false;
    traits = 0;
    footprint = 0;
    clears = 0;
  }

  private StatementFacts facts() {
    int all = traits;
    all |= readOnly && statements > 0 ? StatementTrait.READ_ONLY.bit() : 0;
    all |= plainBegin && statements == 1 ? StatementTrait.PLAIN_BEGIN.bit() : 0;
    all |= resetsAll && statements > 1 ? StatementTrait.CHANGES_READING.bit() : 0;
    all |= defines && (statements > 1 || temporaryCode) ? StatementTrait.DEFINES.bit() : 0;
    all |= readsClock ? StatementTrait.READS_CLOCK.bit() : 0;
    return shelf.facts(statements, first, all, footprint, clears, digest.value());
  }

  private void finishStatement() {
    if (shape.isEmpty()) {
      return;
    }
    PgRule rule = shape.isBalanced() ? PgRules.find(shape) : null;
    if (rule == null) {
      defines = true;
      combine(
          StatementClass.UNKNOWN,
          StatementTrait.REFUSES_TRANSACTION.bit(),
          Footprint.UNKNOWN.bit(),
          0);
      return;
    }
    plainBegin = rule.type == StatementClass.BEGIN && shape.isPlainBegin();
    boolean planned = shape.onlyPlans();
    boolean temporary = isTemporary(rule);
    temporaryCode |= temporary && bringsCode();
    defines |= rule.type == StatementClass.DDL && !planned && (!temporary || bringsCode());
    combine(
        planned ? StatementClass.READ : rule.type,
        rule.traits
            | shape.traits()
            | (shape.letsGo() ? StatementTrait.LETS_GO.bit() : 0)
            | (changesReading(rule) ? StatementTrait.CHANGES_READING.bit() : 0),
        rule.footprint | shape.footprint() | acrossRules(),
        rule.clears | shape.clears());
    readOnly &= rule.type == StatementClass.READ || rule.type == StatementClass.SHOW;
  }

  private boolean isTemporary(PgRule rule) {
    return ((rule.footprint | shape.footprint()) & Footprint.TEMP_TABLE.bit()) != 0
        || ((rule.traits | shape.traits()) & StatementTrait.TEMP_TABLE_UNTIL_COMMIT.bit()) != 0;
  }

  /**
   * Code of the session's own may run unseen like any other: a function, a view that calls one, a
   * default that is itself a call. What a table's default calls is code already.
   */
  private boolean bringsCode() {
    int calls = shape.footprint() & ~Footprint.TEMP_TABLE.bit();
    return shape.makesTable()
        ? (calls & ~Footprint.UNKNOWN_FUNCTION.bit()) != 0
        : calls != 0 || shape.seen().contains(PgWord.IN_PG_TEMP);
  }

  private void combine(StatementClass type, int itsTraits, int itsFootprint, int itsClears) {
    if (statements++ == 0) {
      first = type;
    }
    traits |= itsTraits;
    footprint |= itsFootprint;
    clears = (clears & ~itsFootprint) | itsClears;
    readOnly &= (itsTraits | itsFootprint | itsClears) == 0;
  }

  /**
   * Whether it sets or resets standard_conforming_strings or client_encoding, or may. A set_config
   * is looked at where it is called. A lone RESET ALL says it by what it clears.
   */
  private boolean changesReading(PgRule rule) {
    WordSet seen = shape.seen();
    boolean sets = rule.type == StatementClass.SET && seen.intersects(READING);
    boolean updates = seen.contains(PgWord.UPDATE) && seen.contains(PgWord.PG_SETTINGS);
    resetsAll |= (rule.clears & Footprint.SETTING.bit()) != 0;
    return sets || updates;
  }

  /** What words mean in whatever statement they stand. */
  private int acrossRules() {
    int found = 0;
    WordSet seen = shape.seen();
    boolean intoPgTemp = seen.contains(PgWord.INTO) && seen.contains(PgWord.IN_PG_TEMP);
    if (seen.contains(PgWord.INTO_TEMP) || intoPgTemp) {
      found |= Footprint.TEMP_TABLE.bit();
    }
    if (seen.contains(PgWord.AS_EXECUTE)) {
      found |= Footprint.CODE.bit();
    }
    // The view pg_settings has a rule that turns UPDATE into set_config.
    if (seen.contains(PgWord.UPDATE) && seen.contains(PgWord.PG_SETTINGS)) {
      found |= Footprint.SETTING.bit() | Footprint.ROLE.bit();
    }
    return found;
  }
}
