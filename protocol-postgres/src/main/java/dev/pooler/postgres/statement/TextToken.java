package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.Token;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A token of a short text with its bytes, for the few texts of which more than the kind of each
 * word must be known. Immutable as long as nobody writes to the text.
 */
final class TextToken {
  /** NAMEDATALEN - 1: the scanner cuts what is longer (truncate_identifier). */
  private static final int LONGEST_NAME = 63;

  private final Token kind;
  private final byte[] text;
  private final int start;
  private final int end;

  private TextToken(Token kind, byte[] text, int start, int end) {
    this.kind = kind;
    this.text = text;
    this.start = start;
    this.end = end;
  }

  /** All tokens of the text; the last one is END, or BROKEN where the text can't be read. */
  static List<TextToken> all(Dialect dialect, byte[] text) {
    SqlScanner scanner = new SqlScanner().start(dialect, text, 0, text.length);
    List<TextToken> tokens = new ArrayList<>();
    Token kind;
    do {
      kind = scanner.next();
      tokens.add(new TextToken(kind, text, scanner.start(), scanner.end()));
    } while (kind != Token.END && kind != Token.BROKEN);
    return tokens;
  }

  Token kind() {
    return kind;
  }

  int start() {
    return start;
  }

  int end() {
    return end;
  }

  /** Whether it is this key word; the word in capitals. */
  boolean is(String word) {
    return kind == Token.WORD && text().equalsIgnoreCase(word);
  }

  boolean is(char symbol) {
    return kind == Token.SYMBOL && text[start] == symbol;
  }

  String text() {
    return new String(text, start, end - start, StandardCharsets.UTF_8);
  }

  /**
   * The name as the server takes it: in lower case unless quoted, and cut where the server cuts it.
   * Null if it is none, or if what the server makes of it depends on its encoding (letters beyond
   * ASCII in one that is unquoted or longer than 63 bytes).
   */
  @Nullable String name() {
    if (kind != Token.WORD && kind != Token.QUOTED) {
      return null;
    }
    boolean word = kind == Token.WORD;
    String name =
        word
            ? text().toLowerCase(Locale.ROOT)
            : text().substring(1, text().length() - 1).replace("\"\"", "\"");
    if (isAscii()) {
      return name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
    }
    return word || name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME ? null : name;
  }

  /**
   * The value of a string constant that reads the same with and without
   * standard_conforming_strings; null for any other.
   */
  @Nullable String literal() {
    if (kind != Token.STRING || text[start] != '\'' || text().indexOf('\\') >= 0) {
      return null;
    }
    String inside = text().substring(1, text().length() - 1);
    boolean continued = inside.replace("''", "").indexOf('\'') >= 0;
    return continued ? null : inside.replace("''", "'");
  }

  private boolean isAscii() {
    for (int i = start; i < end; i++) {
      if (text[i] < 0) {
        return false;
      }
    }
    return true;
  }
}
