package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What happens to a statement that leaves what can't move: pool.pins and pool.pin-notice. */
@Timeout(60)
class PinPolicyTest {
  private static String pool(String more) {
    return """
    databases:
      postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0, %s}}
    """
        .formatted(more);
  }

  private static PoolerFixture pooler(String more) throws IOException {
    return PoolerFixture.start(SharedServer.get(), pool(more));
  }

  private static double pins(PoolerFixture pooler) throws IOException {
    return pooler.metric("pooler_pins_total");
  }

  private static PgMessage error(List<PgMessage> said) {
    return said.stream().filter(PgMessage::isError).findFirst().orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "listen            # listen news",
        "temporary-object  # create temp table refused_here (i int)",
        "hold-cursor       # declare c cursor with hold for select 1",
        "advisory-lock     # select pg_advisory_lock(7)",
        "prepared-statement# prepare p as select 1",
        "loaded-library    # load 'auto_explain'",
        "random-seed       # select setseed(0.5)",
        "unknown           # frobnicate the database",
        "setting           # select set_config('a.' || 'b', 'c', false)",
        "code              # do $$ begin execute 'set a.b = c'; end $$",
      })
  void aRefusedReasonsStatementIsAClearErrorAndTheSessionGoesOn(String reason, String sql)
      throws Exception {
    try (PoolerFixture pooler = pooler("pins: {" + reason + ": refuse}");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      List<PgMessage> said = a.query(sql);
      assertEquals("EZ", RawPgClient.types(said), said::toString);
      assertEquals("ERROR", said.getFirst().field('S'));
      assertEquals("42501", said.getFirst().sqlState());
      String label = reason.replace('-', '_');
      assertTrue(said.getFirst().field('M').contains("(" + label + ")"), said::toString);
      assertTrue(said.getFirst().field('H').contains("pool.pins." + reason), said::toString);
      assertEquals("1", b.value("select 1"), "it holds no backend");
      assertEquals(0, pins(pooler));
      assertEquals("2", a.value("select 2"));
    }
  }

  /** Needs the value to be lost as a whole: its beginning is all that is known of it. */
  @Test
  void aValueThatIsTooLargeIsNotMovedInPart() throws Exception {
    String ask = "select coalesce(length(current_setting('app.doc', true)), 0)";
    try (PoolerFixture pooler = pooler("pins: {setting: allow}");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("select set_config('app.doc', repeat('x', 70000), false)");
      assertEquals("0", b.value(ask));
      assertEquals("0", a.value(ask));
      assertEquals(0, pins(pooler));
    }
  }

  @Test
  void aTextThatIsTooLongToBeReadIsRefusedWhereThatIsSaid() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {large-statement: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      // One that is only a little too long may be there as a whole when it is looked at.
      String text = "select length('" + "x".repeat(4 << 20) + "')";
      assertTrue(error(a.query(text)).field('M').contains("large_statement"));
      a.send(PgBytes.parse("", text), PgBytes.sync());
      assertTrue(error(a.readUntil('Z')).field('M').contains("large_statement"));
      assertEquals("1", a.value("select 1"));
    }
  }

  /**
   * Needs the server to fail with the statement: a COMMIT behind it must not carry the rest out.
   */
  @Test
  void aRefusalInATransactionFailsTheTransaction() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {advisory-lock: refuse}");
        RawPgClient a = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      observer.query("drop table if exists policy_rows; create table policy_rows (i int)");
      a.query("begin; select 1");
      a.query("insert into policy_rows values (1)");
      PgMessage told = error(a.query("select pg_advisory_lock(7)"));
      assertEquals("42501", told.sqlState());
      assertEquals("25P02", error(a.query("select 1")).sqlState());
      List<PgMessage> end = a.query("commit");
      assertEquals("ROLLBACK", end.getFirst().strings().getFirst());
      assertEquals("0", a.value("select count(*) from policy_rows"));
      assertEquals(
          "0", observer.value("select count(*) from pg_locks where locktype = 'advisory'"));
    }
  }

  @Test
  @Tag("case-67")
  void aRefusalInAPipelineIsAnsweredInItsPlace() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {listen: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      a.send(PgBytes.query("select 1"), PgBytes.query("listen x"), PgBytes.query("select 2"));
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
      List<PgMessage> refused = a.readUntil('Z');
      assertEquals("EZ", RawPgClient.types(refused));
      assertEquals("42501", refused.getFirst().sqlState());
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    }
  }

  /** As pgjdbc begins a transaction: BEGIN, and the first statement right behind it. */
  @Test
  @Tag("case-67")
  void aRefusalInABatchFailsItToItsSync() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {listen: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      a.send(
          PgBytes.parse("", "begin"),
          PgBytes.bind("", ""),
          PgBytes.execute("", 0),
          PgBytes.parse("l", "listen x"),
          PgBytes.bind("", "l"),
          PgBytes.execute("", 0),
          PgBytes.sync());
      List<PgMessage> said = a.readUntil('Z');
      assertEquals("12CEZ", RawPgClient.types(said), said::toString);
      assertEquals("42501", error(said).sqlState());
      assertEquals("E", said.getLast().strings().isEmpty() ? "" : status(said));
      assertEquals("CZ", RawPgClient.types(a.query("rollback")));
      a.send(PgBytes.parse("l", "select 3"), PgBytes.bind("", "l"), PgBytes.execute("", 0));
      a.send(PgBytes.sync());
      assertEquals("12DCZ", RawPgClient.types(a.readUntil('Z')), "the name was never taken");
    }
  }

  private static String status(List<PgMessage> said) {
    return String.valueOf((char) said.getLast().body()[0]);
  }

  @Test
  void aStatementThatWasPreparedBeforeIsRefusedWhenItIsToRun() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {advisory-lock: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      a.send(PgBytes.parse("s", "select pg_try_advisory_lock(7)"), PgBytes.sync());
      assertEquals("42501", error(a.readUntil('Z')).sqlState());
      a.send(PgBytes.parse("s", "select 1"), PgBytes.bind("", "s"), PgBytes.execute("", 0));
      a.send(PgBytes.sync());
      assertEquals("12DCZ", RawPgClient.types(a.readUntil('Z')));
    }
  }

  /** Needs it to be answered as a whole: a FunctionCall has no Sync. */
  @Test
  void aRefusedFunctionCallIsAnsweredToItsEnd() throws Exception {
    // pg_backend_pid, no formats, no arguments, a result in text
    byte[] call = PgBytes.message('F', ByteBuffer.allocate(10).putInt(2026).array());
    try (PoolerFixture pooler = pooler("pins: {code: refuse}");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      for (String before : List.of("select 1", "begin; select 1")) {
        a.query(before);
        List<PgMessage> said = a.send(call).readUntil('Z');
        assertEquals("EZ", RawPgClient.types(said), said::toString);
        assertEquals("42501", error(said).sqlState());
        assertTrue(error(said).field('M').contains("(code)"), said::toString);
      }
      a.query("rollback");
      assertEquals("1", b.value("select 1"));
      assertEquals("2", a.value("select 2"));
    }
  }

  /** Needs what did not run to free no names: the next message would wait for its answer. */
  @Test
  void aRefusedDeallocateAllHoldsNothingUp() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {listen: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      a.send(PgBytes.parse("s", "select 3"), PgBytes.sync()).readUntil('Z');
      for (String before : List.of("select 1", "begin; select 1")) {
        a.query(before);
        assertEquals("42501", error(a.query("deallocate all; listen x")).sqlState());
        a.query("rollback");
        a.send(PgBytes.bind("", "s"), PgBytes.execute("", 0), PgBytes.sync());
        assertEquals("2DCZ", RawPgClient.types(a.readUntil('Z')));
      }
    }
  }

  /** The text does not show the lock: the statement has run, and only the session can be ended. */
  @Test
  void whatIsFoundOnlyAfterwardsEndsTheSessionAndIsTakenAway() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {advisory-lock: refuse}");
        RawPgClient observer = SharedServer.direct();
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      observer.query(
          "create or replace function policy_locks() returns void language plpgsql as"
              + " $$ begin perform pg_advisory_lock(77); end $$");
      a.send(PgBytes.query("select policy_locks()"));
      List<PgMessage> said = a.readToEnd();
      assertEquals("TDCZE", RawPgClient.types(said), said::toString);
      assertEquals("FATAL", said.getLast().field('S'));
      assertEquals("42501", said.getLast().sqlState());
      assertTrue(said.getLast().field('M').contains("(advisory_lock)"), said::toString);
      assertTrue(said.getLast().field('D').contains("carried out"), said::toString);
      assertEquals("1", b.value("select 1"));
      assertEquals(
          "0", observer.value("select count(*) from pg_locks where locktype = 'advisory'"));
      assertEquals(
          1, pooler.metric("pooler_sessions_closed_total", "reason=\"statement_not_allowed\""));
      observer.query("drop function policy_locks()");
    }
  }

  @Test
  void whatIsAllowedPinsNobodyAndIsNotAskedFor() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {advisory-lock: allow, temporary-object: allow}");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("create temp table shared_by_will (i int)");
      assertEquals("0", b.value("select count(*) from shared_by_will"));
      assertEquals("t", a.value("select pg_try_advisory_lock(78)"));
      assertEquals("t", b.value("select pg_advisory_unlock(78)"));
      b.query("drop table shared_by_will");
      assertEquals(0, pins(pooler));
    }
  }

  @Test
  void sessionModeRefusesNothing() throws Exception {
    try (PoolerFixture pooler = pooler("mode: session, pins: {listen: refuse}");
        RawPgClient a = pooler.session("postgres")) {
      assertEquals("CZ", RawPgClient.types(a.query("listen x")));
    }
  }

  @Test
  void aPinIsToldOnceEachTimeItComesAbout() throws Exception {
    try (PoolerFixture pooler = pooler("pin-notice: true");
        RawPgClient a = pooler.session("postgres")) {
      assertEquals("TDCZ", RawPgClient.types(a.query("select pg_advisory_lock(79)")));
      PgMessage notice = a.read();
      assertEquals('N', notice.type());
      assertEquals("NOTICE", notice.field('S'));
      assertEquals("this session keeps its backend from now on (advisory_lock)", notice.field('M'));
      assertEquals("After: select pg_advisory_lock(79)", notice.field('D'));
      assertEquals("TDCZ", RawPgClient.types(a.query("select 1")));
      assertEquals("TDCZ", RawPgClient.types(a.query("select pg_advisory_unlock(79)")));
      assertTrue(a.quietFor(Duration.ofMillis(200)));
      a.query("select pg_advisory_lock(79)");
      assertEquals('N', a.read().type());
    }
  }

  @Test
  @Tag("case-91")
  void aReloadChangesThePolicyForSessionsThatComeAndKeepsTheBackends() throws Exception {
    try (PoolerFixture pooler = pooler("pins: {listen: pin}");
        RawPgClient old = pooler.session("postgres")) {
      String pid = old.value("select pg_backend_pid() where true");
      assertEquals(List.of(), pooler.reload(pool("pins: {listen: refuse}")));
      try (RawPgClient fresh = pooler.session("postgres")) {
        assertEquals("42501", error(fresh.query("listen x")).sqlState());
        assertEquals(pid, fresh.value("select pg_backend_pid() where true"));
      }
      assertEquals("CZ", RawPgClient.types(old.query("listen x")));
    }
  }

  private static PoolerFixture trusting(boolean trusts) throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, trust-functions: %s, pool: {size: 1, min-idle: 0}}
        """
            .formatted(trusts));
  }

  /** What the one backend of a pooler was asked last, by whomever. */
  private static String asked(RawPgClient observer, @Nullable String pid) throws IOException {
    return String.valueOf(observer.value("select query from pg_stat_activity where pid = " + pid));
  }

  @Test
  void codeThatIsTrustedIsNotAskedAbout() throws Exception {
    try (RawPgClient observer = SharedServer.direct()) {
      observer.query("drop table if exists trusted_rows; create table trusted_rows (i int)");
      observer.query(
          "create or replace function trusted_sets() returns int language plpgsql as"
              + " $$ begin set work_mem to '7MB'; return 1; end $$");
      String insert = "insert into trusted_rows values (1)";
      String call = "select trusted_sets()";
      try (PoolerFixture careful = trusting(false);
          RawPgClient a = careful.session("postgres");
          RawPgClient b = careful.session("postgres")) {
        String pid = b.value("select pg_backend_pid() where true");
        a.query(insert);
        PoolerFixture.await(
            "the server is asked", () -> asked(observer, pid).contains("pg_catalog"));
        a.query(call);
        assertEquals("7MB", a.value("show work_mem"));
        assertEquals("4MB", b.value("show work_mem"));
      }
      try (PoolerFixture trusting = trusting(true);
          RawPgClient a = trusting.session("postgres");
          RawPgClient b = trusting.session("postgres")) {
        String pid = b.value("select pg_backend_pid() where true");
        a.query(insert);
        assertTrue(a.quietFor(Duration.ofMillis(100)));
        assertEquals(insert, asked(observer, pid));
        a.query(call);
        assertTrue(a.quietFor(Duration.ofMillis(100)));
        assertEquals(call, asked(observer, pid));
        assertEquals("7MB", b.value("show work_mem"), "the operator's word was wrong");
        // What a text shows is known all the same.
        a.query("set work_mem = '9MB'");
        assertEquals("4MB", b.value("show work_mem"));
        a.query("do $$ begin perform set_config('work_mem', '8MB', false); end $$");
        assertEquals("8MB", a.value("show work_mem"));
      }
      observer.query("drop function trusted_sets(); drop table trusted_rows");
    }
  }
}
