package dev.pooler.mysql.statement;

import static dev.pooler.mysql.statement.MyVocabulary.symbol;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementTrait;
import org.jspecify.annotations.Nullable;

/**
 * What one statement looks like, gathered token by token: how it starts, which words and phrases it
 * holds, which functions it calls and which variables it names. Reused from statement to statement.
 */
final class MyShape {
  /** The longest pattern, and a little more. */
  private static final int HEAD = 10;

  /** No token: before the first one, or behind what is kept. */
  static final int NOTHING = Integer.MIN_VALUE;

  /** What a statement starts with that EXPLAIN explains. */
  private static final WordSet EXPLAINED =
      WordSet.of(
          MyWord.SELECT,
          MyWord.INSERT,
          MyWord.REPLACE,
          MyWord.UPDATE,
          MyWord.DELETE,
          MyWord.WITH,
          MyWord.TABLE,
          MyWord.VALUES,
          MyWord.CONNECTION);

  private static final WordSet EXPLAINING =
      WordSet.of(MyWord.EXPLAIN, MyWord.DESCRIBE, MyWord.DESC);

  private static final WordSet ANALYZED =
      WordSet.of(MyWord.TABLE, MyWord.TABLES, MyWord.LOCAL, MyWord.NO_WRITE_TO_BINLOG);

  /** What names accounts: nowhere else stands an at sign behind a name. */
  private static final WordSet WITH_ACCOUNTS =
      WordSet.of(
          MyWord.CREATE,
          MyWord.ALTER,
          MyWord.DROP,
          MyWord.GRANT,
          MyWord.REVOKE,
          MyWord.RENAME,
          MyWord.SET,
          MyWord.SHOW,
          MyWord.KILL);

  private static final WordSet KEYS =
      WordSet.of(MyWord.KEY, MyWord.INDEX, MyWord.UNIQUE, MyWord.FULLTEXT, MyWord.SPATIAL);

  private final int[] head = new int[HEAD];
  private final WordSet seen = new WordSet();
  private final FunctionCalls calls;
  private final AtSigns signs = new AtSigns();
  private final SetItems items = new SetItems();
  private final RoutineBody body = new RoutineBody();
  private int headSize;
  private boolean empty;
  private boolean explains;
  private boolean runs;
  private boolean setsLocally;
  private int last;
  private int second;
  private int depth;
  private int verb;

  /** How deep the parentheses are in which an index's columns stand, or 0. */
  private int keyDepth;

  private boolean unbalanced;
  private boolean insertIdCall;
  private int callFootprint;
  private int callTraits;
  private int callClears;

  MyShape(boolean ofMariaDb) {
    calls = new FunctionCalls(ofMariaDb);
  }

  void clear() {
    seen.clear();
    calls.clear();
    signs.clear();
    items.clear();
    body.clear();
    headSize = 0;
    empty = true;
    explains = false;
    runs = false;
    setsLocally = false;
    last = NOTHING;
    second = NOTHING;
    depth = 0;
    verb = NOTHING;
    keyDepth = 0;
    unbalanced = false;
    insertIdCall = false;
    callFootprint = 0;
    callTraits = 0;
    callClears = 0;
  }

  boolean isEmpty() {
    return empty;
  }

  /** The token at a place of the statement's start, without EXPLAIN and opening parentheses. */
  int head(int place) {
    return place < headSize ? head[place] : NOTHING;
  }

  /** Every word and phrase of the statement. */
  WordSet seen() {
    return seen;
  }

  /** What a statement that starts with WITH does: its first verb outside of parentheses. */
  int verb() {
    return verb;
  }

  /** Behind a WITH that says not yet what it is for. */
  boolean isBeforeVerb() {
    return head(0) == MyWord.WITH.id() && verb == NOTHING;
  }

  /** A semicolon here is part of the statement. */
  boolean isInside() {
    return body.isInside();
  }

