package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.error;
import static dev.pooler.server.postgres.TwoBackends.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What sessions set and leave on a pool of one backend. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class SessionStateTest {
  private static final Duration MOMENT = Duration.ofMillis(120);

  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private boolean aIsPinned() throws Exception {
    return pooler.isKeptFrom(b, MOMENT);
  }

  @Test
  @Tag("case-13")
  void settingsOutsideTransactionsFollowTheirSession() throws Exception {
    a.query("set work_mem = '5MB'");
    b.query("set work_mem to '6MB'");
    a.query("SET datestyle = german, dmy");
    b.send(
            PgBytes.parse("", "set session application_name = 'it''s b'"),
            PgBytes.bind("", ""),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
    for (int i = 0; i < 3; i++) {
      assertEquals("5MB", a.value("show work_mem"));
      assertEquals("German, DMY", a.value("show datestyle"));
      assertEquals("6MB", b.value("show work_mem"));
      assertEquals("ISO, MDY", b.value("show datestyle"));
    }
    a.query("reset work_mem");
    assertEquals("4MB", a.value("show work_mem"));
    assertEquals("6MB", b.value("show work_mem"));
    a.query("set work_mem = default");
    b.query("discard all");
    assertEquals("4MB", b.value("show work_mem"));
    assertEquals("German, DMY", a.value("show datestyle"));
    a.query("reset all");
    assertEquals("ISO, MDY", a.value("show datestyle"));
  }

  /** What does not leave the role leaves the session in it, also behind it in a pipeline. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set role nobody_has_this",
        "set role gone_role",
        "select 7; discard all",
        "begin; select 7; commit; reset all",
        "set work_mem = 'much'"
      })
  void whoseRoleIsGoneRunsNothingAsAnother(String sql) throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      withoutItsRole(direct);
      a.send(PgBytes.query(sql), PgBytes.query("select current_user"));
      List<PgMessage> first = a.readUntil('Z');
      assertEquals("EZ", RawPgClient.types(first));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("22023", error(a.query("select current_user")));
      assertEquals("postgres", b.value("select current_user"));
      assertEquals("none", error(a.query("reset role")));
      assertEquals("postgres", a.value("select current_user"));
    }
  }

  /** The same in the extended protocol, and out of a transaction that was begun here. */
  @Test
  void whoseRoleIsGoneMayLeaveItInABatch() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      withoutItsRole(direct);
      assertEquals("none", error(a.query("begin")));
      assertEquals("22023", error(a.query("select 1")));
      assertEquals("ROLLBACK", batch("commit").get(2).strings().getFirst());
      assertEquals("none", error(a.query("begin")));
      assertEquals("22023", error(a.query("select 1")));
      assertEquals("ROLLBACK", a.query("rollback").getFirst().strings().getFirst());
      assertEquals("none", error(batch("set role none")));
      assertEquals("postgres", a.value("select current_user"));
      assertEquals("German, DMY", a.value("show datestyle"));
    }
  }

  private List<PgMessage> batch(String sql) throws Exception {
    return a.send(
            PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync())
        .readUntil('Z');
  }

  private void withoutItsRole(RawPgClient direct) throws Exception {
    direct.query("drop role if exists gone_role; create role gone_role");
    a.query("set datestyle = german");
    a.query("set role gone_role");
    assertEquals("postgres", b.value("select current_user"));
    direct.query("drop role gone_role");
    assertEquals("22023", error(a.query("select 1")));
  }

  @Test
  void whoseSessionUserIsGoneMayBeTheOneWhoConnectedAgain() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("create role gone_role");
      a.query("set session authorization gone_role");
      assertEquals("postgres", b.value("select session_user"));
      direct.query("drop role gone_role");
      assertEquals("22023", error(a.query("select 1")));
      assertEquals("22023", error(a.query("reset role")));
      assertEquals("none", error(a.query("/* back */ reset session authorization")));
      assertEquals("postgres", a.value("select session_user"));
      assertEquals("postgres", b.value("select session_user"));
      assertEquals("postgres", a.value("select session_user"));
    }
  }

  /** A role that is gone fails what runs as it, but not what leaves it. */
  @ParameterizedTest
  @ValueSource(
      strings = {"reset role", "set role none", "set session role = left_role", "discard all"})
  void whoseRoleIsGoneMayTakeAnother(String sql) throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop role if exists gone_role; drop role if exists left_role");
      direct.query("create role gone_role; create role left_role");
      a.query("set datestyle = german");
      a.query("set role gone_role");
      assertEquals("gone_role", a.value("select current_user"));
      assertEquals("postgres", b.value("select current_user"));
      direct.query("drop role gone_role");
      for (int i = 0; i < 2; i++) {
        assertEquals("22023", error(a.query("select 1")));
        assertEquals("22023", error(a.query("set work_mem = '5MB'")));
        assertEquals("4MB", b.value("show work_mem"));
      }
      assertEquals("none", error(a.query(sql)));
      String user = sql.contains("left") ? "left_role" : "postgres";
      String style = sql.contains("all") ? "ISO, MDY" : "German, DMY";
      for (int i = 0; i < 2; i++) {
        assertEquals(user, a.value("select current_user"));
        assertEquals(style, a.value("show datestyle"));
        assertEquals("4MB", a.value("show work_mem"));
        assertEquals("postgres", b.value("select current_user"));
        assertEquals("ISO, MDY", b.value("show datestyle"));
      }
      direct.query("drop role left_role");
    }
  }

  @Test
  @Tag("case-83")
  void aSettingThatFailsIsNotKept() throws Exception {
    assertEquals("EZ", RawPgClient.types(a.query("set work_mem = 'much'")));
    assertEquals("1", b.value("select 1"));
    assertEquals("4MB", a.value("show work_mem"));
    a.query("begin");
    a.query("set work_mem = '5MB'");
    a.query("rollback");
    assertEquals("4MB", a.value("show work_mem"));
  }

  @Test
  @Tag("case-83")
  void aLocalSettingEndsWithItsTransactionAndDoesNotPin() throws Exception {
    a.query("begin; set local work_mem = '7MB'");
    assertEquals("7MB", a.value("show work_mem"));
    a.query("commit");
    assertEquals("4MB", b.value("show work_mem"));
    a.query("begin");
    a.query("select set_config('work_mem', '7MB', true)");
    a.query("commit");
    assertEquals("4MB", b.value("show work_mem"));
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  @ParameterizedTest
  @Tag("case-82")
  @Tag("case-84")
  @Tag("case-85")
  @Tag("case-87")
  @CsvSource(
      delimiter = '|',
      value = {
        "prepare p as select 1 | prepared_statement",
        "create temp table t (i int) | temporary_object",
        "select 1 as one into temp t | temporary_object",
        "begin; declare c cursor with hold for select 1; commit | hold_cursor",
        "select pg_advisory_lock(3) | advisory_lock",
        "select pg_try_advisory_lock(3) | advisory_lock",
        "select setseed(0.5) | random_seed",
        "do $$ begin execute 'select 1'; end $$ | code",
        "load 'plpgsql' | loaded_library",
      })
  void whatCannotMovePinsAndIsGoneForTheNext(String sql, String reason) throws Exception {
    for (PgMessage message : a.query(sql)) {
      assertTrue(!message.isError(), message.toString());
    }
    assertTrue(aIsPinned()); // waits for what the server is asked behind the answer
    assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"" + reason + "\""));
    a.close();
    assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    assertEquals("4MB", b.value("show work_mem"));
    assertEquals("postgres", b.value("select current_user"));
    assertEquals("0", b.value("select count(*) from pg_prepared_statements"));
    assertEquals("0", b.value("select count(*) from pg_listening_channels()"));
    assertEquals("0", b.value("select count(*) from pg_cursors"));
    assertEquals("0", b.value("select count(*) from pg_class where relname = 't'"));
    assertEquals("0", b.value("select count(*) from pg_locks where locktype = 'advisory'"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "begin; set work_mem = '7MB'; commit | work_mem | 7MB | 4MB",
        "begin; savepoint s; set work_mem = '7MB'; rollback to s; commit | work_mem | 4MB | 4MB",
        "begin; set work_mem = '7MB'; rollback | work_mem | 4MB | 4MB",
        "set work_mem = '7MB'; set datestyle = german | work_mem | 7MB | 4MB",
        "/* now */ set work_mem = '7MB' -- please | work_mem | 7MB | 4MB",
        "select set_config('work_mem', '7MB', false) | work_mem | 7MB | 4MB",
        "set role pg_monitor | role | pg_monitor | none",
        "set session authorization pg_monitor | session_authorization | pg_monitor | postgres",
        "begin; set local work_mem = '5MB'; set app.tenant = '42'; commit | app.tenant | 42 | ''",
        "select set_config('app.tenant', '43', false) | app.tenant | 43 | ''",
      })
  @Tag("case-81")
  @Tag("case-82")
  @Tag("case-83")
  @Tag("case-84")
  @Tag("advisory-pgdog-1341")
  void whatTheServerKnowsMovesWithItsSession(String sql, String name, String mine, String theirs)
      throws Exception {
    String ask = "select current_setting('" + name + "', true)";
    for (PgMessage message : a.query(sql)) {
      assertTrue(!message.isError(), message.toString());
    }
    for (int i = 0; i < 2; i++) {
      String found = b.value(ask);
      assertEquals(theirs, found == null ? "" : found);
      assertEquals(mine, a.value(ask));
    }
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  /** Needs the value that the server reported: the second SET names one half of it. */
  @Test
  @Tag("case-13")
  void aSettingOfTwoHalvesIsKeptWhole() throws Exception {
    a.query("set datestyle to german");
    a.query("set datestyle to ymd");
    b.query("select 1");
    assertEquals("German, YMD", a.value("show datestyle"));
    assertEquals("ISO, MDY", b.value("show datestyle"));
    assertEquals("German, YMD", a.value("show datestyle"));
  }

  /** Needs the role kept: RESET ALL does not touch it, and the next session would run under it. */
  @Test
  @Tag("case-84")
  void resetAllLeavesTheRoleToItsSession() throws Exception {
    a.query("set role pg_monitor");
    a.query("reset all");
    for (int i = 0; i < 2; i++) {
      assertEquals("postgres", b.value("select current_user"));
      assertEquals("pg_monitor", a.value("select current_user"));
    }
    a.query("discard all");
    assertEquals("postgres", a.value("select current_user"));
  }

  /** Needs the census: the text of the INSERT shows nothing. */
  @Test
  @Tag("case-82")
  void whatATriggerSetsIsNotLeftForTheNextSession() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      a.query("create table marked (i int)");
      a.query(
          "create function mark() returns trigger language plpgsql as"
              + " $$ begin perform set_config('app.mark', 'of a', false); return new; end $$");
      a.query("create trigger mark before insert on marked for each row execute function mark()");
      try {
        String ask = "select current_setting('app.mark', true)";
        a.query("insert into marked values (1)");
        for (int i = 0; i < 2; i++) {
          String found = b.value(ask);
          assertEquals("", found == null ? "" : found);
          assertEquals("of a", a.value(ask));
        }
      } finally {
        direct.query("drop table marked; drop function mark()");
      }
    }
  }

  /** Needs patterns that read the same without standard_conforming_strings, and the body's tree. */
  @Test
  @Tag("case-82")
  void aFunctionWithAStandardBodyIsReadUnderAnySettings() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function tint(v text) returns text begin atomic"
              + " select set_config('app.tint', v, false); end");
      try {
        a.query("set standard_conforming_strings = off");
        assertEquals("grey", a.value("select tint('grey')"));
        String ask = "select current_setting('app.tint', true)";
        String found = b.value(ask);
        assertEquals("", found == null ? "" : found);
        assertEquals("grey", a.value(ask));
        assertEquals("off", a.value("show standard_conforming_strings"));
      } finally {
        direct.query("drop function tint(text)");
      }
    }
  }

  /** Needs the question to be asked, and the names read in the functions' source. */
  @Test
  @Tag("case-82")
  void whatAFunctionSetsGoesWithItsSession() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function paint(v text) returns text language plpgsql as"
              + " $$ begin perform set_config('app.paint', v, false);"
              + " perform set_config('work_mem', '9MB', false); return v; end $$");
      try {
        String ask = "select current_setting('app.paint', true)";
        assertEquals("green", a.value("select paint('green')"));
        for (int i = 0; i < 2; i++) {
          assertEquals("4MB", b.value("show work_mem"));
          String found = b.value(ask);
          assertEquals("", found == null ? "" : found);
          assertEquals("9MB", a.value("show work_mem"));
          assertEquals("green", a.value(ask));
        }
        a.query("do $$ begin perform set_config('app.paint', 'blue', false); end $$");
        assertEquals("4MB", b.value("show work_mem"));
        assertEquals("blue", a.value(ask));
        assertEquals(0, pooler.metric("pooler_pins_total"));
        direct.query(
            "create or replace function hide(n text, v text) returns text language plpgsql as"
                + " $$ begin return set_config(n, v, false); end $$");
        assertEquals("red", a.value("select hide('app.hidden', 'red')"));
        assertTrue(aIsPinned(), "nobody can tell what it set");
        assertEquals("red", a.value("select current_setting('app.hidden')"));
      } finally {
        direct.query("drop function if exists paint(text)");
        direct.query("drop function if exists hide(text, text)");
      }
    }
  }

  @ParameterizedTest
  @Tag("case-87")
  @ValueSource(
      strings = {
        "begin; create temp table t (i int) on commit drop; commit",
        "begin; declare c cursor for select 1; fetch c; commit",
        "begin; select pg_advisory_xact_lock(3); commit",
        "set local work_mem = '5MB'",
        "notify news",
        "unlisten *",
        "selec 1",
        "select 1 from nowhere",
        "deallocate all",
        "set transaction read only",
      })
  void whatEndsWithItsTransactionDoesNotPin(String sql) throws Exception {
    a.query(sql);
    assertTrue(!aIsPinned());
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  /** Needs the answer awaited: what is not understood and fails has left nothing. */
  @Test
  @Tag("case-83")
  void aTypingErrorInATransactionDoesNotPin() throws Exception {
    a.query("begin");
    assertEquals("42601", a.query("selec 1").getFirst().sqlState());
    a.query("rollback");
    assertTrue(!aIsPinned());
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  @Test
  @Tag("case-82")
  void aReportedSettingThatAFunctionSetsFollowsItsSession() throws Exception {
    a.query(
        "create or replace function to_tokyo() returns text language sql as"
            + " $$ select set_config('TimeZone', 'Asia/Tokyo', false) $$");
    assertEquals("Asia/Tokyo", a.value("select to_tokyo()"));
    String server = b.value("show timezone");
    assertTrue(!"Asia/Tokyo".equals(server), server);
    assertEquals("Asia/Tokyo", a.value("show timezone"));
    assertEquals(server, b.value("show timezone"));
  }

  /** The answer to the question behind a statement may be late. */
  private void awaitPin(String label) throws Exception {
    PoolerFixture.await(label, () -> pooler.metric("pooler_pins_total", label) == 1);
  }

  private static final String DOCUMENT = "select coalesce(current_setting('app.doc', true), '')";

  private void setDocument(String value) throws Exception {
    String sql = "select set_config('app.doc', $1, false)";
    a.send(
            PgBytes.parse("", sql),
            PgBytes.bind("", "", value),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
  }

  @Test
  @Tag("case-82")
  void aLargeValueMovesUpToABound() throws Exception {
    setDocument("é".repeat(64 * 1024 - 1) + "x");
    for (int i = 0; i < 2; i++) {
      assertEquals("", b.value(DOCUMENT));
      assertEquals("65536", a.value("select length(current_setting('app.doc'))"));
    }
    assertEquals(0, pooler.metric("pooler_pins_total"));
    setDocument("é".repeat(64 * 1024 + 1));
    assertTrue(aIsPinned());
    awaitPin("reason=\"setting\"");
    assertEquals("65537", a.value("select length(current_setting('app.doc'))"));
    run(a, "reset all");
    b.readUntil('Z');
    assertEquals("", b.value(DOCUMENT));
  }

  /** Needs the server to tell no more of it than fits into an answer. */
  @Test
  @Tag("case-82")
  void whatIsTooLargeToBeToldPins() throws Exception {
    setDocument("x".repeat(1_200_000));
    assertTrue(aIsPinned());
    awaitPin("reason=\"setting\"");
    assertEquals("1200000", a.value("select length(current_setting('app.doc'))"));
    a.close();
    b.readUntil('Z');
    assertEquals("", b.value(DOCUMENT));
  }

  /** Needs the answer given up as a whole, and neither its session nor its backend. */
  @Test
  @Tag("case-82")
  void anAnswerThatIsTooLargeIsNoEnd() throws Exception {
    StringJoiner calls = new StringJoiner(",", "select ", "");
    for (int i = 0; i < 20; i++) {
      calls.add("set_config('app.n" + i + "', repeat('x', 60000), false)");
    }
    run(a, calls.toString());
    assertTrue(aIsPinned());
    awaitPin("reason=\"unknown\"");
    assertEquals("60000", a.value("select length(current_setting('app.n19'))"));
    a.close();
    b.readUntil('Z');
    assertEquals("", b.value("select coalesce(current_setting('app.n19', true), '')"));
    assertEquals(0, pooler.metric("pooler_evictions_total", "reason=\"protocol_violation\""));
  }

  /** Needs a bound on the names that a session makes up: each is asked for and moved. */
  @Test
  @Tag("case-82")
  void moreCustomSettingsThanAreRememberedPin() throws Exception {
    String last = "select coalesce(current_setting('app.n999', true), '')";
    for (int i = 0; i < 1000; i++) {
      run(a, "set app.n" + i + " = 'of a'");
    }
    run(a, "begin; set work_mem = '5MB'; commit"); // after which the server is asked for all
    assertEquals("", b.value(last));
    assertEquals("of a", a.value(last));
    assertEquals(0, pooler.metric("pooler_pins_total"));
    run(a, "set app.n1000 = 'of a'");
    assertTrue(aIsPinned());
    awaitPin("reason=\"setting\"");
    assertEquals("of a", a.value("select current_setting('app.n1000')"));
    run(a, "set app.n999 = 'again'; reset all");
    run(a, "reset all");
    b.readUntil('Z');
    assertEquals("", a.value(last));
    run(a, "set app.n1000 = 'of a'");
    assertEquals("", b.value(last), "there is room again");
    assertEquals("of a", a.value("select current_setting('app.n1000')"));
  }

  @Test
  @Tag("case-63")
  void discardAllUnpins() throws Exception {
    a.query("create temp table t (i int)");
    a.query("set work_mem = '5MB'");
    assertTrue(aIsPinned());
    a.query("discard all");
    assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    assertEquals("4MB", a.value("show work_mem"));
  }

  @Test
  @Tag("case-86")
  void notificationsReachTheListenerOnly() throws Exception {
    try (PoolerFixture two = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
        RawPgClient listener = two.session("postgres");
        RawPgClient speaker = two.session("postgres");
        RawPgClient third = two.session("postgres")) {
      listener.query("listen news");
      assertEquals("CZ", RawPgClient.types(speaker.query("notify news, 'hello'")));
      PgMessage heard = listener.read();
      assertEquals('A', heard.type());
      assertTrue(new String(heard.body(), StandardCharsets.UTF_8).contains("hello"));
      assertTrue(third.quietFor(MOMENT));
      assertTrue(speaker.quietFor(MOMENT));
    }
  }
}
