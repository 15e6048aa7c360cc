package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.ConsoleTest.row;
import static dev.pooler.server.postgres.ConsoleTest.rows;
import static dev.pooler.server.postgres.ConsoleTest.tag;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the console does: PAUSE, RESUME, RECONNECT, KILL, RELOAD. */
@Timeout(60)
class ConsoleControlTest {
  private static final String DATABASES =
      """
      databases:
        postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 1, max-wait: 1s}}
        other:
          {hosts: ["unix:${PG}"], database: postgres, user: postgres, pool: {size: 2, min-idle: 0}}
      limits: {drain: 20s}
      admin: {users: [postgres]}
      """;

  private EmbeddedPostgres server;
  private PoolerFixture pooler;
  private RawPgClient console;

  @BeforeEach
  void start() throws IOException {
    server = SharedServer.get();
    pooler = PoolerFixture.start(server, DATABASES);
    console = pooler.session("pooler");
  }

  @AfterEach
  void stop() throws IOException {
    console.close();
    pooler.close();
    SharedServer.endSleepers();
  }

  private static void assertError(String state, String text, List<PgMessage> said) {
    assertEquals("EZ", RawPgClient.types(said));
    assertEquals(state, said.getFirst().sqlState(), said::toString);
    assertTrue(said.getFirst().field('M').contains(text), said::toString);
  }

