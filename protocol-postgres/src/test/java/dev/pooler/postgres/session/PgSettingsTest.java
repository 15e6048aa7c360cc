package dev.pooler.postgres.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pooler.postgres.session.PgSettings.Value;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PgSettingsTest {
  @Test
  void nothingDiffersFromItself() {
    PgSettings some = startup("DateStyle", "ISO");
    assertEquals("", some.differenceFrom(some));
    assertEquals("", PgSettings.NONE.differenceFrom(PgSettings.NONE));
  }

  @Test
  void aStartupValueIsSetAsOneTextWhateverItHolds() {
    assertEquals(
        "SELECT pg_catalog.set_config('search_path','a, \"B\"',false);",
        startup("search_path", "a, \"B\"").differenceFrom(PgSettings.NONE));
  }

  @Test
  void aQuoteInAValueIsDoubled() {
    assertEquals(
        "SELECT pg_catalog.set_config('application_name','it''s; DROP TABLE x --',false);",
        startup("application_name", "it's; DROP TABLE x --").differenceFrom(PgSettings.NONE));
  }

  @Test
  void aBackslashReadsTheSameWhateverStandardConformingStringsSays() {
    assertEquals(
        "SELECT pg_catalog.set_config('application_name',E'a\\\\''; b',false);",
        startup("application_name", "a\\'; b").differenceFrom(PgSettings.NONE));
  }

  @Test
  void aSetValueIsSaidAgainAsItWasWritten() {
    PgSettings set = PgSettings.NONE.with("Search_Path", new Value.Sql("a, 'b'"));
    assertEquals("SET \"search_path\" TO a, 'b';", set.differenceFrom(PgSettings.NONE));
  }

  @Test
  void theTwoPartsOfACustomSettingsNameAreQuotedByThemselves() {
    PgSettings custom = PgSettings.NONE.with("App.User", new Value.Sql("'7'"));
    assertEquals("SET \"app\".\"user\" TO '7';", custom.differenceFrom(PgSettings.NONE));
    assertEquals("RESET \"app\".\"user\";", PgSettings.NONE.differenceFrom(custom));
    assertEquals(
        "SELECT pg_catalog.set_config('app.user','7',false);",
        startup("App.User", "7").differenceFrom(PgSettings.NONE));
  }

  /** Needs the role to be left for the others: it may not be allowed to change them. */
  @Test
  void whatBelongsToTheBackendsUserIsNotChangedByTheRole() {
    PgSettings from = startup("role", "reader").with("jit", new Value.Sql("off"));
    PgSettings to = startup("role", "reader").with("log_statement", new Value.Sql("'all'"));
    assertEquals(
        "RESET ROLE;RESET \"jit\";SET \"log_statement\" TO 'all';"
            + "SELECT pg_catalog.set_config('role','reader',false);",
        to.differenceFrom(from));
    assertEquals(null, to.changesFrom(from));
    assertEquals(List.of(), to.changesFrom(to));
  }

  @Test
  void aQuoteInANameCantEndIt() {
    PgSettings odd = startup("a\"; DROP TABLE x; --", "1");
    assertEquals("RESET \"a\"\"; drop table x; --\";", PgSettings.NONE.differenceFrom(odd));
  }

  @Test
  void whatIsGoneIsResetFirstAndWhatIsSameIsLeftAlone() {
    PgSettings from =
        startup("datestyle", "ISO")
            .with("work_mem", new Value.Sql("'1MB'"))
            .with("jit", new Value.Sql("off"));
    PgSettings to = startup("datestyle", "ISO").with("work_mem", new Value.Sql("'2MB'"));
    assertEquals("RESET \"jit\";SET \"work_mem\" TO '2MB';", to.differenceFrom(from));
  }

  /** What is interned stays for ever, and a client can make up any number of large ones. */
  @Test
  void largeSettingsOfAStartUpPacketAreNotKept() {
    String small = "s".repeat(900);
    assertSame(startup("application_name", small), startup("application_name", small));
    String large = "l".repeat(1025);
    PgSettings one = startup("application_name", large);
    PgSettings other = startup("application_name", large);
    assertEquals(one, other);
    assertNotSame(one, other);
    PgSettings planned = startup("search_path", large).with("jit", new Value.Sql("off"));
    PgSettings again = startup("search_path", large).with("jit", new Value.Sql("off"));
    assertEquals(planned.planning(), again.planning());
    assertNotSame(planned.planning(), again.planning());
    assertNotSame(
        PgSettings.ofStartup(Map.of("a." + large, "1")),
        PgSettings.ofStartup(Map.of("a." + large, "1")));
  }

  @Test
  void equalSettingsAreTheSameObjectHoweverTheyCameAbout() {
    PgSettings one = startup("DateStyle", "ISO").with("jit", new Value.Sql("off"));
    PgSettings other = PgSettings.NONE.with("jit", new Value.Sql("off"));
    other = other.with("datestyle", new Value.Text("ISO"));
    assertSame(one, other);
    assertEquals(one.hashCode(), other.hashCode());
    assertNotEquals(one, startup("DateStyle", "ISO"));
  }

  @Test
  void aTextAndTheSameTextOfSqlAreNotTheSame() {
    assertNotEquals(startup("jit", "off"), PgSettings.NONE.with("jit", new Value.Sql("off")));
  }

  @Test
  void aResetGivesTheValueOfTheStartupPacketBackOrNone() {
    PgSettings startup = startup("datestyle", "ISO");
    PgSettings changed =
        startup.with("DateStyle", new Value.Sql("German")).with("jit", new Value.Sql("off"));
    assertSame(startup, changed.withValueOf("DATESTYLE", startup).withValueOf("JIT", startup));
  }

  /** Needs names compared without case: a driver says DateStyle, a program sets datestyle. */
  @Test
  @Tag("case-11")
  void aSettingIsTheSameInWhateverCaseItsNameCame() {
    PgSettings asked = startup("DateStyle", "ISO, DMY").with("TIMEZONE", new Value.Sql("'UTC'"));
    PgSettings same = startup("datestyle", "ISO, DMY").with("TimeZone", new Value.Sql("'UTC'"));
    assertEquals("", asked.differenceFrom(same));
    assertEquals(
        "RESET \"datestyle\";",
        PgSettings.NONE.with("TimeZone", new Value.Sql("'UTC'")).differenceFrom(asked));
  }

  /** Needs an empty value told apart from none. */
  @Test
  @Tag("case-12")
  void anEmptyValueIsAValue() {
    PgSettings empty = startup("application_name", "");
    assertNotEquals(PgSettings.NONE, empty);
    assertEquals(
        "SELECT pg_catalog.set_config('application_name','',false);",
        empty.differenceFrom(PgSettings.NONE));
    assertEquals("RESET \"application_name\";", PgSettings.NONE.differenceFrom(empty));
  }

  /**
   * Needs what was asked for remembered, not what a server reports of it: 14 and later report no
   * unchanged value, and each spells it its own way.
   */
  @Test
  @Tag("case-13")
  void theSameWishIsNotSaidTwiceHoweverTheServerSpellsIt() {
    PgSettings backend = startup("timezone", "utc").with("datestyle", new Value.Sql("iso"));
    PgSettings session = startup("TimeZone", "utc").with("DateStyle", new Value.Sql("iso"));
    assertEquals("", session.differenceFrom(backend));
  }

  /** Needs each setting of a session taken back, reported by the server or not. */
  @Test
  @Tag("case-14")
  void aSettingThatTheServerNeverReportsIsTakenBackToo() {
    PgSettings left = startup("app.tenant", "7").with("statement_timeout", new Value.Sql("5000"));
    assertEquals(
        "RESET \"app\".\"tenant\";RESET \"statement_timeout\";",
        PgSettings.NONE.differenceFrom(left));
  }

  /** Needs a start-up's list set as a text, not as one quoted element. */
  @Test
  @Tag("case-15")
  void aSearchPathKeepsTheQuotesOfItsElements() {
    assertEquals(
        "SELECT pg_catalog.set_config('search_path','\"$user\", \"My ''Schema\", public',false);",
        startup("search_path", "\"$user\", \"My 'Schema\", public")
            .differenceFrom(PgSettings.NONE));
  }

  /** Each is written anew by the server, or cut by it: its text is not its value. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "01234",
        "08",
        "-0",
        "-010",
        "0x1F",
        "0b1",
        "0o7",
        "1_000",
        "+5",
        "- 5",
        "1e3",
        "a, b",
        "a0123456789012345678901234567890123456789012345678901234567890123",
      })
  void whatTheServerWritesInItsOwnWayIsLeftToIt(String expression) {
    PgSettings set = PgSettings.NONE.with("app.x", new Value.Sql(expression));
    assertNull(set.changesFrom(PgSettings.NONE));
    assertEquals("SET \"app\".\"x\" TO " + expression + ";", set.differenceFrom(PgSettings.NONE));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      delimiter = '|',
      value = {
        "Abc | abc",
        "'A''b' | A'b",
        "'010' | 010",
        "0 | 0",
        "-5 | -5",
        "12345678901 | 12345678901",
        "00.50 | 00.50",
        "-1.5 | -1.5",
      })
  void whatReadsAsItIsWrittenNeedsNoSql(String expression, String value) {
    PgSettings set = PgSettings.NONE.with("app.x", new Value.Sql(expression));
    assertEquals(List.of(new PgSettings.Change("app.x", value)), set.changesFrom(PgSettings.NONE));
  }

  @Test
  void theValuesCantBeChanged() {
    Map<String, Value> values = startup("jit", "off").values();
    assertThrows(UnsupportedOperationException.class, values::clear);
  }

  private static PgSettings startup(String name, String value) {
    return PgSettings.ofStartup(Map.of(name, value));
  }
}
