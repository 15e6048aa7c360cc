package dev.pooler.mysql.statement;

import static dev.pooler.mysql.statement.MyVocabulary.symbol;

/**
 * Tells which semicolons belong to a stored program: CREATE PROCEDURE, FUNCTION, TRIGGER, EVENT and
 * MariaDB's PACKAGE, whose body is one statement or a block of them (MySQL 9.7 manual, 15.6). A
 * block is opened where a statement may start and nowhere else, for BEGIN is no reserved word: a
 * column may be called so. What doesn't fit together is unclear, and the text unknown.
 */
final class RoutineBody {
  /** Deeper nesting is unclear. */
  private static final int DEEPEST = 64;

  /** Opened by CASE in an expression: closed by END alone, and no statement starts inside. */
  private static final int EXPRESSION = -2;

  private static final WordSet ROUTINES =
      WordSet.of(MyWord.PROCEDURE, MyWord.FUNCTION, MyWord.TRIGGER, MyWord.EVENT, MyWord.PACKAGE);

  /** What a body that is one statement may start with beside the words of {@link MyRules}. */
  private static final WordSet STATEMENTS =
      WordSet.of(MyWord.RETURN, MyWord.EXPLAIN, MyWord.DESCRIBE, MyWord.DESC, MyWord.AS, MyWord.IS);

  private static final WordSet BLOCKS =
      WordSet.of(MyWord.IF, MyWord.CASE, MyWord.LOOP, MyWord.REPEAT, MyWord.WHILE, MyWord.FOR);

  /** Behind these a name stands in the header. */
  private static final WordSet NAMED =
      WordSet.of(
          MyWord.PROCEDURE,
          MyWord.FUNCTION,
          MyWord.TRIGGER,
          MyWord.EVENT,
          MyWord.PACKAGE,
          MyWord.EXISTS,
          MyWord.FOLLOWS,
          MyWord.PRECEDES,
          MyWord.LANGUAGE,
          MyWord.TO,
          MyWord.ON);

  private final int[] open = new int[DEEPEST];

  /** Which of them are loops whose condition is over. */
  private final boolean[] looping = new boolean[DEEPEST];

  private int depth;
  private int routine;
  private boolean inBody;
  private boolean unclear;
  private boolean starts;

  /** Behind the UNTIL of a REPEAT: its END follows an expression. */
  private boolean until;

  /** Behind END: the next word may say what of. */
  private boolean ended;

  private int endedBlock;

  /** Behind DECLARE, and behind the FOR of its handler. */
  private boolean declares;

  private boolean handles;

  void clear() {
    depth = 0;
    routine = MyShape.NOTHING;
    inBody = false;
    unclear = false;
    starts = false;
    ended = false;
    until = false;
    declares = false;
    handles = false;
  }

  /** The statement defines a stored program, and what it says from here on is not executed now. */
  boolean isRoutine() {
    return routine != MyShape.NOTHING;
  }

  /** Its body has begun, or what an event's schedule says is over. */
  boolean isDefinition() {
    return isRoutine() && (routine != MyWord.EVENT.id() || inBody);
  }

  /** A semicolon here is part of the statement. */
  boolean isInside() {
    return depth > 0;
  }

  /** Whether every block is closed, and none was closed that isn't open. */
  boolean isWhole() {
    return depth == 0 && !unclear;
  }

  /**
   * The next token of a statement that starts with CREATE or ALTER, a semicolon inside of it too.
   *
   * @param last the token before it
   * @param parentheses how many are open
   */
  void token(int code, int last, int parentheses) {
    if (!isRoutine()) {
      if (ROUTINES.contains(code) && last != symbol('=')) {
        routine = code;
      }
    } else if (!inBody) {
      header(code, last, parentheses);
    } else {
      body(code, last);
    }
  }

  private void header(int code, int last, int parentheses) {
    boolean named = NAMED.contains(last) || last == symbol('.');
    if (parentheses > 0 || named || !isBehindHeader(last)) {
      return;
    }
    if (code == MyWord.BEGIN.id() || (BLOCKS.contains(code) && code != MyWord.FOR.id())) {
      inBody = true;
      push(code);
    } else {
      inBody = STATEMENTS.contains(code) || (MyRules.startsWith(code) && !isOfHeader(code, last));
    }
  }

  /** INSERT, UPDATE and DELETE are events of a trigger, CHARACTER SET is said of a type. */
  private boolean isOfHeader(int code, int last) {
    boolean event = code == MyWord.INSERT.id() || code == MyWord.UPDATE.id();
    event |= code == MyWord.DELETE.id();
    boolean characters = last == MyWord.CHARACTER.id() || last == MyWord.CHAR.id();
    return event ? routine == MyWord.TRIGGER.id() : code == MyWord.SET.id() && characters;
  }

  private boolean isBehindHeader(int last) {
    return routine != MyWord.EVENT.id() || last == MyWord.DO.id() || last == symbol(':');
  }

  private void body(int code, int last) {
    boolean first = starts || isHandled(code, last);
    starts = false;
    if (ended) {
      ended = false;
      boolean block = BLOCKS.contains(endedBlock);
      unclear |= block ? code != endedBlock : BLOCKS.contains(code) && endedBlock != EXPRESSION;
      if (block) {
        return;
      }
    }
    if (code == symbol(';') || code == symbol(':')) {
      starts = true;
      declares = false;
      handles = false;
    } else if (last == symbol('.') || last == symbol('@')) {
      return; // a name
    } else if (first && (code == MyWord.BEGIN.id() || BLOCKS.contains(code))) {
      push(code);
    } else if (code == MyWord.CASE.id()) {
      push(EXPRESSION);
    } else if (code == MyWord.END.id() && (first || isExpression() || until)) {
      pop();
    } else {
      word(code, first);
    }
  }

  private void word(int code, boolean first) {
    if (first && code == MyWord.UNTIL.id()) {
      until = isIn(MyWord.REPEAT);
    } else if (first && code == MyWord.DECLARE.id()) {
      declares = true;
    } else if (declares && code == MyWord.FOR.id()) {
      handles = true;
    } else if (code == MyWord.THEN.id() || code == MyWord.ELSE.id()) {
      starts = isIn(MyWord.IF) || isIn(MyWord.CASE);
    } else if (code == MyWord.DO.id() && (isIn(MyWord.WHILE) || isIn(MyWord.FOR))) {
      starts = !looping[depth - 1];
      looping[depth - 1] = true;
    }
  }

  /** Whether it is the block of a handler, behind the names of its conditions. */
  private boolean isHandled(int code, int last) {
    boolean handled = handles && last != MyWord.FOR.id() && last != symbol(',');
    return handled && (code == MyWord.BEGIN.id() || BLOCKS.contains(code));
  }

  private boolean isIn(MyWord block) {
    return depth > 0 && open[depth - 1] == block.id();
  }

  private boolean isExpression() {
    return depth > 0 && open[depth - 1] == EXPRESSION;
  }

  private void push(int code) {
    if (depth == DEEPEST) {
      unclear = true;
      return;
    }
    looping[depth] = false;
    open[depth++] = code;
    declares = false;
    handles = false;
    starts = code == MyWord.BEGIN.id() || code == MyWord.LOOP.id() || code == MyWord.REPEAT.id();
  }

  private void pop() {
    if (depth == 0) {
      unclear = true;
      return;
    }
    until &= isExpression();
    endedBlock = open[--depth];
    ended = true;
  }
}
