package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Lexical;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** How PostgreSQL reads text (manual, chapter 4.1), by the settings that change it. */
public final class PgDialects {
  /** standard_conforming_strings on, the default since 9.1. */
  public static final Dialect STANDARD =
      Dialect.of(
          Lexical.ESCAPE_STRINGS,
          Lexical.UNICODE_STRINGS,
          Lexical.CONTINUED_STRINGS,
          Lexical.DOLLAR_QUOTES,
          Lexical.DOLLAR_PARAMETERS,
          Lexical.NESTED_COMMENTS,
          Lexical.RETURN_ENDS_COMMENT);

  /** standard_conforming_strings off. */
  public static final Dialect BACKSLASHES = STANDARD.with(Lexical.BACKSLASH_STRINGS);

  /** What is read may be in force behind what is not answered yet. */
  public static final Dialect IN_DOUBT =
      STANDARD.with(Lexical.OPAQUE).with(Lexical.UNDECIDED_BACKSLASHES);

  /** The setting that decides whether backslashes escape. */
  public static final String CONFORMING = "standard_conforming_strings";

  /** The setting that decides which bytes are characters of their own. */
  public static final String ENCODING = "client_encoding";

  /** Client encodings whose trail bytes may be ASCII (manual, table 24.3, "Server? No"). */
  private static final Set<String> OPAQUE_ENCODINGS =
      Set.of(
          "big5",
          "win950",
          "windows950",
          "gb18030",
          "gbk",
          "win936",
          "windows936",
          "johab",
          "sjis",
          "mskanji",
          "shiftjis",
          "win932",
          "windows932",
          "shiftjis2004",
          "uhc",
          "win949",
          "windows949");

  private PgDialects() {}

  /** The dialect of a session, by what a server reports of its settings. */
  public static Dialect of(Map<String, String> reported) {
    return of(!"off".equals(reported.get(CONFORMING)), reported.getOrDefault(ENCODING, "UTF8"));
  }

  /**
   * The dialect of a session.
   *
   * @param standardConformingStrings as the server reported it
   * @param clientEncoding as the server reported it, in any of its spellings
   */
  public static Dialect of(boolean standardConformingStrings, String clientEncoding) {
    Dialect dialect = standardConformingStrings ? STANDARD : BACKSLASHES;
    if (clientEncoding.equals("UTF8")) {
      return dialect;
    }
    String letters = clientEncoding.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    return OPAQUE_ENCODINGS.contains(letters) ? dialect.with(Lexical.OPAQUE) : dialect;
  }
}
