package dev.pooler.core.statement;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever a client writes into a string is nobody's to read. */
class MaskedTextTest {
  private static final Dialect POSTGRES =
      Dialect.of(
          Lexical.ESCAPE_STRINGS,
          Lexical.UNICODE_STRINGS,
          Lexical.CONTINUED_STRINGS,
          Lexical.DOLLAR_QUOTES,
          Lexical.DOLLAR_PARAMETERS,
          Lexical.NESTED_COMMENTS);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          select 'secret', 1                   | select '…', 1
          alter role a password 'it''s secret' | alter role a password '…'
          select E'a\\'secret' , 'secret'      | select '…' , '…'
          select $$secret$$, $a$ secret $$ $a$ | select '…', '…'
          select U&'secret', x'00', n'secret'  | select '…', '…', '…'
          select "name's", $1 -- it's here     | select "name's", $1 -- it's here
          select /* don't */ 'secret'          | select /* don't */ '…'
          """)
  void stringsOfAllNotationsAreMaskedAndNothingElse(String text, String shown) {
    assertEquals(shown, masked(POSTGRES, text, 1000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          set app.token to secret                 | set app.token to …
          SET LOCAL app.token = 4711; select 1    | SET LOCAL app.token = …; select 1
          set "app.token" = secret, 'secret'; x   | set "app.token" = …; x
          alter role a set app.token = secret     | alter role a set app.token = …
          set work_mem = 64; set a.b = secret     | set work_mem = 64; set a.b = …
          update t set a = b.c, d = 5 where e = 6 | update t set a = b.c, d = 5 where e = 6
          select a.b = 5 to                       | select a.b = 5 to
          """)
  void valuesOfCustomSettingsAreMaskedWithoutQuotesToo(String text, String shown) {
    assertEquals(shown, masked(POSTGRES, text, 1000));
  }

  @Test
  void nothingOfAStringIsShownWhereverTheTextIsCut() {
    String text = "select 'secret', $x$secret$x$, E'\\'secret', \"name\" from t";
    for (int length = 0; length <= text.length(); length++) {
      assertFalse(masked(POSTGRES, text, length).contains("secr"), text.substring(0, length));
    }
    assertEquals("select …", masked(POSTGRES, text, 10));
  }

  @Test
  void aCharacterThatIsNotWholeIsNotShown() {
    assertEquals("select é…", masked(POSTGRES, "select éé", 10));
  }

  /** 'a\' or 'a\', 'secret … are two texts; the first one has no string behind the backslash. */
  @Test
  void whereItIsNotKnownWhatABackslashDoesNothingBehindItIsShown() {
    Dialect undecided = POSTGRES.with(Lexical.UNDECIDED_BACKSLASHES);
    assertEquals("select …", masked(undecided, "select 'a\\', secret, 'b'", 1000));
    assertEquals("select 1, …", masked(undecided, "select 1, \\secret", 1000));
  }

  @Test
  void whereBytesCannotBeToldApartNothingBehindTheFirstIsShown() {
    Dialect opaque = POSTGRES.with(Lexical.OPAQUE);
    assertEquals("select …", masked(opaque, "select é, secret", 1000));
  }

  private static String masked(Dialect dialect, String text, int most) {
    byte[] bytes = text.getBytes(UTF_8);
    int length = Math.min(most, bytes.length);
    return MaskedText.of(dialect, bytes, length, length < bytes.length);
  }
}
