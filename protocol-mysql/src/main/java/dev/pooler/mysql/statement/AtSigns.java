package dev.pooler.mysql.statement;

import static dev.pooler.mysql.statement.MyVocabulary.symbol;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementTrait;

/**
 * What stands behind an at sign: a variable of the session's own, a setting behind two of them, or
 * the host of an account, which stands behind a string or a name.
 */
final class AtSigns {
  private static final int NOWHERE = 0;
  private static final int BEHIND_ONE = 1;
  private static final int BEHIND_TWO = 2;
  private static final int BEHIND_WORD = 3;

  private static final int SIGN = symbol('@');

  private int state;
  private int end;
  private boolean account;
  private boolean variable;
  private int traits;

  void clear() {
    state = NOWHERE;
    variable = false;
    traits = 0;
  }

  /** A variable of the session's own was read or assigned. */
  boolean hasVariable() {
    return variable;
  }

  /** What the settings show that were read. */
  int traits() {
    return traits;
  }

  /**
   * The next token.
   *
   * @param afterName whether a name or string that takes a host stands in front of it
   * @return its code: a name's where no key word can stand
   */
  int token(int code, boolean afterName, SqlScanner scanner) {
    boolean glued = scanner.start() == end;
    int was = state;
    state = NOWHERE;
    switch (was) {
      case BEHIND_ONE -> {
        if (code == SIGN && glued) {
          state = BEHIND_TWO;
          end = scanner.end();
          return code;
        }
        variable |= !account;
        return glued ? MyVocabulary.asName(code) : code;
      }
      case BEHIND_TWO -> {
        setting(code);
        state = BEHIND_WORD;
        return code;
      }
      case BEHIND_WORD -> {
        state = code == symbol('.') ? BEHIND_TWO : NOWHERE;
      }
      default -> {}
    }
    if (code == SIGN) {
      state = BEHIND_ONE;
      account = afterName && glued(scanner);
      end = scanner.end();
    } else {
      end = scanner.end();
    }
    return code;
  }

  private boolean glued(SqlScanner scanner) {
    return scanner.start() == end;
  }

  private void setting(int code) {
    MyFunction function = MyVocabulary.function(code);
    if (code == MyWord.IDENTITY.id()
        || (function != null && function.name().equals(MyFunction.LAST_INSERT_ID))) {
      traits |= StatementTrait.READS_INSERT_ID.bit();
    } else if (code == MyWord.WARNING_COUNT.id() || code == MyWord.ERROR_COUNT.id()) {
      traits |= StatementTrait.READS_DIAGNOSTICS.bit();
    } else if (code == MyWord.PSEUDO_THREAD_ID.id()) {
      traits |= StatementTrait.NAMES_PROCESS.bit();
    } else if (code == MyWord.STATEMENT_ID.id() || code == MyWord.LAST_GTID.id()) {
      traits |= StatementTrait.READS_BACKEND.bit();
    }
  }
}
