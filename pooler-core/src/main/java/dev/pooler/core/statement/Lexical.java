package dev.pooler.core.statement;

/**
 * A way in which SQL dialects write the same thing differently: what {@link Dialect} is made of.
 */
public enum Lexical {
  /**
   * Backslashes escape in plain strings: PostgreSQL with standard_conforming_strings off, MySQL.
   */
  BACKSLASH_STRINGS,
  /** {@code E'...'} is a string with backslash escapes whatever plain strings do. */
  ESCAPE_STRINGS,
  /** {@code U&'...'} and {@code U&"..."} carry Unicode escapes. */
  UNICODE_STRINGS,
  /** {@code 'a'} newline {@code 'b'} is one string, read in the mode of its first part. */
  CONTINUED_STRINGS,
  /** {@code $tag$ ... $tag$} is a string. */
  DOLLAR_QUOTES,
  /** {@code $1} is a parameter. */
  DOLLAR_PARAMETERS,
  /** {@code "..."} is a string: MySQL without ANSI_QUOTES. */
  DOUBLE_QUOTED_STRINGS,
  /** {@code `...`} is an identifier. */
  BACKTICK_IDENTIFIERS,
  /** Block comments nest. */
  NESTED_COMMENTS,
  /**
   * The text of a version comment (exclamation mark after the opening) is executed, by some servers
   * or by all: {@link SqlScanner#conditions}.
   */
  EXECUTABLE_COMMENTS,
  /** {@code --} opens a comment only before white space, a control character or the end. */
  DASHES_NEED_SPACE,
  /** A carriage return ends a line comment as a line feed does. */
  RETURN_ENDS_COMMENT,
  /** {@code #} opens a comment. */
  HASH_COMMENTS,
  /**
   * Bytes can't be told apart: a character set whose trail bytes may be ASCII. A text with a byte
   * beyond ASCII is unknown.
   */
  OPAQUE,
  /**
   * Whether backslashes escape in plain strings is not known: a text with a backslash is unknown.
   */
  UNDECIDED_BACKSLASHES,
  /** Whether double quotes hold names or strings is not known: a text with one is unknown. */
  UNDECIDED_QUOTES,
  /**
   * Bytes from 0x80 to 0xa0 may be space or control characters, as in most character sets of one
   * byte. A text with one is unknown.
   */
  HIGH_SPACES,
  /** Not even ASCII can be read: no text is known. */
  UNREADABLE,
  /**
   * A name may start with a digit or a dollar, and what stands directly behind a dot or an at sign
   * is a name whatever it looks like: MySQL.
   */
  LOOSE_NAMES,
  /** {@code [...]} is an identifier: MariaDB in sql_mode MSSQL. */
  BRACKET_IDENTIFIERS;

  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  int bit() {
    return 1 << ordinal();
  }
}