  boolean isBalanced() {
    return !unbalanced && depth == 0 && body.isWhole();
  }

  /** Nothing but the words of a BEGIN or START TRANSACTION. */
  boolean isPlainBegin() {
    return head(0) == MyWord.BEGIN.id() || headSize == 2;
  }

  /** EXPLAIN or DESCRIBE, of a table too. */
  boolean explains() {
    return explains;
  }

  /** EXPLAIN that only plans. */
  boolean onlyPlans() {
    return explains && !runs;
  }

  /** The statement defines a stored program. */
  boolean isRoutine() {
    return body.isRoutine();
  }

  /** The parenthesis just opened is in no other one. */
  boolean isOutermostCall() {
    return depth == 1;
  }

  /** The parenthesis just opened may say how much of a column an index has. */
  boolean isLengthOfKey() {
    return keyDepth > 0 && depth == keyDepth + 1;
  }

  boolean makesIndex() {
    int index = MyWord.INDEX.id();
    for (int place = 1; place < 5; place++) {
      if (head(place) == index) {
        return true;
      }
    }
    return false;
  }

  int footprint() {
    return callFootprint
        | items.footprint()
        | (signs.hasVariable() ? Footprint.USER_VARIABLE.bit() : 0);
  }

  int traits() {
    return callTraits
        | items.traits()
        | signs.traits()
        | (setsLocally ? StatementTrait.SETS_LOCALLY.bit() : 0);
  }

  int clears() {
    return callClears;
  }

  /** The statement is over. */
  void end() {
    items.end();
  }

  void add(int token, SqlScanner scanner) {
    empty = false;
    int code = last == symbol('.') ? MyVocabulary.asName(token) : token;
    if (!body.isDefinition()) {
      code = effects(code, scanner);
    } else if (code == MyWord.SONAME.id()) {
      seen.add(code);
    }
    if (code == symbol('(')) {
      depth++;
    } else if (code == symbol(')')) {
      unbalanced |= --depth < 0;
    }
    if (head(0) == MyWord.CREATE.id() || head(0) == MyWord.ALTER.id()) {
      body.token(code, last, depth);
      keys(code);
    }
    calls.token(code, last, scanner);
    start(code);
    second = last;
    last = code;
  }

  /** Notes where the columns of an index are listed, of which it may have the first letters. */
  private void keys(int code) {
    if (code == symbol('(')) {
      boolean named = KEYS.contains(last) || KEYS.contains(second) || second == MyWord.USING.id();
      boolean indexed = depth == 1 && head(0) == MyWord.CREATE.id() && makesIndex();
      keyDepth = keyDepth == 0 && (named || indexed) ? depth : keyDepth;
    } else if (depth < keyDepth) {
      keyDepth = 0;
    }
  }

  /** What the token shows, unless it stands in what is only defined; its code. */
  private int effects(int token, SqlScanner scanner) {
    boolean account =
        token == symbol('@')
            && WITH_ACCOUNTS.contains(head(0))
            && (last == MyVocabulary.STRING || calls.isPlainName(last, scanner));
    int code = signs.token(token, account, scanner);
    if (insertIdCall) {
      insertIdCall = false;
      callFootprint |= code == symbol(')') ? 0 : Footprint.INSERT_ID.bit();
    }
    if (code >= 0) {
      word(code);
    } else if (code == symbol('(')) {
      call(MyVocabulary.function(last));
      depth++;
      boolean qualified = second == symbol('.');
      if (calls.isUnknown(last, qualified, this, scanner)) {
        callFootprint |= Footprint.UNKNOWN_FUNCTION.bit();
      }
      depth--;
    }
    if (depth == 0 && headSize > 0 && head[0] == MyWord.SET.id()) {
      items.token(code);
    }
    return code;
  }

