package dev.pooler.postgres.statement;

import static dev.pooler.postgres.statement.PgVocabulary.symbol;

/** Takes EXPLAIN, its options and opening parentheses off a statement's start. */
final class ExplainPrefix {
  private enum State {
    NONE,
    AFTER_WORD,
    /** Behind EXPLAIN's first parenthesis, which opens options or a query. */
    OPENED,
    OPTIONS,
    DONE
  }

  private State state = State.NONE;
  private boolean runs;

  void clear() {
    state = State.NONE;
    runs = false;
  }

  boolean isThere() {
    return state != State.NONE;
  }

  boolean onlyPlans() {
    return state != State.NONE && !runs;
  }

  /** True if the token is no part of the statement's own start. */
  boolean takes(int code, int headSize) {
    if (headSize > 0) {
      return false;
    }
    return switch (state) {
      case NONE -> first(code);
      case AFTER_WORD -> option(code);
      case OPENED -> opened(code);
      case OPTIONS -> inOptions(code);
      case DONE -> code == symbol('(');
    };
  }

  private boolean first(int code) {
    if (code == PgWord.EXPLAIN.id()) {
      state = State.AFTER_WORD;
      return true;
    }
    return code == symbol('(');
  }

  private boolean option(int code) {
    if (code == symbol('(')) {
      state = State.OPENED;
      return true;
    }
    if (isAnalyze(code) || code == PgWord.VERBOSE.id()) {
      runs |= isAnalyze(code);
      return true;
    }
    state = State.DONE;
    return false;
  }

  private boolean opened(int code) {
    boolean query =
        code == PgWord.SELECT.id()
            || code == PgWord.WITH.id()
            || code == PgWord.VALUES.id()
            || code == PgWord.TABLE.id()
            || code == symbol('(');
    state = query ? State.DONE : State.OPTIONS;
    return query ? code == symbol('(') : inOptions(code);
  }

  private boolean inOptions(int code) {
    // ANALYZE false is taken for ANALYZE: it costs nothing to be careful here.
    runs |= isAnalyze(code);
    if (code == symbol(')')) {
      state = State.DONE;
    }
    return true;
  }

  private static boolean isAnalyze(int code) {
    return code == PgWord.ANALYZE.id() || code == PgWord.ANALYSE.id();
  }
}
