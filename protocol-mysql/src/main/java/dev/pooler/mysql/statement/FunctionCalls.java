package dev.pooler.mysql.statement;

import static dev.pooler.mysql.statement.MyVocabulary.symbol;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.WordPlace;

/**
 * Tells whether {@code name (} calls a function that is in no table of {@link KnownNames}. Much
 * else is written like a call: columns of a table, of an index, of a common table expression, types
 * with a length. Such a place is known by the token before the name: only where that one can't be
 * followed by an expression the name is no function's. In doubt it is a call.
 */
final class FunctionCalls {
  private static final int DOT = symbol('.');

  /** Behind these a name is a relation, a type, an alias, a character set or a definition. */
  private static final int[] NO_CALL_BEHIND =
      ids(
          "as call collate constraint delayed exists foreign fulltext index into key keys linear"
              + " partition primary procedure range recursive references spatial table unique using"
              + " with window over schema database ignore low_priority insert convert");

  private static final int BY = KnownNames.id("by");
  private static final int ON = KnownNames.id("on");
  private static final int SET = KnownNames.id("set");
  private static final int REPLACE = KnownNames.id("replace");
  private static final int HIGH_PRIORITY = KnownNames.id("high_priority");

  /** Statements that run no expression of their text. */
  private static final WordSet NO_CALL_IN =
      WordSet.of(
          MyWord.GRANT,
          MyWord.REVOKE,
          MyWord.DROP,
          MyWord.ANALYZE,
          MyWord.OPTIMIZE,
          MyWord.CHECK,
          MyWord.REPAIR,
          MyWord.LOCK,
          MyWord.TRUNCATE,
          MyWord.CHECKSUM,
          MyWord.CACHE,
          MyWord.CHANGE);

  private static final WordSet PARTITIONED_BY =
      WordSet.of(MyWord.HASH, MyWord.LIST, MyWord.SYSTEM_TIME);

  private final boolean ofMariaDb;
  private WordPlace name = new WordPlace();

  /** The token before the name with its schema. */
  private WordPlace before = new WordPlace();

  private int codeBefore;

  FunctionCalls(boolean ofMariaDb) {
    this.ofMariaDb = ofMariaDb;
  }

  void clear() {
    codeBefore = MyShape.NOTHING;
  }

  /** The next token, {@code last} being the one before it. */
  void token(int code, int last, SqlScanner scanner) {
    if (code != DOT && last != DOT) {
      WordPlace older = before;
      before = name;
      name = older;
      codeBefore = last;
    }
    if (code >= MyVocabulary.NAME) {
      scanner.note(name);
    }
  }

  /**
   * Whether the last token, noted before, is a name and nothing behind which an expression stands.
   */
  boolean isPlainName(int last, SqlScanner scanner) {
    if (last < MyVocabulary.NAME) {
      return false;
    }
    int id = scanner.find(KnownNames.TABLE, name);
    return name.isQuoted() || (id != SqlScanner.OUT_OF_REACH && !KnownNames.isKeyword(id));
  }

  /**
   * Judges an opening parenthesis, before {@link #token} gets it.
   *
   * @param last the token in front of it
   * @param qualified whether a schema stands in front of that
   */
  boolean isUnknown(int last, boolean qualified, MyShape shape, SqlScanner scanner) {
    boolean columns = shape.isBeforeVerb() && shape.isOutermostCall(); // WITH a (b) AS (...)
    if (last < MyVocabulary.NAME
        || columns
        || shape.isLengthOfKey()
        || NO_CALL_IN.contains(shape.head(0))) {
      return false;
    }
    int id = scanner.find(KnownNames.TABLE, name);
    if (!qualified) {
      boolean grammar = KnownNames.isGrammar(id) && !name.isQuoted();
      if (grammar || MyVocabulary.function(last) != null || KnownNames.isFunction(id, ofMariaDb)) {
        return false;
      }
    }
    return mayCallBehind(last, shape, scanner);
  }

  /** Whether an expression may start at the name. */
  private boolean mayCallBehind(int name, MyShape shape, SqlScanner scanner) {
    if (codeBefore < MyVocabulary.NAME) {
      return codeBefore <= symbol(0) && codeBefore != symbol(')') && codeBefore != MyShape.NOTHING;
    }
    int word = scanner.find(KnownNames.TABLE, before);
    if (word == SqlScanner.OUT_OF_REACH) {
      return true;
    }
    if (before.isQuoted() || !KnownNames.isKeyword(word) || contains(NO_CALL_BEHIND, word)) {
      return false;
    }
    int first = shape.head(0);
    boolean defines = first == MyWord.CREATE.id() || first == MyWord.ALTER.id();
    if (word == BY) {
      return !(defines && PARTITIONED_BY.contains(name));
    } else if (word == ON) {
      return !(first == MyWord.CREATE.id() && shape.makesIndex() && shape.isOutermostCall());
    } else if (word == SET) {
      return first != MyWord.LOAD.id(); // CHARACTER SET x (a, b)
    } else if (word == REPLACE || word == HIGH_PRIORITY) {
      boolean inserts = first == MyWord.INSERT.id() || first == MyWord.REPLACE.id();
      return !inserts || shape.seen().contains(MyWord.SELECT);
    }
    return true;
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
}
