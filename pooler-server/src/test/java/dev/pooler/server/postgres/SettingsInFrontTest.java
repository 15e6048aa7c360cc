package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Settings that reach a backend in front of the statement that needs them, in its transaction: on
 * one backend, which two sessions with different settings share.
 */
@Timeout(60)
@Tag("case-68")
@SuppressWarnings("NullAway.Init")
class SettingsInFrontTest {
  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
    a.query("set work_mem = '5MB'");
    a.query("set datestyle = german");
    a.query("set application_name = 'it''s a'");
    b.query("set work_mem = '6MB'");
    b.query("set enable_seqscan = off");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private static byte[][] asked(String sql) {
    return new byte[][] {
      PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync()
    };
  }

  private static String row(List<PgMessage> messages) {
    return RawPgClient.rows(messages).findFirst().map(Object::toString).orElse("none");
  }

  private static final String ALL =
      "select current_setting('work_mem'), current_setting('datestyle'),"
          + " current_setting('application_name'), current_setting('enable_seqscan')";
  private static final String A = "[5MB, German, DMY, it's a, on]";
  private static final String B = "[6MB, ISO, MDY, , off]";

  @Test
  void eachSessionFindsItsOwnWhicheverProtocolItSpeaks() throws Exception {
    for (int i = 0; i < 3; i++) {
      List<PgMessage> answer = a.query(ALL);
      assertEquals("TDCZ", RawPgClient.types(answer), "nothing that the client has not asked for");
      assertEquals(A, row(answer));
      answer = b.send(asked(ALL)).readUntil('Z');
      assertEquals("12DCZ", RawPgClient.types(answer));
      assertEquals(B, row(answer));
      assertEquals(A, row(a.send(asked(ALL)).readUntil('Z')));
      assertEquals(B, row(b.query(ALL)));
    }
    String prepared = "select count(*) > 0 from pg_prepared_statements where name ~ '^_pooler_set'";
    assertEquals("t", a.value(prepared), "they came by our own statement");
  }

  /** Needs the wait behind the batch: the failure takes the settings back. */
  @Test
  void whatFollowsAFailureInAPipelineHasTheSettingsToo() throws Exception {
    b.query("select 1");
    a.send(PgBytes.query("select 1/0"), PgBytes.query(ALL));
    assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals(A, row(a.readUntil('Z')));
    b.send(PgBytes.joined(asked("select 1/0")), PgBytes.joined(asked(ALL)));
    assertEquals("1EZ", RawPgClient.types(b.readUntil('Z')));
    assertEquals(B, row(b.readUntil('Z')));
  }

  @Test
  void aFailureLeavesNothingOfItToOthersOrToItsSession() throws Exception {
    for (int i = 0; i < 2; i++) {
      a.query("select 1/0");
      assertEquals(B, row(b.query(ALL)));
      b.send(asked("select 1/0")).readUntil('Z');
      assertEquals(A, row(a.query(ALL)));
      a.query("select pg_notify('x', 'y'), 1/0"); // a function that might have set something
      assertEquals(B, row(b.query(ALL)));
      assertEquals(A, row(a.query(ALL)));
    }
    try (RawPgClient fresh = pooler.session("postgres")) {
      assertEquals("[4MB, ISO, MDY, , on]", row(fresh.query(ALL)));
    }
  }

  /** Needs the Parse, Bind and Execute of ours to be one batch with what they stand before. */
  @Test
  void aSettingThatFailsKeepsTheStatementFromRunning() throws Exception {
    b.query("drop text search configuration if exists public.gone");
    b.query("create text search configuration public.gone (copy = simple)");
    b.query("drop table if exists untouched; create table untouched (i int)");
    a.query("set default_text_search_config = 'public.gone'");
    b.query("drop text search configuration public.gone");
    for (int i = 0; i < 2; i++) {
      b.query("select 1");
      List<PgMessage> answer = a.query("insert into untouched values (1)");
      assertEquals("EZ", RawPgClient.types(answer));
      assertEquals("22023", answer.getFirst().sqlState());
      b.query("select 1");
      a.send(asked("insert into untouched values (2)"));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
    }
    a.send(PgBytes.query("insert into untouched values (3)"), PgBytes.query("select 1"));
    assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("0", b.value("select count(*) from untouched"));
    b.query("create text search configuration public.gone (copy = simple)");
    assertEquals(A, row(a.query(ALL)), "it can be set again");
  }

  @Test
  void anothersTimeoutDoesNotEndAStatement() throws Exception {
    for (int i = 0; i < 3; i++) {
      b.query("set statement_timeout = 40");
      assertEquals("TDCZ", RawPgClient.types(a.query("select pg_sleep(0.1)")));
      assertEquals("TEZ", RawPgClient.types(b.query("select pg_sleep(5)")), "its own does");
    }
  }

