package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.Token;
import dev.pooler.mysql.statement.MyDialects.Flavor;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokens of each notation, by flavor, mode and character set. */
class MyDialectsTest {
  private static final Dialect STANDARD = MyDialects.STANDARD;

  @Test
  void namesMayLookLikeNumbers() {
    assertEquals("WORD 1a|WORD 0x1g|WORD 0X1|WORD 1_000", tokens(STANDARD, "1a 0x1g 0X1 1_000"));
    assertEquals(
        "NUMBER 0x1f|NUMBER 0b01|WORD 0b02|WORD 0x", tokens(STANDARD, "0x1f 0b01 0b02 0x"));
    assertEquals(
        "NUMBER 1e5|WORD a|NUMBER 1e+5|WORD 1e|SYMBOL +", tokens(STANDARD, "1e5a 1e+5 1e+"));
    assertEquals("NUMBER 1.5|WORD a|NUMBER 1.|WORD b|NUMBER .5", tokens(STANDARD, "1.5a 1.b .5"));
    assertEquals("WORD t|SYMBOL .|WORD 1a|SYMBOL .|WORD 1e5", tokens(STANDARD, "t.1a.1e5"));
    assertEquals("QUOTED `t`|NUMBER .1|WORD a", tokens(STANDARD, "`t`.1a"));
  }

  @Test
  @Tag("mysql-case-27")
  void behindADotOrAnAtSignStandsAName() {
    assertEquals("WORD t|SYMBOL .|WORD x|STRING 'a\\'b'", tokens(STANDARD, "t.x'a\\'b'"));
    assertEquals("SYMBOL @|WORD x|STRING 'a\\'b'", tokens(STANDARD, "@x'a\\'b'"));
    assertEquals("SYMBOL @|SYMBOL @|WORD b|STRING 'a\\'b'", tokens(STANDARD, "@@b'a\\'b'"));
    assertEquals("STRING x'a\\'|BROKEN", tokens(STANDARD, "x'a\\'b'"));
    assertEquals("WORD t|SYMBOL .|WORD $$|SYMBOL ;|STRING $$;$$", tokens(STANDARD, "t.$$; $$;$$"));
  }

  @Test
  @Tag("mysql-case-108")
  void dollarsHoldStringsFrom81On() {
    assertEquals("STRING $$a'b;$$|STRING $t$ $$ $t$", tokens(STANDARD, "$$a'b;$$ $t$ $$ $t$"));
    assertEquals("WORD $a|WORD a$$b", tokens(STANDARD, "$a a$$b"));
    assertEquals("BROKEN", tokens(STANDARD, "$$"));
    for (Flavor flavor : List.of(Flavor.OLD_MYSQL, Flavor.MARIADB)) {
      Dialect dialect = MyDialects.of(flavor, "", "utf8mb4");
      assertEquals("WORD $$a|SYMBOL ;|WORD $$", tokens(dialect, "$$a; $$"));
    }
    assertEquals(Flavor.MYSQL, Flavor.of("9.7.0"));
    assertEquals(Flavor.MYSQL, Flavor.of("8.4.2-commercial"));
    assertEquals(Flavor.OLD_MYSQL, Flavor.of("8.0.39"));
    assertEquals(Flavor.OLD_MYSQL, Flavor.of("5.7.44-log"));
    assertEquals(Flavor.MARIADB, Flavor.of("5.5.5-10.11.6-MariaDB-1"));
  }

