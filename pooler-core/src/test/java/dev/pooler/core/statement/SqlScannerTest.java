package dev.pooler.core.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The tokens of each notation, dialect by dialect: kind and text. */
class SqlScannerTest {
  private static final Dialect POSTGRES =
      Dialect.of(
          Lexical.ESCAPE_STRINGS,
          Lexical.UNICODE_STRINGS,
          Lexical.CONTINUED_STRINGS,
          Lexical.DOLLAR_QUOTES,
          Lexical.DOLLAR_PARAMETERS,
          Lexical.NESTED_COMMENTS,
          Lexical.RETURN_ENDS_COMMENT);
  private static final Dialect MYSQL =
      Dialect.of(
          Lexical.BACKSLASH_STRINGS,
          Lexical.DOUBLE_QUOTED_STRINGS,
          Lexical.BACKTICK_IDENTIFIERS,
          Lexical.EXECUTABLE_COMMENTS,
          Lexical.DASHES_NEED_SPACE,
          Lexical.HASH_COMMENTS);

  @Test
  void wordsNumbersAndSymbols() {
    assertEquals(
        "WORD select|NUMBER 1.5e-3|SYMBOL ,|WORD _a$1é|SYMBOL .|WORD b|NUMBER .5|NUMBER 0x1F",
        tokens(POSTGRES, "select 1.5e-3,_a$1é.b .5 0x1F"));
    assertEquals(
        "NUMBER 1|WORD union|NUMBER 2.|NUMBER 1e5|WORD e", tokens(POSTGRES, "1union 2. 1e5e"));
    assertEquals("NUMBER 1|SYMBOL .|NUMBER .2", tokens(POSTGRES, "1..2"));
  }

  @Test
  void stringsOfPostgres() {
    assertEquals("STRING 'it''s'|STRING E'\\''|STRING ''", tokens(POSTGRES, "'it''s' E'\\'' ''"));
    assertEquals(
        "STRING 'a\\'|STRING X'1'|STRING b'0'|STRING N'x'",
        tokens(POSTGRES, "'a\\' X'1' b'0' N'x'"));
    assertEquals("STRING U&'\\'|ESCAPED_NAME U&\"\\\"", tokens(POSTGRES, "U&'\\' U&\"\\\""));
    assertEquals("STRING E'a' --x\n '\\''|WORD b", tokens(POSTGRES, "E'a' --x\n '\\'' b"));
    assertEquals("STRING 'a'|STRING 'b'", tokens(POSTGRES, "'a' 'b'"));
  }

  @Test
  void dollarsOfPostgres() {
    assertEquals("STRING $$a'b$$|PARAMETER $12", tokens(POSTGRES, "$$a'b$$ $12"));
    assertEquals("STRING $a$ $b$ $ $a $a$|WORD c", tokens(POSTGRES, "$a$ $b$ $ $a $a$c"));
    assertEquals("WORD a$b$c|SYMBOL $|WORD x", tokens(POSTGRES, "a$b$c $x"));
    assertEquals("BROKEN", tokens(POSTGRES, "$a$ $A$"));
  }

  @Test
  void commentsOfPostgres() {
    assertEquals("WORD a|WORD b", tokens(POSTGRES, "a/* /* */ ' */b--'\r"));
    assertEquals("NUMBER 5", tokens(POSTGRES, "5--3"));
    assertEquals("WORD a|BROKEN", tokens(POSTGRES, "a /* /* */"));
    assertEquals("NUMBER 1|SYMBOL #|NUMBER 2", tokens(POSTGRES, "1#2"));
  }

  @Test
  void mysqlDiffersByDataOnly() {
    assertEquals("STRING \"a\\\"b\"|QUOTED `c``d`", tokens(MYSQL, "\"a\\\"b\" `c``d`"));
    assertEquals("QUOTED \"a\"|SYMBOL `", tokens(Dialect.of(Lexical.BACKSLASH_STRINGS), "\"a\" `"));
    assertEquals("NUMBER 5|SYMBOL -|SYMBOL -|NUMBER 3|WORD a", tokens(MYSQL, "5--3 -- x\na # y"));
    assertEquals("WORD a|WORD b", tokens(MYSQL, "a /* /* */ b"));
    assertEquals("WORD a|WORD set|WORD b", tokens(MYSQL, "a /*!50000 set */ /*M! b */"));
    assertEquals("WORD a|WORD b|BROKEN", tokens(MYSQL, "a /*! b"));
    assertEquals("WORD $a", tokens(MYSQL, "$a"));
  }

  @Test
  void namesOfMysqlMayLookLikeOtherThings() {
    Dialect loose = MYSQL.with(Lexical.LOOSE_NAMES);
    assertEquals("NUMBER 1|WORD a|NUMBER .1|WORD a", tokens(MYSQL, "1a .1a"));
    assertEquals("WORD 1a|NUMBER .1|WORD a|NUMBER 1e5|WORD a", tokens(loose, "1a .1a 1e5a"));
    assertEquals("WORD t|SYMBOL .|WORD 1a|SYMBOL @|WORD x|STRING ''", tokens(loose, "t.1a @x''"));
    assertEquals("STRING x''", tokens(MYSQL, "x''"));
    Dialect brackets = Dialect.of(Lexical.BRACKET_IDENTIFIERS);
    assertEquals("QUOTED [a]]']", tokens(brackets, "[a]]']"));
    assertEquals("SYMBOL [", tokens(Dialect.of(), "["));
  }

