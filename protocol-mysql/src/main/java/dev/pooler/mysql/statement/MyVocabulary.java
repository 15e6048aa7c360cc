package dev.pooler.mysql.statement;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.Token;
import dev.pooler.core.statement.WordTable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns a token into a code: a {@link MyWord}'s id, a function's, or a kind of anything else. Words
 * and functions share one table, so that a word of the text is looked up once.
 */
final class MyVocabulary {
  /** A name that is no word of ours. */
  static final int NAME = -1;

  static final int STRING = -2;

  /** A number or a parameter. */
  static final int VALUE = -3;

  private static final int SYMBOLS = -256;

  private static final int FIRST_FUNCTION = 1024;
  private static final MyWord[] WORDS = MyWord.values();
  private static final int TABLE_WORDS = MyWord.tableWords();
  private static final MyFunction[] FUNCTIONS = MyFunction.ALL.toArray(MyFunction[]::new);
  private static final WordTable TABLE = table();

  private MyVocabulary() {}

  static int symbol(int value) {
    return SYMBOLS - value;
  }

  /** The function of a code, or null. */
  static @Nullable MyFunction function(int code) {
    return code >= FIRST_FUNCTION ? FUNCTIONS[code - FIRST_FUNCTION] : null;
  }

  static int code(Token token, SqlScanner scanner) {
    return switch (token) {
      case WORD -> named(scanner, false);
      case QUOTED, ESCAPED_NAME -> named(scanner, true);
      case STRING -> STRING;
      case NUMBER, PARAMETER, BROKEN, END -> VALUE;
      case SYMBOL -> symbol(scanner.symbol());
    };
  }

  /** What a word means that can be no key word where it stands, behind a dot or an at sign. */
  static int asName(int code) {
    return code >= 0 && code < FIRST_FUNCTION && WORDS[code].kind != MyWord.Kind.NAME ? NAME : code;
  }

  private static int named(SqlScanner scanner, boolean quoted) {
    int id = scanner.find(TABLE);
    if (id == WordTable.NONE) {
      return NAME;
    }
    if (id >= TABLE_WORDS) {
      return id - TABLE_WORDS + FIRST_FUNCTION;
    }
    return quoted ? asName(id) : id;
  }

  private static WordTable table() {
    List<String> texts = new ArrayList<>();
    for (MyWord word : WORDS) {
      if (word.kind != MyWord.Kind.PHRASE) {
        texts.add(word.text());
      }
    }
    for (MyFunction function : FUNCTIONS) {
      texts.add(function.name());
    }
    return WordTable.of(texts);
  }
}
