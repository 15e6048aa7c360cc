package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Lexical;
import java.util.Locale;
import java.util.Set;

/**
 * How MySQL and MariaDB read text (MySQL 9.7 manual, chapters 11.1, 11.2 and 11.7; sql_lex.cc of
 * both), by the settings that change it. DELIMITER is none of the server's words.
 */
public final class MyDialects {
  /** What the versions of both servers make of the same text. */
  public enum Flavor {
    /** MySQL from 8.1 on, whose strings may stand in dollars. */
    MYSQL,
    /** MySQL up to 8.0, where a dollar starts a name. */
    OLD_MYSQL,
    MARIADB;

    /**
     * The flavor of a server that says so of its version: {@code 9.7.0}, {@code 11.4.5-MariaDB}.
     */
    public static Flavor of(String version) {
      if (version.toLowerCase(Locale.ROOT).contains("mariadb")) {
        return MARIADB;
      }
      return version.startsWith("5.") || version.startsWith("8.0.") ? OLD_MYSQL : MYSQL;
    }
  }

  /** The setting that decides what quotes and backslashes mean. */
  public static final String MODE = "sql_mode";

  /** The setting that decides which bytes are characters of their own. */
  public static final String CHARACTERS = "character_set_client";

  /** Every byte from 0x80 on is part of a character that is no space. */
  private static final Set<String> PLAIN = Set.of("utf8mb4", "utf8mb3", "utf8", "ascii", "binary");

  /** Trail bytes may be ASCII. */
  private static final Set<String> OPAQUE = Set.of("sjis", "cp932", "gbk", "gb18030", "big5");

  /** ASCII is ASCII; what is beyond may be space: one byte each, or no trail byte below 0x80. */
  private static final Set<String> HIGH =
      Set.of(
          "armscii8 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 eucjpms euckr gb2312 geostd8"
              .concat(" greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce")
              .concat(" macroman tis620 ujis")
              .split(" ", -1));

  /** MySQL 9 with the sql_mode and character set that it has by default. */
  public static final Dialect STANDARD = of(Flavor.MYSQL, "", "utf8mb4");

  /** MariaDB 11 with the sql_mode and character set that it has by default. */
  public static final Dialect MARIADB = of(Flavor.MARIADB, "", "utf8mb4");

  /** What is read may be in force behind what is not answered yet. */
  public static final Dialect IN_DOUBT =
      STANDARD
          .with(Lexical.OPAQUE)
          .with(Lexical.UNDECIDED_BACKSLASHES)
          .with(Lexical.UNDECIDED_QUOTES);

  private MyDialects() {}

  /**
   * The dialect of a session.
   *
   * @param sqlMode as the server reports it: its combinations of modes written out
   * @param characterSet character_set_client; one that is not known makes every text unknown
   */
  public static Dialect of(Flavor flavor, String sqlMode, String characterSet) {
    Dialect dialect =
        Dialect.of(
            Lexical.BACKTICK_IDENTIFIERS,
            Lexical.EXECUTABLE_COMMENTS,
            Lexical.DASHES_NEED_SPACE,
            Lexical.HASH_COMMENTS,
            Lexical.LOOSE_NAMES);
    String modes = "," + sqlMode.toUpperCase(Locale.ROOT) + ",";
    if (flavor == Flavor.MYSQL) {
      dialect = dialect.with(Lexical.DOLLAR_QUOTES);
    }
    if (!modes.contains(",NO_BACKSLASH_ESCAPES,")) {
      dialect = dialect.with(Lexical.BACKSLASH_STRINGS);
    }
    if (!modes.contains(",ANSI_QUOTES,")) {
      dialect = dialect.with(Lexical.DOUBLE_QUOTED_STRINGS);
    }
    if (flavor == Flavor.MARIADB && modes.contains(",MSSQL,")) {
      dialect = dialect.with(Lexical.BRACKET_IDENTIFIERS);
    }
    return characters(dialect, characterSet.toLowerCase(Locale.ROOT));
  }

  private static Dialect characters(Dialect dialect, String characterSet) {
    if (PLAIN.contains(characterSet)) {
      return dialect;
    } else if (HIGH.contains(characterSet)) {
      return dialect.with(Lexical.HIGH_SPACES);
    }
    // In swe7 brackets are letters; in ucs2, utf16 and utf32, which no client may have, nothing is.
    return dialect.with(OPAQUE.contains(characterSet) ? Lexical.OPAQUE : Lexical.UNREADABLE);
  }
}
