package dev.pooler.mysql.packet;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collation ids and the character sets behind them (INFORMATION_SCHEMA.COLLATIONS of MySQL 9.7;
 * COLLATION_CHARACTER_SET_APPLICABILITY of MariaDB 11.4, whose ids go to 4095). The two servers
 * give no id to different character sets.
 */
public final class Collations {
  /** latin1's default, and that of servers before MySQL 8.0 and MariaDB 11.6. */
  public static final int LATIN1_SWEDISH_CI = 8;

  /** utf8mb3's default. */
  public static final int UTF8MB3_GENERAL_CI = 33;

  /** utf8mb4's default in MySQL 5.7 and MariaDB up to 11.4. */
  public static final int UTF8MB4_GENERAL_CI = 45;

  /** utf8mb4 by code points. */
  public static final int UTF8MB4_BIN = 46;

  /** Bytes. */
  public static final int BINARY = 63;

  /** utf8mb4's default in MySQL 8.0 and later. */
  public static final int UTF8MB4_0900_AI_CI = 255;

  /** utf8mb4's default in MariaDB 11.5 and later. */
  public static final int UTF8MB4_UCA1400_AI_CI = 2304;

  /** The largest id that a greeting and a login request can tell. */
  public static final int LARGEST_IN_ONE_BYTE = 255;

  /**
   * Character sets in which each byte below 0x80 is an ASCII character. Not among them: those where
   * it may be a second byte (big5, cp932, gb18030, gbk, sjis) or a part of a wider unit (ucs2,
   * utf16, utf16le, utf32), and swe7, where it may be another letter. The second bytes of euckr may
   * be ASCII letters, never a quote, a backslash or white space.
   */
  private static final Set<String> ASCII_SAFE =
      Set.of(
          "armscii8",
          "ascii",
          "binary",
          "cp1250",
          "cp1251",
          "cp1256",
          "cp1257",
          "cp850",
          "cp852",
          "cp866",
          "dec8",
          "eucjpms",
          "euckr",
          "gb2312",
          "geostd8",
          "greek",
          "hebrew",
          "hp8",
          "keybcs2",
          "koi8r",
          "koi8u",
          "latin1",
          "latin2",
          "latin5",
          "latin7",
          "macce",
          "macroman",
          "tis620",
          "ujis",
          "utf8",
          "utf8mb3",
          "utf8mb4");

  /** MariaDB's collations without padding have the padded one's id and this. */
  private static final int NOPAD = 1024;

  /** MariaDB's UCA 14.0.0: 256 ids for each character set of {@link #UCA1400}. */
  private static final int FIRST_UCA1400 = 2048;

  private static final int LAST_UCA1400 = 4095;

  private static final String[] UCA1400 = {"utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"};

  private static final @Nullable String[] CHARSETS = new @Nullable String[NOPAD];

  static {
    name("big5", 1, 84);
    name("latin2", 2, 9, 21, 27, 77);
    name("dec8", 3, 69);
    name("cp850", 4, 80);
    name("latin1", 5, 8, 15, 31, 47, 48, 49, 94);
    name("hp8", 6, 72);
    name("koi8r", 7, 74);
    name("swe7", 10, 82);
    name("ascii", 11, 65);
    name("ujis", 12, 91);
    name("sjis", 13, 88);
    name("cp1251", 14, 23, 50, 51, 52);
    name("hebrew", 16, 71);
    name("filename", 17);
    name("tis620", 18, 89);
    name("euckr", 19, 85);
    name("latin7", 20, 41, 42, 79);
    name("koi8u", 22, 75);
    name("gb2312", 24, 86);
    name("greek", 25, 70);
    name("cp1250", 26, 34, 44, 66, 99);
    name("gbk", 28, 87);
    name("cp1257", 29, 58, 59);
    name("latin5", 30, 78);
    name("armscii8", 32, 64);
    name("utf8mb3", 33, 76, 83, 223);
    name("ucs2", 35, 90, 159);
    name("cp866", 36, 68);
    name("keybcs2", 37, 73);
    name("macce", 38, 43);
    name("macroman", 39, 53);
    name("cp852", 40, 81);
    name("utf8mb4", 45, 46);
    name("utf16", 54, 55);
    name("utf16le", 56, 62);
    name("cp1256", 57, 67);
    name("utf32", 60, 61);
    name("binary", 63);
    name("geostd8", 92, 93);
    name("cp932", 95, 96);
    name("eucjpms", 97, 98);
    name("gb18030", 248, 249, 250);
    range("utf16", 101, 124);
    range("ucs2", 128, 151);
    range("utf32", 160, 183);
    range("utf8mb3", 192, 215);
    range("utf8mb4", 224, 247);
    range("utf8mb4", 255, 323); // MySQL 8.0 and later: UCA 9.0.0
    range("utf8mb3", 576, 578); // from here on MariaDB's
    range("utf8mb4", 608, 610);
    range("ucs2", 640, 642);
    range("utf16", 672, 674);
    range("utf32", 736, 738);
  }

  private Collations() {}

  /** The character set of a collation, as {@code "utf8mb4"}; null for an id that is not known. */
  public static @Nullable String charset(int collation) {
    if (collation < 0 || collation > LAST_UCA1400) {
      return null;
    }
    if (collation >= FIRST_UCA1400) {
      int number = (collation - FIRST_UCA1400) >> 8;
      return number < UCA1400.length ? UCA1400[number] : null;
    }
    return CHARSETS[collation % NOPAD];
  }

  /**
   * The collation to log in with where another is wanted that has no place in one byte: one of the
   * same character set that all servers have. SET NAMES … COLLATE has to follow where the two are
   * not the same.
   *
   * @return 0 to 255; utf8mb4's for an id that is not known
   */
  public static int inOneByte(int collation) {
    if (collation >= 0 && collation < LARGEST_IN_ONE_BYTE && charset(collation) != null) {
      return collation;
    }
    String charset = charset(collation);
    if (charset == null || charset.equals("utf8mb4")) {
      return UTF8MB4_GENERAL_CI; // 255 is MySQL's alone
    }
    for (int id = 0; id < LARGEST_IN_ONE_BYTE; id++) {
      if (charset.equals(CHARSETS[id])) {
        return id;
      }
    }
    return UTF8MB4_GENERAL_CI;
  }

  /**
   * Whether quotes, backslashes and white space can be told by their bytes alone, so that a text
   * can be scanned; false for an id that is not known.
   */
  public static boolean asciiSafe(int collation) {
    String charset = charset(collation);
    return charset != null && asciiSafe(charset);
  }

  /** The same by name, in lower case, as character_set_client tells it; false if not known. */
  public static boolean asciiSafe(String charset) {
    return ASCII_SAFE.contains(charset);
  }

  private static void name(String charset, int... collations) {
    for (int collation : collations) {
      CHARSETS[collation] = charset;
    }
  }

  private static void range(String charset, int first, int last) {
    for (int collation = first; collation <= last; collation++) {
      CHARSETS[collation] = charset;
    }
  }
}
