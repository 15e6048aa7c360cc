package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Backends that end under their sessions or while nobody has them, and what servers say unasked.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class DyingBackendTest {
  private static final String PID = "select pg_backend_pid() where true";

  private PoolerFixture pooler;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
  }

  private static void terminate(String pid) throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      assertEquals("t", direct.value("select pg_terminate_backend(" + pid + ", 10000)"));
    }
  }

  /** The first statement of a pool is followed by a question, the second waits for its answer. */
  private static void censusIsTaken(RawPgClient client) throws Exception {
    client.query("select 1");
    client.query("select 1");
  }

  @Test
  @Tag("case-41")
  void nobodyNoticesThatAnIdleBackendIsTerminated() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      censusIsTaken(a);
      for (int round = 0; round < 5; round++) {
        String pid = a.value(PID);
        terminate(String.valueOf(pid));
        assertNotEquals(pid, b.value(PID));
        assertEquals("1", a.value("select 1"));
      }
    }
  }

  private static void oneFatal(RawPgClient client) throws Exception {
    List<PgMessage> last = client.readToEnd();
    assertEquals(1, last.stream().filter(PgMessage::isError).count(), last.toString());
    PgMessage fatal = last.getLast();
    assertEquals("FATAL", fatal.field('S'));
    assertEquals("57P01", fatal.sqlState());
  }

  @Test
  @Tag("case-42")
  void aTerminatedBackendTellsItsSessionOnce() throws Exception {
    try (RawPgClient idle = pooler.session("postgres");
        RawPgClient inTransaction = pooler.session("postgres");
        RawPgClient running = pooler.session("postgres")) {
      censusIsTaken(idle);
      inTransaction.query("begin; select 1");
      terminate(String.valueOf(inTransaction.value(PID)));
      oneFatal(inTransaction);
      String pid = String.valueOf(running.value(PID));
      running.send(PgBytes.query("select pg_sleep(30)"));
      terminate(pid);
      oneFatal(running);
      assertEquals("1", idle.value("select 1"));
    }
  }

  /** Needs it to be told then, and not with its next statement: what it had there is lost. */
  @Test
  @Tag("case-42")
  void aPinnedSessionThatIsIdleHearsAtOnceThatItsBackendIsGone() throws Exception {
    try (PoolerFixture inSessions =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["unix:${PG}"]
                    user: postgres
                    pool: {size: 1, mode: session, min-idle: 0}
                """);
        RawPgClient pinned = pooler.session("postgres");
        RawPgClient inSession = inSessions.session("postgres")) {
      pinned.query("create temp table mine (i int)");
      for (RawPgClient client : List.of(pinned, inSession)) {
        terminate(String.valueOf(client.value(PID)));
        oneFatal(client);
      }
    }
  }

  /** Needs 53200 to be noticed: the process may be bloated, or the next statement fails too. */
  @Test
  @Tag("case-102")
  void aBackendThatRanOutOfMemoryIsLeasedToNobodyElse() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      String pid = a.value(PID);
      List<PgMessage> told =
          a.query("do $$ begin raise exception 'out of memory' using errcode = '53200'; end $$");
      assertEquals("EZ", RawPgClient.types(told));
      assertEquals("53200", told.getFirst().sqlState());
      a.query("rollback");
      assertNotEquals(pid, b.value(PID));
      assertEquals("1", a.value("select 1"), "the session goes on");
      assertEquals(1, pooler.metric("pooler_evictions_total", "reason=\"out_of_memory\""));
    }
  }

  @Test
  void idleClientsSurviveARestartOfTheServer() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture mine = PoolerFixture.ofPoolSize(server, 3)) {
      List<RawPgClient> idle = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        idle.add(mine.session("postgres"));
      }
      RawPgClient running = mine.session("postgres");
      RawPgClient other = mine.session("postgres");
      other.query("begin; select 1");
      running.send(PgBytes.query("select pg_sleep(30)"));
      PoolerFixture.await(
          "both are active", () -> mine.metric("pooler_clients", "state=\"active\"") == 2);
      server.restart();
      oneFatal(running);
      oneFatal(other);
      for (RawPgClient client : idle) {
        assertEquals("1", client.timeout(Duration.ofSeconds(30)).value("select 1"));
        client.close();
      }
    }
  }

  @Test
  void noticesComeInTheirPlace() throws Exception {
    String sql =
        "do $$ begin raise notice 'one'; end $$; select 1; do $$ begin raise warning 'two'; end $$";
    try (RawPgClient a = pooler.session("postgres")) {
      assertEquals("NCTDCNCZ", RawPgClient.types(a.query(sql)));
    }
  }

  @Test
  @Tag("case-16")
  void aReportedSettingIsToldWhereItIsSet() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      assertEquals("SCZ", sorted(a.query("set client_encoding = 'LATIN1'")));
      assertEquals("UTF8", b.value("show client_encoding"));
      assertEquals("LATIN1", a.value("show client_encoding"));
      assertEquals("TDCZ", RawPgClient.types(b.query("show client_encoding")));
    }
  }

  /** ParameterStatus comes before or behind CommandComplete, as the server's version has it. */
  private static String zoneAtLogin(PoolerFixture pooler) throws Exception {
    try (RawPgClient client = pooler.raw()) {
      return client.login(Map.of("user", "postgres", "database", "postgres")).stream()
          .filter(message -> message.type() == 'S')
          .map(PgMessage::strings)
          .filter(setting -> setting.getFirst().equals("TimeZone"))
          .findFirst()
          .orElseThrow()
          .get(1);
    }
  }

  private static String sorted(List<PgMessage> messages) {
    return RawPgClient.types(messages).replace("CSZ", "SCZ");
  }

  /** Needs ParameterStatus to be no answer: it comes in front of that to a request of ours. */
  @Test
  @Tag("case-16")
  void aReloadThatIsToldInFrontOfOurOwnRequestIsNoAnswerToIt() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture mine = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = mine.session("postgres");
        RawPgClient b = mine.session("postgres")) {
      a.query("set work_mem = '5MB'");
      assertEquals("4MB", b.value("show work_mem"));
      direct.query("alter system set timezone = 'Asia/Tokyo'");
      direct.query("select pg_reload_conf()");
      PoolerFixture.await("it is taken", () -> "Asia/Tokyo".equals(direct.value("show timezone")));
      assertEquals("5MB", a.value("show work_mem"));
      assertEquals("Asia/Tokyo", a.value("show timezone"));
      assertEquals("Asia/Tokyo", b.value("show timezone"));
      assertEquals(0, mine.metric("pooler_evictions_total"));
    }
  }

  @Test
  @Tag("case-16")
  @Tag("case-41")
  void aReloadThatChangesAReportedSettingReachesAllSessionsAndPinsNone() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture mine = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = mine.session("postgres");
        RawPgClient b = mine.session("postgres")) {
      String pid = a.value(PID);
      direct.query("alter system set timezone = 'Asia/Tokyo'");
      direct.query("select pg_reload_conf()");
      PoolerFixture.await("it is taken", () -> "Asia/Tokyo".equals(direct.value("show timezone")));
      assertEquals("Asia/Tokyo", b.value("show timezone"));
      assertEquals("Asia/Tokyo", a.value("show timezone"));
      assertEquals("Asia/Tokyo", zoneAtLogin(mine), "who logs in is told");
      direct.query("alter system set timezone = 'Asia/Seoul'");
      direct.query("select pg_reload_conf()");
      PoolerFixture.await("it is taken", () -> "Asia/Seoul".equals(direct.value("show timezone")));
      assertEquals("Asia/Seoul", a.value("show timezone"));
      assertEquals(pid, a.value(PID), "the backend is kept");
      assertEquals(0, mine.metric("pooler_pins_total"));
      assertTrue(mine.metric("pooler_evictions_total") == 0);
    }
  }

  private static void reload(RawPgClient direct, String zone) throws Exception {
    direct.query("alter system set timezone = '" + zone + "'");
    direct.query("select pg_reload_conf()");
    PoolerFixture.await("it is taken", () -> zone.equals(direct.value("show timezone")));
  }

  /** Needs the server to be asked whose value it is: sessions would keep the first they met. */
  @Test
  @Tag("case-16")
  void whoHasSetNothingFollowsEveryReloadAndWhoHasKeepsIt() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture mine = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = mine.session("postgres");
        RawPgClient b = mine.session("postgres");
        RawPgClient own = mine.session("postgres")) {
      own.query("set timezone = 'Europe/Rome'");
      for (String zone : List.of("Asia/Tokyo", "Asia/Seoul", "Asia/Dubai")) {
        reload(direct, zone);
        assertEquals(zone, a.value("show timezone"));
        assertEquals(zone, b.value("show timezone"));
        assertEquals("Europe/Rome", own.value("show timezone"));
      }
      own.query("reset timezone");
      assertEquals("Asia/Dubai", own.value("show timezone"));
      assertEquals(0, mine.metric("pooler_pins_total"));
      assertEquals(0, mine.metric("pooler_evictions_total"));
    }
  }

  /** Needs what is reported where nothing is set to be learned anew: each RESET would be news. */
  @Test
  @Tag("case-16")
  void whatAReloadHasChangedIsNewsOnce() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.started();
        PoolerFixture mine = PoolerFixture.ofPoolSize(server, 1);
        RawPgClient direct = SharedServer.direct(server);
        RawPgClient a = mine.session("postgres");
        RawPgClient own = mine.session("postgres")) {
      censusIsTaken(a);
      own.query("set timezone = 'Europe/Rome'");
      reload(direct, "Asia/Tokyo");
      assertEquals("TDCZ", RawPgClient.types(own.query("select 1")), "it has its own");
      assertEquals(Map.of("TimeZone", "Asia/Tokyo"), RawPgClient.parameters(a.query("select 1")));
      for (int round = 0; round < 3; round++) {
        assertEquals("TDCZ", RawPgClient.types(own.query("select 1")));
        assertEquals("TDCZ", RawPgClient.types(a.query("select 1")));
      }
    }
  }

  /** Needs a report to be asked about where nothing else is: the value would be lost or leak. */
  @Test
  @Tag("case-16")
  void whatATrustedFunctionSetsIsTheSessionsIfItIsReported() throws Exception {
    String yaml =
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, trust-functions: true,
              pool: {size: 1, min-idle: 0}}
        """;
    try (PoolerFixture mine = PoolerFixture.start(SharedServer.get(), yaml);
        RawPgClient direct = SharedServer.direct();
        RawPgClient a = mine.session("postgres");
        RawPgClient b = mine.session("postgres")) {
      direct.query(
          "create or replace function to_rome() returns text language sql as"
              + " $$ select set_config('timezone', 'Europe/Rome', false) $$");
      String usual = b.value("show timezone");
      a.query("select to_rome()");
      assertEquals(usual, b.value("show timezone"));
      assertEquals("Europe/Rome", a.value("show timezone"));
    }
  }
}
