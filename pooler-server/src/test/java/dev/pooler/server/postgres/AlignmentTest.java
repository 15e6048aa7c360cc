package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong while a backend is given a session's settings. */
@Timeout(60)
class AlignmentTest {
  @Test
  void whatEndsThemIsNotTheSessionsError() throws Exception {
    waitsForItsSettings("select pg_cancel_backend(%s)");
  }

  @Test
  void aBackendThatIsLostOnTheWayTakesNobodyAlong() throws Exception {
    waitsForItsSettings("select pg_terminate_backend(%s)");
  }

  /**
   * A session whose settings a backend does not take, since the server can't look for a tablespace
   * now, gets another backend.
   *
   * @param then run directly, with the backend's process id, while they are
   */
  private static void waitsForItsSettings(String then) throws Exception {
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient first = pooler.session("postgres");
        RawPgClient second = pooler.session("postgres");
        RawPgClient locker = SharedServer.direct();
        RawPgClient direct = SharedServer.direct()) {
      second.query("set default_tablespace = 'pg_default'");
      second.query("select 1");
      first.query("set statement_timeout = '1h'"); // which goes away: the settings are awaited
      String backend = first.value("select pg_backend_pid() where true");
      locker.query("begin; lock table pg_tablespace in access exclusive mode");
      second.send(PgBytes.query("select 1"));
      String where = " from pg_stat_get_activity(null) where pid = " + backend;
      PoolerFixture.await(
          "the server's wait for the lock",
          () ->
              "Lock".equals(direct.value("select max(wait_event_type)" + where))
                  || "0".equals(direct.value("select count(*)" + where)));
      direct.query(then.formatted(backend));
      PoolerFixture.await(
          "the end of the backend", () -> "0".equals(direct.value("select count(*)" + where)));
      locker.query("rollback");
      assertEquals("TDCZ", RawPgClient.types(second.readUntil('Z')));
      assertEquals("pg_default", second.value("show default_tablespace"));
    }
  }

  /**
   * Needs the backend to be told from the session: the server refuses this one's settings there.
   */
  @Test
  void aBackendThatCanHaveItsSettingsNoMoreIsLeft() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient first = pooler.session("postgres");
        RawPgClient second = pooler.session("postgres")) {
      first.query("set temp_buffers = '2MB'");
      usesTemporaryTables(second);
      assertEquals("2MB", first.value("show temp_buffers"));
      assertEquals(1, pooler.metric("pooler_evictions_total", "not_aligned"));
      usesTemporaryTables(first);
      assertEquals("8MB", second.value("show temp_buffers"));
      assertEquals("2MB", first.value("show temp_buffers"));
    }
  }

  private static void usesTemporaryTables(RawPgClient client) throws Exception {
    client.query("create temp table t (i int)");
    client.query("insert into t values (1)");
    client.query("drop table t");
  }
}
