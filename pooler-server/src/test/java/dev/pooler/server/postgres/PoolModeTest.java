package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statement mode and session mode. */
@Timeout(60)
class PoolModeTest {
  private static PoolerFixture pooler(String mode, int size) throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres:
            hosts: ["unix:${PG}"]
            user: postgres
            pool: {mode: %s, size: %d, min-idle: 0}
        """
            .formatted(mode, size));
  }

  @ParameterizedTest
  @Tag("case-36")
  @ValueSource(
      strings = {"begin", "select 1; begin", "/* x */ start transaction", "select 1; commit"})
  void statementModeRefusesTransactionsAndTheSessionGoesOn(String sql) throws Exception {
    try (PoolerFixture pooler = pooler("statement", 1);
        RawPgClient a = pooler.session("postgres")) {
      List<PgMessage> told = a.query(sql);
      assertEquals("EZ", RawPgClient.types(told));
      assertEquals("42501", told.getFirst().sqlState());
      assertTrue(told.getFirst().field('H').contains("pool.mode"));
      assertEquals("1", a.value("select 1"));
    }
  }

  @Test
  @Tag("case-36")
  void aRefusedStatementDoesNotTakeItsNeighboursWithIt() throws Exception {
    try (PoolerFixture pooler = pooler("statement", 1);
        RawPgClient a = pooler.session("postgres")) {
      a.send(PgBytes.query("begin"), PgBytes.query("commit"), PgBytes.query("select 2"));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("3", a.value("select 3"));
    }
  }

  @Test
  @Tag("case-36")
  void aRefusedParseIsSkippedToItsSync() throws Exception {
    try (PoolerFixture pooler = pooler("statement", 1);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      byte[] batch =
          PgBytes.joined(PgBytes.parse("", "begin"), PgBytes.bind("", ""), PgBytes.execute("", 0));
      a.send(batch);
      PgMessage error = a.read();
      assertEquals("42501", error.sqlState());
      assertEquals("ERROR", error.field('S'));
      assertEquals("9", b.value("select 9"), "the backend is free");
      a.send(PgBytes.query("select 'skipped'"), PgBytes.sync());
      assertEquals("Z", RawPgClient.types(a.readUntil('Z')));
      a.send(batch, PgBytes.sync(), PgBytes.query("select 2"));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    }
  }

  @Test
  void sessionModeKeepsTheBackendToTheEnd() throws Exception {
    try (PoolerFixture pooler = pooler("session", 1);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      String pid = a.value("select pg_backend_pid() where true");
      b.send(PgBytes.query("select pg_backend_pid() where true"));
      assertEquals(pid, a.value("select pg_backend_pid() where true"));
      assertTrue(b.quietFor(Duration.ofMillis(200)));
      a.send(PgBytes.terminate());
      List<PgMessage> answer = b.readUntil('Z');
      assertEquals(pid, RawPgClient.rows(answer).findFirst().orElseThrow().getFirst());
    }
  }

  @Test
  void nothingOfASessionIsThereForTheNext() throws Exception {
    try (PoolerFixture pooler = pooler("session", 1);
        RawPgClient observer = SharedServer.direct()) {
      String pid;
      try (RawPgClient a = pooler.session("postgres")) {
        pid = a.value("select pg_backend_pid() where true");
        a.query("set work_mem = '7MB'; set my.own = 'x'");
        a.query("create temp table t (i int)");
        a.query("prepare p as select 1");
        a.query("select pg_advisory_lock(42)");
        a.query("listen news");
        a.query("declare c cursor with hold for select 1");
        a.send(PgBytes.terminate());
      }
      try (RawPgClient b = pooler.session("postgres")) {
        assertEquals(pid, b.value("select pg_backend_pid() where true"));
        assertEquals("4MB", b.value("show work_mem"));
        assertEquals("", b.value("select current_setting('my.own', true)"));
        assertEquals("0", b.value("select count(*) from pg_class where relname = 't'"));
        assertEquals("0", b.value("select count(*) from pg_prepared_statements"));
        assertEquals("0", b.value("select count(*) from pg_cursors"));
        assertEquals("0", b.value("select count(*) from pg_listening_channels()"));
        assertEquals(
            "0", observer.value("select count(*) from pg_locks where locktype = 'advisory'"));
      }
    }
  }

  @Test
  @Tag("case-38")
  void aSessionThatLeavesInATransactionIsRolledBack() throws Exception {
    try (PoolerFixture pooler = pooler("session", 1);
        RawPgClient observer = SharedServer.direct()) {
      observer.query("drop table if exists left_over; create table left_over (i int)");
      String pid;
      try (RawPgClient a = pooler.session("postgres")) {
        pid = a.value("select pg_backend_pid() where true");
        a.query("begin; insert into left_over values (1)");
      }
      try (RawPgClient b = pooler.session("postgres")) {
        assertEquals(pid, b.value("select pg_backend_pid() where true"));
        assertEquals("0", b.value("select count(*) from left_over"));
        b.query("begin");
        b.query("select 1/0");
      }
      try (RawPgClient c = pooler.session("postgres")) {
        assertEquals(pid, c.value("select pg_backend_pid() where true"));
        assertNotEquals("", c.value("select now()::text"));
      }
    }
  }
}
