package dev.pooler.postgres.statement;

import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.Token;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Words that the input functions of dates and times read as a moment of the present (manual,
 * 8.5.1.4). A constant of such a type gets its value when its text is parsed (parse_coerce.c), and
 * keeps it.
 */
final class ClockWords {
  private static final byte[][] WORDS = {
    word("now"), word("today"), word("tomorrow"), word("yesterday")
  };

  private static final int LONGEST = 9;

  /** In a longer string, in bytes, nobody looks for one: it is taken to have one. */
  private static final int MOST = 4096;

  private ClockWords() {}

  private static byte[] word(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Whether the current token is a string with such a word in it, alone or with others: {@code
   * '[today,tomorrow)'}. In doubt it has one: where escapes may hide a letter.
   */
  static boolean areIn(Token token, SqlScanner scanner) {
    if (token != Token.STRING) {
      return false;
    }
    int first = scanner.byteOf(scanner.start());
    return scanner.end() - scanner.start() > MOST
        || first == 'u'
        || first == 'U'
        || areIn(scanner, first != '$' && scanner.isEscaped());
  }

  /**
   * As above.
   *
   * @param escaped backslashes and quotes may mean something
   */
  private static boolean areIn(SqlScanner scanner, boolean escaped) {
    int end = scanner.end();
    int run = 0;
    for (int at = scanner.start(); at < end; at++) {
      int value = scanner.byteOf(at);
      if (isLetter(value)) {
        run++;
        continue;
      }
      if (value == '\\') {
        // Also in an array, where it takes nothing away but itself.
        return (escaped && !areHarmless(scanner, at, end)) || areAnywhere(scanner, at - run, end);
      }
      if (isWord(scanner, at, run)
          || (escaped && value == '\'' && isContinued(scanner, at + 1, end))) {
        return true;
      }
      run = 0;
    }
    return isWord(scanner, end, run);
  }

  private static boolean isWord(SqlScanner scanner, int end, int run) {
    for (byte[] word : WORDS) {
      if (word.length == run && isAt(word, scanner, end - run)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAt(byte[] word, SqlScanner scanner, int from) {
    for (int i = 0; i < word.length; i++) {
      if ((scanner.byteOf(from + i) | 0x20) != word[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether the letters, whatever stands between them, have a word. */
  private static boolean areAnywhere(SqlScanner scanner, int from, int end) {
    byte[] last = new byte[LONGEST];
    for (int at = from; at < end; at++) {
      int value = scanner.byteOf(at);
      if (isLetter(value)) {
        System.arraycopy(last, 1, last, 0, LONGEST - 1);
        last[LONGEST - 1] = (byte) (value | 0x20);
        for (byte[] word : WORDS) {
          if (Arrays.equals(last, LONGEST - word.length, LONGEST, word, 0, word.length)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** No escape here gives a character by its number, and no other part of the string follows. */
  private static boolean areHarmless(SqlScanner scanner, int from, int end) {
    for (int at = from; at < end; at++) {
      int value = scanner.byteOf(at);
      if (value == '\\' && at + 1 < end) {
        int next = scanner.byteOf(++at);
        if ((next | 0x20) == 'x' || (next | 0x20) == 'u' || (next >= '0' && next <= '9')) {
          return false;
        }
      } else if (value == '\'' && isContinued(scanner, at + 1, end)) {
        return false;
      }
    }
    return true;
  }

  /** Behind a quote within a string: its next part follows, behind a line's end. */
  private static boolean isContinued(SqlScanner scanner, int at, int end) {
    int next = at < end ? scanner.byteOf(at) : '\'';
    return next == ' ' || (next >= '\t' && next <= '\r') || next == '-';
  }

  private static boolean isLetter(int value) {
    int lower = value | 0x20;
    return lower >= 'a' && lower <= 'z';
  }
}
