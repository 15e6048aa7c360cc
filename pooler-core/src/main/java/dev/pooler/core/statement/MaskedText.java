package dev.pooler.core.statement;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A statement's text for people who look after the server and must not see what is in its tables:
 * each string constant is {@code '…'}, and the value of a custom setting {@code …}. Numbers, names
 * and comments stay, else nobody could tell which lock or limit it is about. What can't be told for
 * sure not to be a string is left out.
 */
public final class MaskedText {
  private static final String MORE = "…";
  private static final String STRING = "'…'";

  private MaskedText() {}

  /**
   * The first {@code length} bytes of a text.
   *
   * @param cut whether the text went on behind them
   */
  public static String of(Dialect dialect, byte[] text, int length, boolean cut) {
    int clear = clear(dialect, text, length);
    StringBuilder out = new StringBuilder(clear + 8);
    SqlScanner scanner = new SqlScanner().start(dialect, text, 0, clear);
    CustomValue value = new CustomValue();
    int from = 0;
    Token token;
    while ((token = scanner.next()) != Token.END && token != Token.BROKEN) {
      boolean hidden = value.hides();
      value.next(token, scanner, text);
      if (hidden && value.hides()) {
        from = scanner.end();
      } else if (hidden) {
        from = scanner.start(); // the statement is over
      } else if (value.hides()) {
        out.append(characters(text, from, scanner.end())).append(' ').append(MORE);
        from = scanner.end();
      } else if (token == Token.STRING) {
        out.append(characters(text, from, scanner.start())).append(STRING);
        from = scanner.end();
      }
    }
    if (value.hides()) {
      return out.toString();
    }
    boolean broken = token == Token.BROKEN && scanner.start() < clear;
    out.append(characters(text, from, broken ? scanner.start() : clear));
    return broken || cut || clear < length ? out.append(MORE).toString() : out.toString();
  }

  /**
   * Finds the value in {@code SET app.token TO value}, which needs no quotes: from behind the TO to
   * the end of the statement.
   */
  private static final class CustomValue {
    private boolean sets;
    private boolean dotted;
    private boolean hides;

    boolean hides() {
      return hides;
    }

    void next(Token token, SqlScanner scanner, byte[] text) {
      boolean symbol = token == Token.SYMBOL;
      if (symbol && scanner.symbol() == ';') {
        sets = false;
        hides = false;
      } else if (is(token, scanner, text, "set")) {
        sets = true;
        dotted = false;
      } else if (symbol && scanner.symbol() == '.') {
        dotted = true;
      } else if (token == Token.QUOTED) {
        dotted |= scanner.contains('.') || !scanner.isVerbatim();
      } else if ((symbol && scanner.symbol() == '=') || is(token, scanner, text, "to")) {
        hides |= sets && dotted;
        sets = false;
      }
    }

    private static boolean is(Token token, SqlScanner scanner, byte[] text, String word) {
      int size = scanner.end() - scanner.start();
      return token == Token.WORD
          && size == word.length()
          && new String(text, scanner.start(), size, UTF_8).equalsIgnoreCase(word);
    }
  }

  /** How far the text reads the same however it is read. */
  private static int clear(Dialect dialect, byte[] text, int length) {
    int i = 0;
    while (i < length && !dialect.isDoubtful(text[i])) {
      i++;
    }
    return i;
  }

  private static String characters(byte[] text, int from, int to) {
    int end = to;
    while (end > from && isPartAtEnd(text, from, end)) {
      end--;
    }
    return new String(text, from, end - from, UTF_8);
  }

  /** Whether the last character is not wholly here. */
  private static boolean isPartAtEnd(byte[] text, int from, int end) {
    int first = end - 1;
    while (first > from && (text[first] & 0xc0) == 0x80) {
      first--;
    }
    int lead = text[first] & 0xff;
    int size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return end - first < size;
  }
}
