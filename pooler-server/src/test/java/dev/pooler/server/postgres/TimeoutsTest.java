package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client may take its time for. */
@Timeout(60)
class TimeoutsTest {
  private static PoolerFixture pooler(String timeouts) throws Exception {
    return PoolerFixture.start(SharedServer.get(), yaml(timeouts));
  }

  private static String yaml(String timeouts) {
    return """
    databases:
      postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}, timeouts: {%s}}
    """
        .formatted(timeouts);
  }

  private static void assertEnds(String sqlState, RawPgClient client) throws Exception {
    List<PgMessage> said = client.readToEnd();
    assertEquals("E", RawPgClient.types(said));
    assertEquals("FATAL", said.getFirst().field('S'));
    assertEquals(sqlState, said.getFirst().sqlState());
  }

  @Test
  void aClientThatIsIdleForTooLongIsSentAwayWithItsReason() throws Exception {
    try (PoolerFixture pooler = pooler("client-idle: 700ms");
        RawPgClient client = pooler.session("postgres")) {
      client.query("select 1");
      assertEnds("57P05", client);
      assertEquals(
          1, pooler.metric("pooler_sessions_closed_total", "reason=\"client_idle_timeout\""));
    }
  }

  /** Needs the phase told apart: a session that idles outside a transaction may go on doing so. */
  @Test
  @Tag("case-46")
  void onlyAnOpenTransactionThatIdlesIsEnded() throws Exception {
    try (PoolerFixture pooler = pooler("idle-in-transaction: 700ms");
        RawPgClient idle = pooler.session("postgres");
        RawPgClient open = pooler.session("postgres")) {
      idle.query("select 1");
      open.query("begin; select 1");
      for (int i = 0; i < 4; i++) {
        open.query("select pg_sleep(0.4)");
      }
      assertEnds("25P03", open);
      assertEquals("1", idle.value("select 1"), "its backend is free again");
    }
  }

  /** No query runs while a client is idle, in a transaction or not: there is nothing to cancel. */
  @Test
  @Tag("case-46")
  void theLimitOfStatementsDoesNotRunWhereNoneIsUnderWay() throws Exception {
    try (PoolerFixture pooler = pooler("statement: 300ms");
        RawPgClient client = pooler.session("postgres")) {
      client.query("begin; select 1");
      assertTrue(client.quietFor(Duration.ofMillis(900)));
      assertEquals("1", client.value("select 1"));
      client.query("commit");
      assertTrue(client.quietFor(Duration.ofMillis(900)));
      assertEquals("1", client.value("select 1"));
    }
  }

  /** Nothing cancels what the server does not hear of: the session must not wait for ever. */
  @Test
  @Tag("case-46")
  void aStatementThatACancelDoesNotEndIsGivenUpWithItsSession() throws Exception {
    try (SilentServer server = new SilentServer();
        PoolerFixture pooler = server.pooler("statement: 300ms");
        RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      client.send(PgBytes.query("select 'is never answered by this server'"));
      PgMessage told = client.readToEnd().getLast();
      assertEquals("57014", told.sqlState());
      assertTrue(told.field('H').contains("timeouts.statement"), told::toString);
      assertEquals(
          1, pooler.metric("pooler_sessions_closed_total", "reason=\"statement_timeout\""));
      assertEquals(1, pooler.metric("pooler_evictions_total", "reason=\"client_gone\""));
    }
  }

  /** Needs the database's own limit: the longest of all would give this client as long. */
  @Test
  void aLoginTakesNoLongerThanItsOwnDatabaseAllows() throws Exception {
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                listen: [{address: "unix:${SOCKET}", auth: scram-sha-256}]
                databases:
                  quick: {hosts: ["unix:${PG}"], user: postgres, timeouts: {login: 500ms}}
                  slow: {hosts: ["unix:${PG}"], user: postgres, timeouts: {login: 15s}}
                users: [{name: any, password: secret}]
                """);
        RawPgClient silent = pooler.raw();
        RawPgClient slow = pooler.raw();
        RawPgClient quick = pooler.raw()) {
      for (RawPgClient client : List.of(slow, quick)) {
        String database = client == slow ? "slow" : "quick";
        client.send(
            PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "any", "database", database)));
        assertEquals('R', client.read().type());
      }
      assertEnds("08P01", quick);
      assertTrue(slow.quietFor(Duration.ofMillis(1)), "it has its own time");
      assertTrue(silent.quietFor(Duration.ofMillis(1)), "nobody knows what it wants");
    }
  }

  @Test
  void aTargetThatDoesNotAnswerIsGivenUpAfterTheConnectTimeout() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  d: {hosts: ["127.0.0.1:%d"], user: any, pool: {min-idle: 0, max-wait: 1s},
                      timeouts: {connect: 300ms}}
                """
                    .formatted(silent.getLocalPort()));
        RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "any", "database", "d")));
      PgMessage told = client.readToEnd().getLast();
      assertEquals("08001", told.sqlState());
      assertTrue(told.field('M').contains("within 300 ms"), told::toString);
    }
  }

  /** A reload's times are those of the sessions that come, and nobody's backend is replaced. */
  @Test
  @Tag("case-91")
  void aReloadChangesTimesInPlace() throws Exception {
    try (PoolerFixture pooler = pooler("client-idle: 0");
        RawPgClient before = pooler.session("postgres")) {
      String pid = before.value("select pg_backend_pid() where true");
      assertEquals(List.of(), pooler.reload(yaml("client-idle: 500ms")));
      try (RawPgClient after = pooler.session("postgres")) {
        assertEquals(pid, after.value("select pg_backend_pid() where true"));
        assertEnds("57P05", after);
      }
      assertEquals(pid, before.value("select pg_backend_pid() where true"));
    }
  }

  /** Needs ticks for pools that a reload has replaced, for as long as they have sessions. */
  @Test
  void sessionsOfAPoolThatIsReplacedKeepTheirTimes() throws Exception {
    try (PoolerFixture pooler = pooler("idle-in-transaction: 900ms, client-idle: 1200ms");
        RawPgClient open = pooler.session("postgres");
        RawPgClient idle = pooler.session("postgres")) {
      open.query("begin; select 1");
      assertEquals("1", idle.value("select 1"));
      assertEquals(
          List.of(),
          pooler.reload(yaml("client-idle: 0").replace("unix:${PG}", "127.0.0.1:${PG_PORT}")));
      assertEnds("25P03", open);
      assertEnds("57P05", idle);
    }
  }

  /** Needs the limit to begin with the statement, not with the session. */
  @Test
  @Tag("case-46")
  void aStatementThatTakesTooLongIsCancelledAndTheSessionGoesOn() throws Exception {
    try (PoolerFixture pooler = pooler("statement: 700ms");
        RawPgClient client = pooler.session("postgres")) {
      for (int i = 0; i < 3; i++) {
        assertEquals("TDCZ", RawPgClient.types(client.query("select pg_sleep(0.4)")));
      }
      List<PgMessage> reply = client.send(PgBytes.query("select pg_sleep(30)")).readUntil('Z');
      assertEquals("57014", reply.get(reply.size() - 2).sqlState());
      assertEquals("1", client.value("select 1"));
    }
  }
}
