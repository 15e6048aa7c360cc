package dev.pooler.core.console;

import java.util.ArrayList;
import java.util.List;

/** The words of one statement typed at the console. */
final class Words {
  /**
   * A word, a quoted text without its quotes, or a symbol.
   *
   * @param literal it stood in quotes: it is nobody's keyword
   */
  record Word(String text, boolean literal) {
    boolean is(String keyword) {
      return !literal && text.equalsIgnoreCase(keyword);
    }
  }

  private final String sql;
  private int at;

  private Words(String sql) {
    this.sql = sql;
  }

  /** The statements of a text, each as its words; those without a word are left out. */
  static List<List<Word>> statements(String sql) {
    Words words = new Words(sql);
    List<List<Word>> all = new ArrayList<>();
    List<Word> statement = new ArrayList<>();
    while (words.skipSpace()) {
      if (words.sql.charAt(words.at) == ';') {
        words.at++;
        if (!statement.isEmpty()) {
          all.add(statement);
        }
        statement = new ArrayList<>();
      } else {
        statement.add(words.next());
      }
    }
    if (!statement.isEmpty()) {
      all.add(statement);
    }
    return all;
  }

  /** Space and comments; false at the end of the text. */
  private boolean skipSpace() {
    while (at < sql.length()) {
      if (Character.isWhitespace(sql.charAt(at))) {
        at++;
      } else if (sql.startsWith("--", at)) {
        int end = sql.indexOf('\n', at);
        at = end < 0 ? sql.length() : end + 1;
      } else if (sql.startsWith("/*", at)) {
        int end = sql.indexOf("*/", at + 2);
        at = end < 0 ? sql.length() : end + 2;
      } else {
        return true;
      }
    }
    return false;
  }

  private Word next() {
    char first = sql.charAt(at);
    if (first == '\'' || first == '"') {
      return quoted(first);
    }
    int start = at++;
    if (isWordPart(first)) {
      while (at < sql.length() && isWordPart(sql.charAt(at))) {
        at++;
      }
    }
    return new Word(sql.substring(start, at), false);
  }

  private static boolean isWordPart(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '-' || c == '$';
  }

  private Word quoted(char quote) {
    StringBuilder text = new StringBuilder();
    at++;
    while (at < sql.length()) {
      char c = sql.charAt(at++);
      if (c == quote) {
        if (at >= sql.length() || sql.charAt(at) != quote) {
          break;
        }
        at++; // a doubled quote stands for one
      }
      text.append(c);
    }
    return new Word(text.toString(), true);
  }
}
