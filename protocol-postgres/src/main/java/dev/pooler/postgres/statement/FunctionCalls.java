package dev.pooler.postgres.statement;

import static dev.pooler.postgres.statement.PgVocabulary.symbol;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.WordPlace;

/**
 * Tells whether {@code name (} calls a function that is in no table of {@link KnownNames}.
 * PostgreSQL writes much else like a call: columns of a table, of an alias, of an index, types with
 * a length, options. Such a place is known by the token before the name: only where that one can't
 * be followed by an expression the name is no function's. In doubt it is a call.
 */
final class FunctionCalls {
  private static final int DOT = symbol('.');

  /** Behind these a name is a relation, a type, an alias or a definition. */
  private static final WordSet NO_CALL_BEHIND = new WordSet();

  private static final int[] MORE_NO_CALL_BEHIND =
      ids(
          "aggregate collation column configuration dictionary domain exists freeze full only"
              + " ordinality parser recursive references routine statistics tablesample template"
              + " view");

  /** Two key words that stand in front of a list, the first and the second one alternating. */
  private static final int[] PAIRS =
      ids(
          "group by order by partition by primary key foreign key grouping sets bit varying"
              + " char varying character varying nchar varying time zone to second on conflict"
              + " not materialized update set");

  private static final int[] PARTITIONED_BY = ids("range list hash");
  private static final int BY = KnownNames.id("by");
  private static final int FILTER = KnownNames.id("filter");
  private static final int INSERT = KnownNames.id("insert");
  private static final int ON = KnownNames.id("on");
  private static final int OVER = KnownNames.id("over");
  private static final int STDIN = KnownNames.id("stdin");
  private static final int STDOUT = KnownNames.id("stdout");
  private static final int THEN = KnownNames.id("then");
  private static final int USING = KnownNames.id("using");

  /** Statements that run no expression of their text. */
  private static final WordSet NO_CALL_IN = new WordSet();

  static {
    add(NO_CALL_BEHIND, PgWord.AS, PgWord.INTO, PgWord.TABLE, PgWord.FUNCTION, PgWord.PROCEDURE);
    add(NO_CALL_BEHIND, PgWord.WITH, PgWord.EXECUTE, PgWord.PREPARE, PgWord.CALL, PgWord.COPY);
    add(NO_CALL_BEHIND, PgWord.ANALYZE, PgWord.ANALYSE, PgWord.VACUUM, PgWord.FETCH);
    add(NO_CALL_BEHIND, PgWord.VERBOSE, PgWord.TYPE);
    add(NO_CALL_IN, PgWord.GRANT, PgWord.REVOKE, PgWord.COMMENT, PgWord.DROP, PgWord.VACUUM);
    add(NO_CALL_IN, PgWord.ANALYZE, PgWord.ANALYSE, PgWord.REINDEX, PgWord.CLUSTER, PgWord.LOCK);
    add(NO_CALL_IN, PgWord.TRUNCATE, PgWord.SECURITY, PgWord.REASSIGN, PgWord.SET, PgWord.RESET);
  }

  private WordPlace name = new WordPlace();

  /** The token before the name with all its schemas. */
  private WordPlace before = new WordPlace();

  private int codeBefore;

  void clear() {
    codeBefore = StatementShape.NOTHING;
  }

  /** The next token, {@code last} being the one before it. */
  void token(int code, int last, SqlScanner scanner) {
    if (code != DOT && last != DOT) {
      WordPlace older = before;
      before = name;
      name = older;
      codeBefore = last;
    }
    if (code >= PgVocabulary.NAME) {
      scanner.note(name);
    }
  }

  /**
   * Judges an opening parenthesis, before {@link #token} gets it.
   *
   * @param last the token in front of it
   * @param schema the one before the last one's dot, or {@link StatementShape#NOTHING}
   */
  boolean isUnknown(int last, int schema, StatementShape shape, SqlScanner scanner) {
    if (last < PgVocabulary.NAME || NO_CALL_IN.contains(shape.head(0))) {
      return false;
    }
    int id = scanner.find(KnownNames.TABLE, name);
    boolean qualified = schema != StatementShape.NOTHING;
    boolean known = PgVocabulary.function(last) != null || KnownNames.isFunction(id);
    if (known && (!qualified || isServers(schema))) {
      return false;
    }
    if (!qualified && (isGrammar(id) || scanner.startsWith(KnownNames.spatial(), name))) {
      return false;
    }
    return mayCallBehind(qualified || name.isQuoted() ? -1 : id, shape, scanner);
  }

  private static boolean isServers(int schema) {
    return schema == PgWord.PG_CATALOG.id() || schema == PgWord.INFORMATION_SCHEMA.id();
  }

  private boolean isGrammar(int id) {
    return KnownNames.isGrammar(id) && !name.isQuoted();
  }

  /** Whether an expression may start at the name, whose place among the key words is id. */
  private boolean mayCallBehind(int id, StatementShape shape, SqlScanner scanner) {
    if (codeBefore == symbol(')')) {
      // SELECT DISTINCT ON (a) f(b) and a OPERATOR(pg_catalog.=) f(b) do call.
      boolean operand =
          shape.seen().contains(PgWord.OPERATOR) || shape.seen().contains(PgWord.DISTINCT_ON);
      return operand && id != OVER && id != FILTER;
    }
    if (codeBefore < PgVocabulary.NAME) {
      return codeBefore <= symbol(0) && codeBefore != StatementShape.NOTHING;
    }
    if (NO_CALL_BEHIND.contains(codeBefore)) {
      return false;
    }
    int word = scanner.find(KnownNames.TABLE, before);
    if (word == SqlScanner.OUT_OF_REACH) {
      return true;
    }
    boolean keyword = KnownNames.isKeyword(word) && !before.isQuoted();
    return keyword
        && !contains(MORE_NO_CALL_BEHIND, word)
        && !isPair(word, id)
        && !inDefinition(word, id, shape);
  }

  private static boolean isPair(int first, int second) {
    for (int i = 0; i < PAIRS.length; i += 2) {
      if (PAIRS[i] == first && PAIRS[i + 1] == second) {
        return true;
      }
    }
    return false;
  }

  private static boolean inDefinition(int word, int id, StatementShape shape) {
    if (word == THEN && id == INSERT) {
      return shape.seen().contains(PgWord.MERGE);
    }
    if (shape.head(0) == PgWord.COPY.id()) {
      return id == STDIN || id == STDOUT;
    }
    if (shape.head(0) != PgWord.CREATE.id()) {
      return false;
    }
    int index = PgWord.INDEX.id();
    if (word == ON && shape.isOutermostCall()) {
      return shape.head(1) == index || shape.head(2) == index;
    }
    if (word == USING) {
      return !shape.seen().contains(PgWord.DELETE) && !shape.seen().contains(PgWord.MERGE);
    }
    return word == BY && contains(PARTITIONED_BY, id);
  }

  private static boolean contains(int[] ids, int id) {
    for (int one : ids) {
      if (one == id) {
        return true;
      }
    }
    return false;
  }

  private static int[] ids(String words) {
    String[] each = words.split(" ", -1);
    int[] ids = new int[each.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = KnownNames.id(each[i]);
    }
    return ids;
  }

  private static void add(WordSet set, PgWord... words) {
    for (PgWord word : words) {
      set.add(word);
    }
  }
}
