package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementDigest;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementReader;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.statement.Token;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a text for MySQL or MariaDB does, statement by statement, from the rules of {@link
 * MyRules}, {@link SetItems} and {@link MyFunction}. In doubt it flags: a false reason costs a pin,
 * a missing one mixes sessions. Belongs to one thread.
 *
 * <p>A comment whose text depends on the server's version is read as if it were there and as if it
 * were not, and the facts are those of both; a text with two of them is unknown. The server parses
 * statement by statement: behind one that may change how texts are read nothing is known.
 */
public final class MyStatementReader implements StatementReader {
  /** What runs code that may set sql_mode. */
  private static final int HIDING =
      Footprint.CODE.bit() | Footprint.UNKNOWN_FUNCTION.bit() | Footprint.UNKNOWN.bit();

  /** What says nothing against a statement that reads. */
  private static final int IDLE = StatementTrait.TESTS_NULL.bit();

  private static final int OF_ALL =
      StatementTrait.READ_ONLY.bit() | StatementTrait.PLAIN_BEGIN.bit();

  private final MyShape shape;
  private final StatementDigest digest = new StatementDigest();
  private final FactsShelf shelf = new FactsShelf();

  private int statements;
  private StatementClass first = StatementClass.EMPTY;
  private boolean readOnly;
  private boolean plainBegin;
  private boolean defines;
  private boolean changed;
  private int traits;
  private int footprint;
  private int clears;

  /** A reader for servers of this flavor, whose built-in functions are not the other's. */
  public MyStatementReader(MyDialects.Flavor flavor) {
    shape = new MyShape(flavor == MyDialects.Flavor.MARIADB);
  }

  @Override
  public StatementFacts read(SqlScanner scanner) {
    StatementFacts facts = readOnce(scanner);
    if (scanner.conditions() == 0 || facts == null) {
      return facts == null ? StatementFacts.unknown() : facts;
    }
    boolean single = scanner.conditions() == 1;
    StatementFacts without = readOnce(scanner.startWithoutConditions());
    single &= scanner.conditions() == 1;
    return single && without != null ? both(facts, without) : StatementFacts.unknown();
  }

  /** Null if the text is broken. */
  private @Nullable StatementFacts readOnce(SqlScanner scanner) {
    clear();
    while (true) {
      Token token = scanner.next();
      if (token == Token.BROKEN) {
        return null;
      }
      digest.add(token, scanner);
      int code = MyVocabulary.code(token, scanner);
      if (token == Token.END || (code == MyVocabulary.symbol(';') && !shape.isInside())) {
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

  /** One of two texts, nobody knows which. */
  private StatementFacts both(StatementFacts one, StatementFacts other) {
    boolean empty = one.isEmpty() || other.isEmpty();
    if (!empty && one.first() != other.first()) {
      return StatementFacts.unknown();
    }
    int left = one.footprint() | other.footprint();
    int sure = one.traits() & other.traits() & OF_ALL;
    if (empty) {
      sure = (one.traits() | other.traits()) & StatementTrait.READ_ONLY.bit();
    }
    return shelf.facts(
        Math.max(one.statements(), other.statements()),
        one.isEmpty() ? other.first() : one.first(),
        ((one.traits() | other.traits()) & ~OF_ALL) | sure,
        left,
        one.clears() & other.clears() & ~left,
        one.digest());
  }

  private void clear() {
    shape.clear();
    digest.clear();
    statements = 0;
    first = StatementClass.EMPTY;
    readOnly = true;
    plainBegin = false;
    defines = false;
    changed = false;
    traits = 0;
    footprint = 0;
    clears = 0;
  }

  private StatementFacts facts() {
    int all = traits;
    all |= readOnly && statements > 0 ? StatementTrait.READ_ONLY.bit() : 0;
    all |= plainBegin && statements == 1 ? StatementTrait.PLAIN_BEGIN.bit() : 0;
    all |= defines && statements > 1 ? StatementTrait.DEFINES.bit() : 0;
    return shelf.facts(statements, first, all, footprint, clears, digest.value());
  }

  private void finishStatement() {
    if (shape.isEmpty()) {
      return;
    }
    shape.end();
    int doubt = changed ? Footprint.UNKNOWN.bit() : 0;
    MyRule rule = shape.isBalanced() ? MyRules.find(shape) : null;
    if (rule == null && isDescription()) {
      combine(StatementClass.READ, shape.traits(), shape.footprint() | doubt, shape.clears());
      return;
    }
    StatementClass type = rule == null ? StatementClass.UNKNOWN : type(rule);
    if (rule == null || type == StatementClass.UNKNOWN) {
      StatementFacts unknown = StatementFacts.unknown();
      defines = true;
      combine(type, unknown.traits() | shape.traits(), unknown.footprint() | shape.footprint(), 0);
      return;
    }
    plainBegin = type == StatementClass.BEGIN && shape.isPlainBegin();
    boolean temporary = (rule.footprint & Footprint.TEMP_TABLE.bit()) != 0;
    defines |= rule.type == StatementClass.DDL && !temporary;
    combine(
        shape.onlyPlans() && type != StatementClass.SHOW ? StatementClass.READ : type,
        rule.traits | shape.traits(),
        rule.footprint | shape.footprint() | doubt,
        rule.clears | shape.clears());
    readOnly &= type == StatementClass.READ || type == StatementClass.SHOW;
  }

  /** DESCRIBE of a table. */
  private boolean isDescription() {
    return shape.isBalanced() && shape.explains() && shape.head(0) == MyShape.NOTHING;
  }

  /** The class of the statement; WITH only says it by what follows. */
  private StatementClass type(MyRule rule) {
    if (shape.head(0) != MyWord.WITH.id() || rule.type == StatementClass.WRITE) {
      return rule.type;
    }
    int verb = shape.verb();
    if (verb == MyShape.NOTHING) {
      return StatementClass.UNKNOWN;
    }
    boolean reads =
        verb == MyWord.SELECT.id() || verb == MyWord.TABLE.id() || verb == MyWord.VALUES.id();
    return reads ? StatementClass.READ : StatementClass.WRITE;
  }

  private void combine(StatementClass type, int itsTraits, int itsFootprint, int itsClears) {
    if (statements++ == 0) {
      first = type;
    }
    traits |= itsTraits;
    footprint |= itsFootprint;
    clears = (clears & ~itsFootprint) | itsClears;
    readOnly &= ((itsTraits & ~IDLE) | itsFootprint | itsClears) == 0;
    changed |=
        (itsTraits & StatementTrait.CHANGES_READING.bit()) != 0 || (itsFootprint & HIDING) != 0;
  }
}