  @Test
  void aTransactionBeginsWithTheSettings() throws Exception {
    a.query("set default_transaction_isolation = 'serializable'");
    b.query("select 1");
    assertEquals("serializable", a.value("show transaction_isolation"));
    assertEquals("read committed", b.value("show transaction_isolation"));
    a.query("begin");
    assertEquals(A, row(a.query(ALL)));
    assertEquals("serializable", a.value("show transaction_isolation"));
    a.query("rollback");
    assertEquals(B, row(b.query(ALL)));
    assertEquals("CZ", RawPgClient.types(a.query("vacuum pg_catalog.pg_am")));
    assertEquals(B, row(b.query(ALL)));
  }

  /** Needs the setting to be taken off a backend that rests: the server would close it. */
  @Test
  void aTimeoutOfTheSessionsIdlenessDoesNotStayOnAnIdleBackend() throws Exception {
    String backend = "select pid from pg_stat_activity where pid = pg_backend_pid()";
    a.query("set idle_session_timeout = '2s'");
    assertEquals("2s", a.value("show idle_session_timeout"));
    String before = b.value(backend);
    a.value("select 1");
    try (RawPgClient direct =
        RawPgClient.session(
            UnixDomainSocketAddress.of(SharedServer.get().socket()), "postgres", "postgres")) {
      direct.value("select pg_sleep(2.5)"); // the server's own time runs
    }
    assertEquals(before, b.value(backend));
    assertEquals("2s", a.value("show idle_session_timeout"));
    assertEquals(A, row(a.query(ALL)));
  }

  /** Needs room for what is written and no more: a buffer's bound is no reason to break. */
  @Test
  void aLongValueGoesInFrontToo() throws Exception {
    String value = "x".repeat(1_500);
    a.query("set app.claims = '" + value + "'");
    for (int i = 0; i < 3; i++) {
      assertEquals(value, a.value("select current_setting('app.claims')"));
      assertEquals(B, row(b.query(ALL)));
    }
  }

  /** Needs the value that the server makes of it, which is not in the text of the SET. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "app.x = 01234",
        "app.x = -0",
        "app.x = -010",
        "app.x = 0x1F",
        "app.x = 1_000",
        "app.x = +7",
        "app.x = 00.50",
        "app.x = -1.5",
        "app.x = 1e3",
        "app.x = 012345678901",
        "app.x = 12345678901",
        "app.x = Abc",
        "app.x = True",
        "app.x = '010'",
        "lock_timeout = 0100",
        "lock_timeout = '0100'",
        "lock_timeout = 08",
        "lock_timeout = 100.5",
        "lock_timeout = 0x1F",
      })
  void aValueIsTheServersAlsoOnItsNextBackend(String set) throws Exception {
    String ask = "select current_setting('" + set.substring(0, set.indexOf(' ')) + "')";
    String expected;
    try (RawPgClient direct = SharedServer.direct()) {
      TwoBackends.run(direct, "set " + set);
      expected = direct.value(ask);
    }
    TwoBackends.run(a, "set " + set);
    for (int i = 0; i < 2; i++) {
      assertEquals(expected, a.value(ask));
      assertEquals(B, row(b.query(ALL)));
    }
  }

  /** Needs a query that writes to be sent as a query: a batch is committed behind its answer. */
  @Test
  void whatFailsAtCommitIsAnsweredAsInAQuery() throws Exception {
    b.query(
        "drop table if exists late; create table late (i int unique deferrable"
            + " initially deferred)");
    b.query(
        "create or replace function add_late(i int) returns int language sql"
            + " as 'insert into late values (i) returning i'");
    b.query("insert into late values (1)");
    for (int i = 0; i < 2; i++) {
      b.query("select 1");
      List<PgMessage> answer = a.query("insert into late values (1)");
      assertEquals("EZ", RawPgClient.types(answer));
      assertEquals("23505", answer.getFirst().sqlState());
      b.query("select 1");
      assertEquals("TDEZ", RawPgClient.types(a.query("select add_late(1)")));
      b.query("select 1");
      assertEquals(
          "12CEZ", RawPgClient.types(a.send(asked("insert into late values (1)")).readUntil('Z')));
      assertEquals(B, row(b.query(ALL)));
      assertEquals(A, row(a.query(ALL)));
    }
    b.query("drop function add_late; drop table late");
  }

  /** Needs the same: a batch runs what was asked, and nothing else of it is described. */
  @Test
  void theRowsOfARuleAreThere() throws Exception {
    b.query("drop table if exists ruled; create table ruled (i int)");
    b.query("create rule also as on insert to ruled do also select 'more' as more");
    b.query("select 1");
    assertEquals("TDCZ", RawPgClient.types(a.query("insert into ruled values (1)")));
    b.query("drop table ruled");
  }
}
