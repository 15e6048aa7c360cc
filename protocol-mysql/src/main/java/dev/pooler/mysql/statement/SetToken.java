package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.Token;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A token of a SET with its characters.
 *
 * @param glued whether nothing stands between it and the token before
 */
record SetToken(Token kind, String text, boolean glued) {

  /** All tokens; the last is END, or BROKEN where the text can't be read or depends on versions. */
  static List<SetToken> all(Dialect dialect, byte[] text) {
    SqlScanner scanner = new SqlScanner().start(dialect, text, 0, text.length);
    List<SetToken> tokens = new ArrayList<>();
    int end = 0;
    Token kind;
    do {
      kind = scanner.next();
      int length = scanner.end() - scanner.start();
      String characters = new String(text, scanner.start(), length, StandardCharsets.UTF_8);
      tokens.add(new SetToken(kind, characters, scanner.start() == end));
      end = scanner.end();
    } while (kind != Token.END && kind != Token.BROKEN);
    if (scanner.conditions() > 0) {
      tokens.clear();
      tokens.add(new SetToken(Token.BROKEN, "", false));
    }
    return tokens;
  }

  /** Whether it is this key word. */
  boolean is(String word) {
    return kind == Token.WORD && text.equalsIgnoreCase(word);
  }

  boolean is(char symbol) {
    return kind == Token.SYMBOL && text.charAt(0) == symbol;
  }

  boolean isEnd() {
    return kind == Token.END || kind == Token.BROKEN;
  }

  /** A name in lower case, quoted or not; null if it is none. */
  @Nullable String name() {
    String name =
        switch (kind) {
          case WORD -> text;
          case QUOTED -> inside(text.charAt(0) == '[' ? ']' : text.charAt(0));
          default -> null;
        };
    return name == null ? null : name.toLowerCase(Locale.ROOT);
  }

  /** A string's value; null if it is none, or its text doesn't show it. */
  @Nullable String string() {
    char quote = text.isEmpty() ? ' ' : text.charAt(0);
    boolean plain = kind == Token.STRING && (quote == '\'' || quote == '"');
    return plain && text.indexOf('\\') < 0 ? inside(quote) : null;
  }

  private String inside(char quote) {
    String one = Character.toString(quote);
    return text.substring(1, text.length() - 1).replace(one + one, one);
  }
}
