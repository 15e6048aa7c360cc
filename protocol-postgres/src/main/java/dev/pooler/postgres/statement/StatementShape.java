package dev.pooler.postgres.statement;

import static dev.pooler.postgres.statement.PgVocabulary.symbol;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementTrait;
import org.jspecify.annotations.Nullable;

/**
 * What one statement looks like, gathered token by token: how it starts, which words and phrases it
 * holds, which functions it calls, and how deep in parentheses and bodies it stands. Reused from
 * statement to statement.
 */
final class StatementShape {
  /** The longest pattern, and a little more. */
  private static final int HEAD = 10;

  /** No token: before the first one, or behind what is kept. */
  static final int NOTHING = Integer.MIN_VALUE;

  private static final WordSet LETTING_GO = new WordSet();

  static {
    LETTING_GO.add(PgWord.DROP);
    LETTING_GO.add(PgWord.CLOSE);
    LETTING_GO.add(PgWord.UNLISTEN);
    LETTING_GO.add(PgWord.DEALLOCATE);
    LETTING_GO.add(PgWord.DISCARD);
  }

  private final int[] head = new int[HEAD];
  private final WordSet seen = new WordSet();
  private final SetConfigCall setConfig = new SetConfigCall();
  private final FunctionCalls calls = new FunctionCalls();
  private final ExplainPrefix explain = new ExplainPrefix();
  private int headSize;
  private boolean empty;
  private int last;
  private int second;
  private int third;
  private int depth;
  private boolean unbalanced;
  private int bodyDepth;
  private int callFootprint;
  private int callTraits;
  private int callClears;

  void clear() {
    seen.clear();
    setConfig.clear();
    calls.clear();
    explain.clear();
    headSize = 0;
    empty = true;
    last = NOTHING;
    second = NOTHING;
    third = NOTHING;
    depth = 0;
    unbalanced = false;
    bodyDepth = 0;
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

  /** A semicolon here is part of the statement. */
  boolean isInside() {
    return depth > 0 || bodyDepth > 0;
  }

  boolean isBalanced() {
    return !unbalanced && depth == 0 && bodyDepth == 0;
  }

  /** EXPLAIN that only plans. */
  boolean onlyPlans() {
    return explain.onlyPlans();
  }

  /** The parenthesis just opened is in no other one. */
  boolean isOutermostCall() {
    return depth == 1;
  }

  /** Nothing but the words of a BEGIN. */
  boolean isPlainBegin() {
    boolean noise = head(1) == PgWord.WORK.id() || head(1) == PgWord.TRANSACTION.id();
    return !explain.isThere() && (headSize == 1 || (headSize == 2 && noise));
  }

  /** CREATE [LOCAL | GLOBAL] [TEMPORARY] TABLE. */
  boolean makesTable() {
    int table = PgWord.TABLE.id();
    return head(1) == table || head(2) == table || head(3) == table;
  }

  /** Its first word takes something away. */
  boolean letsGo() {
    return LETTING_GO.contains(head(0));
  }

  int footprint() {
    return callFootprint | setConfig.footprint();
  }

  int traits() {
    return callTraits
        | (setConfig.setsLocally() ? StatementTrait.SETS_LOCALLY.bit() : 0)
        | (setConfig.changesReading() ? StatementTrait.CHANGES_READING.bit() : 0);
  }

  int clears() {
    return callClears;
  }

  void add(int code, SqlScanner scanner) {
    empty = false;
    if (code >= 0) {
      word(code);
    } else if (code == PgVocabulary.HIDDEN_NAME) {
      callFootprint |= Footprint.UNKNOWN.bit();
    } else {
      punctuation(code);
    }
    setConfig.token(code, depth, scanner);
    if (code == symbol('(')) {
      call(PgVocabulary.function(last));
      if (calls.isUnknown(last, second == symbol('.') ? third : NOTHING, this, scanner)) {
        callFootprint |= Footprint.UNKNOWN_FUNCTION.bit();
      }
    }
    calls.token(code, last, scanner);
    if (headSize < HEAD && !explain.takes(code, headSize)) {
      head[headSize++] = code;
    }
    third = second;
    second = last;
    last = code;
  }

  private void punctuation(int code) {
    if (code == symbol('(')) {
      depth++;
    } else if (code == symbol(')')) {
      unbalanced |= --depth < 0;
    } else if (code == symbol('.') && last == PgWord.PG_TEMP.id()) {
      seen.add(PgWord.IN_PG_TEMP);
    }
  }

  private void call(@Nullable PgFunction function) {
    if (function == null) {
      return;
    }
    callFootprint |= function.footprint();
    callTraits |= function.traits();
    callClears |= function.clears();
    if (function.name().equals(PgFunction.SET_CONFIG)) {
      setConfig.open(depth);
    }
  }

  private void word(int code) {
    if (PgVocabulary.function(code) != null) {
      return;
    }
    seen.add(code);
    if (code == PgWord.TEMP.id() || code == PgWord.TEMPORARY.id()) {
      intoTemp();
    } else if (code == PgWord.DROP.id()) {
      if (depth == 0 && follows(PgWord.COMMIT) && second == PgWord.ON.id()) {
        seen.add(PgWord.ON_COMMIT_DROP);
      }
    } else if (code == PgWord.ON.id() && follows(PgWord.DISTINCT)) {
      seen.add(PgWord.DISTINCT_ON);
    } else if (code == PgWord.HOLD.id() && follows(PgWord.WITH)) {
      seen.add(PgWord.WITH_HOLD);
    } else if (code == PgWord.CHAIN.id() && follows(PgWord.AND)) {
      seen.add(PgWord.AND_CHAIN);
    } else if (code == PgWord.EXECUTE.id() && follows(PgWord.AS)) {
      seen.add(PgWord.AS_EXECUTE);
    }
    body(code);
  }

  private void intoTemp() {
    boolean scoped = follows(PgWord.LOCAL) || follows(PgWord.GLOBAL);
    int into = scoped ? second : last;
    int verb = scoped ? third : second;
    if (into == PgWord.INTO.id() && verb != PgWord.INSERT.id() && verb != PgWord.MERGE.id()) {
      seen.add(PgWord.INTO_TEMP);
    }
  }

  /**
   * Counts the nesting of a function's BEGIN ATOMIC body, as psql does: CASE and END pair up inside
   * it. Behind AS or a dot both are names.
   */
  private void body(int code) {
    if (code == PgWord.ATOMIC.id() && follows(PgWord.BEGIN) && definesRoutine()) {
      bodyDepth++;
    } else if (bodyDepth > 0 && !follows(PgWord.AS) && last != symbol('.')) {
      if (code == PgWord.CASE.id()) {
        bodyDepth++;
      } else if (code == PgWord.END.id()) {
        bodyDepth--;
      }
    }
  }

  private boolean definesRoutine() {
    return depth == 0
        && bodyDepth == 0
        && head(0) == PgWord.CREATE.id()
        && (isRoutine(head(1)) || (head(1) == PgWord.OR.id() && isRoutine(head(3))));
  }

  private static boolean isRoutine(int code) {
    return code == PgWord.FUNCTION.id() || code == PgWord.PROCEDURE.id();
  }

  private boolean follows(PgWord word) {
    return last == word.id();
  }
}
