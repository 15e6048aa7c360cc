package dev.pooler.mysql.statement;

import static dev.pooler.mysql.statement.MyVocabulary.symbol;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementTrait;

/**
 * What the assignments of a SET change, each of its own kind: settings of the session, of the
 * server or for the next transaction, character sets, roles, passwords (MySQL 9.7 manual, 15.7.6).
 */
final class SetItems {
  private static final int NAMES_OR_SETTINGS = 0;
  private static final int MARK = 1;
  private static final int MARKS = 2;
  private static final int MARKED_WORD = 3;
  private static final int VALUE = 4;
  private static final int OVER = 5;

  private static final WordSet SCOPES =
      WordSet.of(MyWord.GLOBAL, MyWord.SESSION, MyWord.LOCAL, MyWord.PERSIST, MyWord.PERSIST_ONLY);

  private static final WordSet OF_SERVER =
      WordSet.of(MyWord.GLOBAL, MyWord.PERSIST, MyWord.PERSIST_ONLY);

  private static final WordSet CHARACTERS =
      WordSet.of(MyWord.NAMES, MyWord.CHARACTER, MyWord.CHARSET, MyWord.CHAR);

  private static final WordSet READING = WordSet.of(MyWord.SQL_MODE, MyWord.CHARACTER_SET_CLIENT);

  private static final WordSet OF_TRANSACTION =
      WordSet.of(
          MyWord.TRANSACTION_ISOLATION,
          MyWord.TRANSACTION_READ_ONLY,
          MyWord.TX_ISOLATION,
          MyWord.TX_READ_ONLY);

  private int stage;
  private int scope;
  private int word;
  private boolean marked;
  private boolean roleOfAccount;
  private boolean group;
  private int footprint;
  private int traits;

  void clear() {
    stage = NAMES_OR_SETTINGS;
    scope = MyShape.NOTHING;
    word = MyShape.NOTHING;
    marked = false;
    roleOfAccount = false;
    group = false;
    footprint = 0;
    traits = 0;
  }

  int footprint() {
    return footprint | (group ? Footprint.UNKNOWN.bit() : 0);
  }

  int traits() {
    return traits;
  }

  /** The next token behind SET, outside of parentheses. */
  void token(int code) {
    if (code == symbol(',') && stage != OVER) {
      endWord();
      stage = NAMES_OR_SETTINGS;
      scope = MyShape.NOTHING;
      marked = false;
      return;
    }
    switch (stage) {
      case NAMES_OR_SETTINGS -> item(code);
      case MARK -> stage = code == symbol('@') ? MARKS : VALUE;
      case MARKS -> {
        marked = true;
        word = code;
        stage = MARKED_WORD;
      }
      case MARKED_WORD -> markedWord(code);
      case OVER -> group &= code != MyWord.FOR.id();
      default -> {}
    }
  }

  /** The statement is over. */
  void end() {
    endWord();
  }

  private void endWord() {
    if (stage == MARKED_WORD) {
      setting(word);
    }
  }

  private void markedWord(int code) {
    if (code == symbol('.') && SCOPES.contains(word)) {
      scope = word;
      stage = NAMES_OR_SETTINGS;
    } else {
      setting(word);
    }
  }

  private void item(int code) {
    if (code == symbol('@')) {
      stage = MARK;
    } else if (marked) {
      setting(code);
    } else if (SCOPES.contains(code) && scope == MyShape.NOTHING) {
      scope = code;
    } else if (CHARACTERS.contains(code)) {
      footprint |= Footprint.SETTING.bit();
      traits |= StatementTrait.CHANGES_READING.bit();
      stage = VALUE;
    } else if (code == MyWord.TRANSACTION.id()) {
      transaction();
    } else if (code == MyWord.PASSWORD.id()) {
      account();
    } else if (code == MyWord.DEFAULT.id()) {
      roleOfAccount = true;
    } else if (code == MyWord.ROLE.id()) {
      role();
    } else if (code == MyWord.RESOURCE.id()) {
      group = true; // bound to the session's thread, unless it is FOR others
      stage = OVER;
    } else {
      setting(code);
    }
  }

  private void account() {
    traits |= StatementTrait.ADMINISTERS.bit() | StatementTrait.COMMITS_IMPLICITLY.bit();
    stage = OVER;
  }

  private void role() {
    if (roleOfAccount) {
      account();
    } else {
      footprint |= Footprint.ROLE.bit();
      stage = OVER;
    }
  }

  private void transaction() {
    if (scope == MyShape.NOTHING) {
      footprint |= Footprint.NEXT_TRANSACTION.bit();
    } else {
      scoped();
    }
    stage = OVER;
  }

  private void scoped() {
    if (OF_SERVER.contains(scope)) {
      traits |= StatementTrait.SETS_GLOBALLY.bit();
    } else {
      footprint |= Footprint.SETTING.bit();
    }
  }

  private void setting(int code) {
    stage = VALUE;
    // SET @@transaction_isolation with no scope is about the next transaction (manual, 15.3.7).
    if (marked && scope == MyShape.NOTHING && OF_TRANSACTION.contains(code)) {
      footprint |= Footprint.NEXT_TRANSACTION.bit();
      return;
    }
    scoped();
    if (OF_SERVER.contains(scope)) {
      return;
    }
    if (READING.contains(code)) {
      traits |= StatementTrait.CHANGES_READING.bit();
    } else if (code == MyWord.AUTOCOMMIT.id()) {
      traits |= StatementTrait.CONTROLS_TRANSACTION.bit();
      traits |= StatementTrait.COMMITS_IMPLICITLY.bit();
    }
  }
}
