package dev.pooler.postgres.statement;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.Token;
import dev.pooler.core.statement.WordTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns a token into a code: a {@link PgWord}'s id, a function's, or a kind of anything else. Words
 * and functions share one table, so that a word of the text is looked up once.
 */
final class PgVocabulary {
  /** A name that is no word of ours. */
  static final int NAME = -1;

  static final int STRING = -2;

  /** A number or a parameter. */
  static final int VALUE = -3;

  /** A name that its text doesn't show. */
  static final int HIDDEN_NAME = -4;

  /** A string whose value its text doesn't show: escapes, doubled quotes, parts, dollars. */
  static final int ESCAPED_STRING = -5;

  private static final int SYMBOLS = -256;

  private static final int FIRST_FUNCTION = 256;
  private static final byte[] PG_TEMP = "pg_temp".getBytes(StandardCharsets.US_ASCII);
  private static final PgWord[] WORDS = PgWord.values();
  private static final int TABLE_WORDS = PgWord.PG_TEMP.id();
  private static final PgFunction[] FUNCTIONS = PgFunction.ALL.toArray(PgFunction[]::new);
  private static final WordTable TABLE = table();

  private PgVocabulary() {}

  static int symbol(int value) {
    return SYMBOLS - value;
  }

  /** The function of a code, or null. */
  static @Nullable PgFunction function(int code) {
    return code >= FIRST_FUNCTION ? FUNCTIONS[code - FIRST_FUNCTION] : null;
  }

  static int code(Token token, SqlScanner scanner) {
    return switch (token) {
      case WORD -> named(scanner, false);
      case QUOTED -> named(scanner, true);
      case ESCAPED_NAME -> HIDDEN_NAME;
      case STRING -> string(scanner);
      case NUMBER, PARAMETER, BROKEN, END -> VALUE;
      case SYMBOL -> symbol(scanner.symbol());
    };
  }

  private static int string(SqlScanner scanner) {
    if (!scanner.isVerbatim()) {
      return ESCAPED_STRING;
    }
    return scanner.startsWith(PG_TEMP) ? PgWord.PG_TEMP.id() : STRING;
  }

  /** The setting that the current string names, as a word; NAME if it is none that matters. */
  static int setting(SqlScanner scanner) {
    int id = scanner.find(TABLE);
    return id >= 0 && id < TABLE_WORDS && WORDS[id].kind == PgWord.Kind.NAME ? id : NAME;
  }

  private static int named(SqlScanner scanner, boolean quoted) {
    int id = scanner.find(TABLE);
    if (id == WordTable.NONE) {
      return scanner.startsWith(PG_TEMP) ? PgWord.PG_TEMP.id() : NAME;
    }
    if (id >= TABLE_WORDS) {
      return id - TABLE_WORDS + FIRST_FUNCTION;
    }
    if (!quoted) {
      return id;
    }
    return switch (WORDS[id].kind) {
      case KEYWORD -> NAME;
      case SCHEMA -> scanner.isLower() ? id : NAME;
      case NAME, PHRASE -> id;
    };
  }

  private static WordTable table() {
    List<String> texts = new ArrayList<>();
    for (PgWord word : WORDS) {
      if (word.kind != PgWord.Kind.PHRASE) {
        texts.add(word.text());
      }
    }
    for (PgFunction function : FUNCTIONS) {
      texts.add(function.name());
    }
    return WordTable.of(texts);
  }
}