  /**
   * Needs PAUSE to be no failure: who logs in waits, for longer than max-wait, and is served after
   * RESUME. And it needs PAUSE to wait for transactions, and to leave no connection open.
   */
  @Test
  @Tag("case-93")
  void pauseWaitsForTransactionsAndThenClientsAndLoginsWaitUntilResume() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient idle = pooler.session("postgres");
        RawPgClient fresh = pooler.raw()) {
      busy.query("begin; select 1");
      idle.value("select 1");
      console.send(PgBytes.query("PAUSE"));
      assertTrue(console.quietFor(Duration.ofMillis(200)), "a transaction is open");
      assertEquals("2", busy.value("select 2"));
      busy.query("commit");
      assertEquals("PAUSE", tag(console.readUntil('Z')));
      PoolerFixture.await(
          "no backend is idle in the pool",
          () -> "0".equals(row(console, "POOLS", "database", "postgres").get("sv_idle")));
      PoolerFixture.await("idle backends close", () -> rows(console, "SERVERS").isEmpty());
      assertEquals("yes", row(console, "STATE", "key", "paused").get("value"));
      idle.send(PgBytes.query("select 3"));
      fresh.send(
          PgBytes.startup(
              PgBytes.VERSION_3_0,
              Map.of("user", "postgres", "database", "postgres", "search_path", "fresh")));
      assertTrue(idle.quietFor(Duration.ofMillis(1_500)), "max-wait is a second");
      assertEquals("2", row(console, "POOLS", "database", "postgres").get("cl_waiting"));
      assertError("55000", "already paused", console.query("PAUSE"));
      assertEquals("RESUME", tag(console.query("RESUME")));
      assertEquals("TDCZ", RawPgClient.types(idle.readUntil('Z')));
      fresh.readLogin();
      assertEquals("fresh", fresh.value("show search_path"));
      assertError("55000", "pooler is not paused", console.query("RESUME"));
      assertEquals(0, pooler.metric("pooler_acquire_timeouts_total"));
    }
  }

  /** Needs a pause to be kept by name, for pools that are made later too. */
  @Test
  @Tag("case-93")
  void aPausedNameHoldsPoolsThatAreMadeLaterAndNoOthers() throws Exception {
    assertEquals("PAUSE", tag(console.query("PAUSE other")));
    try (RawPgClient held = pooler.raw();
        RawPgClient free = pooler.session("postgres")) {
      held.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "other")));
      assertEquals("1", free.value("select 1"));
      assertTrue(held.quietFor(Duration.ofMillis(300)), "it is paused");
      assertEquals("1", row(console, "DATABASES", "name", "other").get("paused"));
      assertEquals("0", row(console, "DATABASES", "name", "postgres").get("paused"));
      List<PgMessage> wrong = console.query("RESUME");
      assertError("55000", "pooler is not paused", wrong);
      assertTrue(wrong.getFirst().field('H').contains("other"), wrong::toString);
      assertError("55000", "postgres is not paused", console.query("RESUME postgres"));
      assertEquals("RESUME", tag(console.query("RESUME other")));
      held.readLogin();
      assertEquals("4", held.value("select 4"));
    }
    assertError("3D000", "no such database: nowhere", console.query("PAUSE nowhere"));
    assertError("42501", "the console has no backends", console.query("PAUSE pooler"));
  }

  @Test
  void aPauseThatIsStillWaitingEndsWithAResume() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient second = pooler.session("pooler")) {
      busy.query("begin; select 1");
      console.send(PgBytes.query("PAUSE postgres"));
      PoolerFixture.await(
          "paused", () -> "1".equals(row(second, "DATABASES", "name", "postgres").get("paused")));
      assertEquals("RESUME", tag(second.query("RESUME postgres")));
      assertError("55000", "ended by RESUME", console.readUntil('Z'));
      busy.query("commit");
      assertEquals("1", busy.value("select 1"));
    }
  }

  @Test
  void killEndsTheSessionsOfADatabaseAtOnceAndLeavesItPaused() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient idle = pooler.session("postgres");
        RawPgClient other = pooler.session("other");
        RawPgClient fresh = pooler.raw()) {
      busy.query("begin; select 1");
      busy.send(PgBytes.query("select pg_sleep(30)"));
      PoolerFixture.await(
          "it runs",
          () -> "1".equals(row(console, "POOLS", "database", "postgres").get("sv_active")));
      assertEquals("KILL", tag(console.query("KILL postgres")));
      assertEquals("57P01", busy.readToEnd().getLast().sqlState());
      assertEquals("57P01", idle.readToEnd().getLast().sqlState());
      assertEquals("1", other.value("select 1"));
      assertEquals(
          List.of("other"),
          rows(console, "CLIENTS").stream().map(r -> String.valueOf(r.get("database"))).toList());
      fresh.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "postgres")));
      assertEquals("1", row(console, "DATABASES", "name", "postgres").get("paused"));
      assertEquals(2, pooler.metric("pooler_sessions_closed_total", "reason=\"killed\""));
      assertEquals("RESUME", tag(console.query("RESUME postgres")));
      fresh.readLogin();
      assertEquals("5", fresh.value("select 5"));
    }
  }

  @Test
  void killClientEndsThatOneAlone() throws Exception {
    try (RawPgClient one = pooler.session("postgres");
        RawPgClient two = RawPgClient.connect(pooler.unix())) {
      two.login(Map.of("user", "postgres", "database", "postgres", "application_name", "two"));
      String id = row(console, "CLIENTS", "application_name", "two").get("id");
      assertEquals("KILL_CLIENT", tag(console.query("KILL_CLIENT " + id)));
      assertEquals("57P01", two.readToEnd().getLast().sqlState());
      assertEquals("1", one.value("select 1"));
      assertError("42704", "client not found", console.query("KILL_CLIENT " + id));
    }
  }

  /** Into the middle of a row nothing can be said that the client would not take for the row. */
  @Test
  void whoIsKilledInTheMiddleOfARowHearsNoMore() throws Exception {
    try (RawPgClient half = RawPgClient.connect(pooler.unix())) {
      half.login(Map.of("user", "postgres", "database", "postgres", "application_name", "half"));
      half.send(PgBytes.query("select repeat('x', 20000000)"));
      assertEquals('T', half.read().type());
      String id = row(console, "CLIENTS", "application_name", "half").get("id");
      assertEquals("KILL_CLIENT", tag(console.query("KILL_CLIENT " + id)));
      assertThrows(EOFException.class, half::read, "the row has no end");
      assertFalse(half.unread().contains("FATAL"));
    }
  }

  @Test
  void reconnectReplacesIdleBackendsNowAndLeasedOnesWithTheirLease() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient idle = pooler.session("postgres")) {
      busy.query("begin; select 1");
      String leased = busy.value("select pg_backend_pid() where true");
      String hot = idle.value("select pg_backend_pid() where true");
      assertEquals("RECONNECT", tag(console.query("RECONNECT postgres")));
      assertEquals(leased, busy.value("select pg_backend_pid() where true"));
      String after = idle.value("select pg_backend_pid() where true");
      assertNotEquals(hot, after);
      busy.query("commit");
      String next = busy.value("select pg_backend_pid() where true");
      assertNotEquals(leased, next);
    }
  }

  /**
   * Needs hot backends to be replaced too, and what logins are told to be learned again: what a
   * role is given, a backend reads when it logs in.
   */
  @Test
  @Tag("case-90")
  void whatARoleIsGivenIsThereAfterReconnect() throws Exception {
    try (RawPgClient direct = SharedServer.direct();
        RawPgClient client = pooler.session("postgres")) {
      client.value("select 1");
      try {
        direct.query("alter role postgres set work_mem = '11MB'");
        direct.query("alter role postgres set timezone = 'Asia/Tokyo'");
        assertEquals("4MB", client.value("show work_mem"), "as directly: from the next login on");
        assertEquals("RECONNECT", tag(console.query("RECONNECT")));
        assertEquals("11MB", client.value("show work_mem"));
        try (RawPgClient fresh = pooler.raw()) {
          Map<String, String> told =
              RawPgClient.parameters(
                  fresh.login(Map.of("user", "postgres", "database", "postgres")));
          assertEquals("Asia/Tokyo", told.get("TimeZone"));
          assertEquals("Asia/Tokyo", fresh.value("show timezone"));
        }
      } finally {
        direct.query("alter role postgres reset all");
      }
    }
  }

  /** Needs the users to be left alone: their secrets are the next reload's to read. */
  @Test
  void reconnectReadsNoUsersSecret() throws Exception {
    Path secret = Files.createTempFile("pooler", "secret");
    Files.writeString(secret, "old");
    try (PoolerFixture own =
            PoolerFixture.start(
                SharedServer.get(),
                """
                listen:
                  - {address: "unix:${SOCKET}", auth: trust}
                  - {address: "tcp:127.0.0.1:${TCP}", auth: scram-sha-256}
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {min-idle: 0}}
                users: [{name: anna, password: {file: "%s"}}]
                admin: {users: [postgres]}
                """
                    .formatted(secret));
        RawPgClient here = own.session("pooler")) {
      Files.writeString(secret, "new");
      assertEquals("RECONNECT", tag(here.query("RECONNECT")));
      DriverManager.getConnection(own.tcpUrl("postgres"), "anna", "old").close();
      Files.delete(secret);
      assertEquals("RECONNECT", tag(here.query("RECONNECT")));
    } finally {
      Files.deleteIfExists(secret);
    }
  }

  /** Needs the whole file to be read before anything is changed, and its problem to be told. */
  @Test
  @Tag("case-91")
  void aReloadOfAWrongFileSaysWhereAtTheConsoleAndKeepsTheOldOne() throws Exception {
    pooler.edit("databases: {postgres: {hosts: [\"unix:${PG}\"], pol: {}}}\nadmin: {users: [x]}\n");
    List<PgMessage> said = console.query("RELOAD");
    assertEquals("EZ", RawPgClient.types(said));
    assertEquals("F0000", said.getFirst().sqlState());
    assertTrue(said.getFirst().field('M').contains("databases.postgres.pol"), said::toString);
    assertTrue(said.getFirst().field('D').contains("pooler.yaml:"), said::toString);
    assertEquals("2", row(console, "DATABASES", "name", "postgres").get("pool_size"));
    try (RawPgClient again = pooler.session("pooler")) {
      assertEquals("1", again.value("select 1"), "still an administrator");
    }
  }

  /**
   * Needs pools whose target changed to be replaced, and their backends to close with their leases.
   */
  @Test
  @Tag("case-92")
  void aReloadWithAnotherTargetIsSeenInDatabasesAndServers() throws Exception {
    try (RawPgClient busy = pooler.session("postgres")) {
      busy.query("begin; select 1");
      pooler.edit(
          DATABASES.replaceFirst("unix:\\$\\{PG}", "127.0.0.1:\\${PG_PORT}").replace("1s", "3s"));
      assertEquals("RELOAD", tag(console.query("RELOAD")));
      assertEquals("127.0.0.1", row(console, "DATABASES", "name", "postgres").get("host"));
      assertEquals("CZ", RawPgClient.types(busy.query("commit")).replace("EZ", "CZ"));
      try (RawPgClient fresh = pooler.session("postgres")) {
        assertEquals("1", fresh.value("select 1"));
        PoolerFixture.await(
            "the old ones close",
            () ->
                rows(console, "SERVERS").stream().allMatch(r -> "127.0.0.1".equals(r.get("addr"))));
      }
    }
  }

  /** Needs the console to live through a drain, and RESUME to be refused there. */
  @Test
  @Tag("case-94")
  void whileItShutsDownTheConsoleGoesOnAndResumesNothing() throws Exception {
    try (RawPgClient busy = pooler.session("postgres")) {
      busy.query("begin; select 1");
      pooler.pooler().drain();
      assertError("57P01", "pooler is shutting down", console.query("RESUME"));
      assertError("57P01", "pooler is shutting down", console.query("PAUSE"));
      assertEquals("1", row(console, "POOLS", "database", "postgres").get("cl_active"));
      busy.query("commit");
      busy.readToEnd();
      pooler.pooler().awaitEnd();
      assertTrue(console.atEnd());
    }
  }
}