  @Test
  void commentsThatSomeServersExecuteCanBeLeftOut() {
    String text = "a /*!40101 b */ /*!80000 c /* d */ */ e /*M! f */ /*!100100 g */ /*! h */";
    byte[] bytes = (" ".repeat(5000) + text).getBytes(StandardCharsets.UTF_8);
    SqlScanner scanner = new SqlScanner();
    ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
    scanner.start(MYSQL, bytes, 0, bytes.length);
    for (int i = 0; i < 2; i++) {
      assertEquals("a b c e f g h", words(scanner, bytes));
      assertEquals(3, scanner.conditions());
      assertEquals("a b e h", words(scanner.startWithoutConditions(), bytes));
      assertEquals(3, scanner.conditions());
      scanner.start(MYSQL, buffer, 0, bytes.length);
    }
  }

  private static String words(SqlScanner scanner, byte[] bytes) {
    List<String> words = new ArrayList<>();
    while (scanner.next() != Token.END) {
      int length = scanner.end() - scanner.start();
      words.add(new String(bytes, scanner.start(), length, StandardCharsets.UTF_8));
    }
    return String.join(" ", words);
  }

  @Test
  void aTextThatReadsInTwoWaysIsNotRead() {
    byte[] space = {'a', (byte) 0xa0};
    byte[] letter = {'a', (byte) 0xe9};
    assertEquals(false, Dialect.of(Lexical.HIGH_SPACES).canRead(space));
    assertEquals(true, Dialect.of(Lexical.HIGH_SPACES).canRead(letter));
    assertEquals(false, Dialect.of(Lexical.OPAQUE).canRead(letter));
    assertEquals(false, Dialect.of(Lexical.UNREADABLE).canRead(new byte[0]));
    assertEquals(false, Dialect.of(Lexical.UNDECIDED_QUOTES).canRead(new byte[] {'"'}));
    assertEquals(true, MYSQL.canRead(space));
  }

  @Test
  void aBrokenTextStaysBroken() {
    assertEquals("WORD a|BROKEN", tokens(POSTGRES, "a\u0000b"));
    SqlScanner scanner = new SqlScanner().start(POSTGRES, new byte[] {'\''}, 0, 1);
    assertEquals(Token.BROKEN, scanner.next());
    assertEquals(Token.BROKEN, scanner.next());
  }

  @Test
  void aTableFindsItsWordsInAnyCaseAndNoOthers() {
    WordTable table = WordTable.of(List.of("select", "set_config", "a"));
    SqlScanner scanner = new SqlScanner();
    byte[] text =
        "SeLect selec selects \"set_CONFIG\" 'a' 'a''' A".getBytes(StandardCharsets.US_ASCII);
    scanner.start(POSTGRES, text, 0, text.length);
    List<Integer> found = new ArrayList<>();
    while (scanner.next() != Token.END) {
      found.add(scanner.find(table));
    }
    assertEquals(List.of(0, -1, -1, 1, 2, -1, 2), found);
    assertThrows(IllegalArgumentException.class, () -> WordTable.of(List.of("a", "a")));
    assertThrows(IllegalArgumentException.class, () -> WordTable.of(List.of("A")));
  }

  @Test
  void aNotedWordIsFoundLaterAsLongAsItIsNear() {
    WordTable table = WordTable.of(List.of("lower", "x"));
    assertEquals(0, findNoted(table, "LoWer  ("));
    assertEquals(0, findNoted(table, "\"lower\"("));
    assertEquals(WordTable.NONE, findNoted(table, "\"Lower\"("));
    assertEquals(WordTable.NONE, findNoted(table, "\"lo\"\"wer\"("));
    assertEquals(WordTable.NONE, findNoted(table, "lowe("));
    assertEquals(WordTable.NONE, findNoted(table, "l".repeat(64) + "("));
    assertEquals(1, findNoted(table, "x" + " ".repeat(125) + "("));
    assertEquals(SqlScanner.OUT_OF_REACH, findNoted(table, "x" + " ".repeat(126) + "("));
  }

  /** The first word, looked up when the second token has been read, through the window. */
  private static int findNoted(WordTable table, String text) {
    String padded = " ".repeat(4090) + text;
    ByteBuf buffer = Unpooled.copiedBuffer(padded, StandardCharsets.UTF_8);
    SqlScanner scanner = new SqlScanner().start(POSTGRES, buffer, 0, buffer.readableBytes());
    WordPlace place = new WordPlace();
    scanner.next();
    scanner.note(place);
    scanner.next();
    return scanner.find(table, place);
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
