package dev.pooler.core.statement;

/** What {@link SqlScanner#next} found. Space and comments are no tokens. */
public enum Token {
  /** An unquoted word: keyword or name. */
  WORD,
  /** A quoted identifier. */
  QUOTED,
  /** A quoted identifier with Unicode escapes: its name is not in the text. */
  ESCAPED_NAME,
  /** A string constant of any notation. */
  STRING,
  NUMBER,
  /** A parameter's place: {@code $1}. */
  PARAMETER,
  /** One byte of punctuation or of an operator: {@link SqlScanner#symbol}. */
  SYMBOL,
  /** The text ends inside a string, name or comment, or holds a zero byte. Nothing follows. */
  BROKEN,
  END
}