  private void start(int code) {
    if (headSize == 0) {
      first(code);
      return;
    }
    if (headSize == 1 && head[0] == MyWord.ANALYZE.id() && !ANALYZED.contains(code)) {
      // MariaDB's ANALYZE of a statement runs it.
      explains = true;
      runs = true;
      headSize = 0;
      first(code);
      return;
    }
    boolean prefix = head[0] == MyWord.SET.id() && head(1) == MyWord.STATEMENT.id();
    if (prefix && depth == 0 && code == MyWord.FOR.id()) {
      setsLocally = true;
      items.clear();
      seen.clear();
      headSize = 0;
      return;
    }
    if (headSize < HEAD) {
      head[headSize++] = code;
    }
    if (head[0] == MyWord.WITH.id() && depth == 0 && verb == NOTHING && isVerb(code)) {
      verb = code;
    }
  }

  private static boolean isVerb(int code) {
    return EXPLAINED.contains(code) && code != MyWord.WITH.id() && code != MyWord.CONNECTION.id();
  }

  private void first(int code) {
    if (code == symbol('(')) {
      return;
    }
    if (!explains) {
      explains = EXPLAINING.contains(code);
      if (!explains) {
        head[headSize++] = code;
      }
    } else if (EXPLAINED.contains(code)) {
      head[headSize++] = code;
    } else if (code == MyWord.ANALYZE.id()) {
      runs = true;
    }
  }

  private void call(@Nullable MyFunction function) {
    if (function == null || second == symbol('.')) {
      return;
    }
    callFootprint |= function.footprint();
    callTraits |= function.traits();
    callClears |= function.clears();
    insertIdCall = function.name().equals(MyFunction.LAST_INSERT_ID);
  }

  private void word(int code) {
    if (MyVocabulary.function(code) != null) {
      return;
    }
    seen.add(code);
    if (code == MyWord.SQL_CALC_FOUND_ROWS.id()) {
      callTraits |= StatementTrait.COUNTS_FOUND_ROWS.bit();
    } else if (code == MyWord.UPDATE.id() || code == MyWord.SHARE.id()) {
      phrase(follows(MyWord.FOR), MyWord.LOCKING_READ);
    } else if (code == MyWord.IN.id()) {
      phrase(follows(MyWord.LOCK), MyWord.LOCKING_READ);
    } else if (code == MyWord.OUTFILE.id() || code == MyWord.DUMPFILE.id()) {
      phrase(follows(MyWord.INTO), MyWord.INTO_FILE);
    } else if (code == MyWord.SNAPSHOT.id()) {
      phrase(follows(MyWord.CONSISTENT), MyWord.WITH_SNAPSHOT);
    } else if (code == MyWord.LOCK.id()) {
      phrase(follows(MyWord.READ) && second == MyWord.WITH.id(), MyWord.KEPT_LOCK);
    } else if (code == MyWord.EXPORT.id()) {
      phrase(follows(MyWord.FOR), MyWord.KEPT_LOCK);
    } else if (code == MyWord.CHAIN.id()) {
      phrase(follows(MyWord.AND), MyWord.AND_CHAIN);
    } else if (code == MyWord.RELEASE.id()) {
      phrase(!follows(MyWord.NO), MyWord.RELEASES);
    } else if (code == MyWord.NULL.id()) {
      callTraits |= follows(MyWord.IS) ? StatementTrait.TESTS_NULL.bit() : 0;
    } else if (code == MyWord.FOR.id() && follows(MyWord.VALUE)) {
      sequence();
    }
  }

  private void sequence() {
    if (second == MyWord.NEXT.id()) {
      callTraits |= StatementTrait.ADVANCES_SEQUENCE.bit();
    } else if (second == MyWord.PREVIOUS.id()) {
      callFootprint |= Footprint.SEQUENCE_VALUE.bit();
    }
  }

  private void phrase(boolean there, MyWord phrase) {
    if (there) {
      seen.add(phrase.id());
    }
  }

  private boolean follows(MyWord word) {
    return last == word.id();
  }
}
