package dev.pooler.postgres.simulation;

/** Whose a statement is: each carries {@code c<client>-<number>} in a comment. */
final class Tag {
  private Tag() {}

  /** The tag of a statement, or an empty string for pooler's own. */
  static String of(String sql) {
    int start = sql.indexOf("/*");
    return start < 0 ? "" : sql.substring(start + 2, sql.indexOf("*/")).strip();
  }

  /** The client of a tag, of a setting's value or of an object's name. */
  static String client(String tagged) {
    int end = 1;
    while (end < tagged.length() && Character.isDigit(tagged.charAt(end))) {
      end++;
    }
    return tagged.isEmpty() ? "" : tagged.substring(0, end);
  }

  /** The statement without its comment. */
  static String text(String sql) {
    int start = sql.indexOf("/*");
    return (start < 0 ? sql : sql.substring(0, start)).strip();
  }
}