  @Test
  @Tag("mysql-case-12")
  @Tag("mysql-case-13")
  void modesChangeQuotesAndBackslashes() {
    String text = "\"a\\\" 'b\\'";
    assertEquals("STRING \"a\\\" 'b\\'\"|BROKEN", tokens(STANDARD, text + "\" '"));
    Dialect ansi = MyDialects.of(Flavor.MYSQL, "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "utf8mb4");
    assertEquals("QUOTED \"a\\\"|STRING 'b\\'", tokens(ansi, text));
    Dialect mssql = MyDialects.of(Flavor.MARIADB, "MSSQL", "utf8mb4");
    assertEquals("QUOTED [a]]b ' ]|WORD c", tokens(mssql, "[a]]b ' ]c"));
  }

  @Test
  void comments() {
    assertEquals(
        "WORD a|SYMBOL -|SYMBOL -|NUMBER 1", tokens(STANDARD, "a--1 # b\n-- c\n--\u007fd"));
    assertEquals("WORD a|WORD b|WORD c", tokens(STANDARD, "a /*!40101 b*/ /* /*! x */ c"));
    assertEquals("WORD a|NUMBER 123|WORD b", tokens(STANDARD, "a /*!123 b*/"));
    assertEquals("WORD a|BROKEN", tokens(STANDARD, "a /*!1234567 b*/"));
    assertEquals("WORD a|BROKEN", tokens(STANDARD, "a -- \u0000 \n b"));
    assertEquals(
        "STRING N'a\\'b'|WORD _utf8mb4|STRING 'c'", tokens(STANDARD, "N'a\\'b' _utf8mb4'c'"));
  }

  @Tag("mysql-case-14")
  @ParameterizedTest
  @ValueSource(strings = {"sjis", "cp932", "gbk", "gb18030", "big5", "GBK"})
  void aTrailByteMayBeAQuote(String characters) {
    assertUnknown(characters, "SELECT '\u00e9'");
    assertReadable(characters, "SELECT 'e'");
  }

  @Tag("mysql-case-14")
  @ParameterizedTest
  @ValueSource(strings = {"swe7", "ucs2", "utf16", "utf16le", "utf32", "no_such_set", ""})
  void nothingIsReadThatIsNotAscii(String characters) {
    assertUnknown(characters, "SELECT 1");
  }

  @Tag("mysql-case-14")
  @ParameterizedTest
  @ValueSource(strings = {"latin1", "cp1251", "koi8r", "ujis", "tis620"})
  void whatMayBeSpaceIsUnknown(String characters) {
    assertUnknown(characters, "SELECT 1 FOR\u00a0UPDATE"); // in UTF-8 c2 a0
    assertReadable(characters, "SELECT '\u00fc'"); // c3 bc
  }

  @Tag("mysql-case-14")
  @ParameterizedTest
  @ValueSource(strings = {"utf8mb4", "utf8", "utf8mb3", "ascii", "binary"})
  void utf8IsRead(String characters) {
    assertReadable(characters, "SELECT '\u00e9\u00a0\ud83d\ude00'");
  }

  @Test
  void inDoubtOnlyWhatReadsOneWayIsRead() {
    for (String text : List.of("SELECT \"a\"", "SELECT '\\\\'", "SELECT '\u00e9'")) {
      assertEquals(StatementFacts.unknown(), facts(MyDialects.IN_DOUBT, text), text);
    }
    assertNotEquals(StatementFacts.unknown(), facts(MyDialects.IN_DOUBT, "SELECT 'a', `b`"));
  }

  private static void assertUnknown(String characters, String text) {
    Dialect dialect = MyDialects.of(Flavor.MYSQL, "", characters);
    assertEquals(StatementFacts.unknown(), facts(dialect, text));
  }

  private static void assertReadable(String characters, String text) {
    Dialect dialect = MyDialects.of(Flavor.MYSQL, "", characters);
    assertNotEquals(StatementFacts.unknown(), facts(dialect, text));
  }

  private static StatementFacts facts(Dialect dialect, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    StatementRules rules = MyStatementRules.create(Flavor.MYSQL, StatementRules.Limits.DEFAULT);
    return rules.facts(dialect, Unpooled.wrappedBuffer(bytes), 0, bytes.length);
  }

  private static String tokens(Dialect dialect, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    SqlScanner scanner = new SqlScanner().start(dialect, bytes, 0, bytes.length);
    List<String> tokens = new ArrayList<>();
    for (Token token = scanner.next(); token != Token.END; token = scanner.next()) {
      if (token == Token.BROKEN) {
        tokens.add("BROKEN");
        break;
      }
      int length = scanner.end() - scanner.start();
      tokens.add(token + " " + new String(bytes, scanner.start(), length, StandardCharsets.UTF_8));
    }
    return String.join("|", tokens);
  }
}
