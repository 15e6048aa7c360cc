package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More clients than there may be, and clients that say nothing. */
@Timeout(120)
class FloodTest {
  private static final int CLIENTS = 500;
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
    pooler =
        PoolerFixture.start(
            server,
            """
            databases:
              postgres:
                hosts: ["unix:${PG}"]
                user: postgres
                pool: {size: 2, min-idle: 0}
                timeouts: {login: 2s}
            limits: {clients: %d}
            """
                .formatted(CLIENTS));
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  @AfterEach
  void nobodyIsLeft() throws Exception {
    PoolerFixture.await("all clients are gone", () -> pooler.metric("pooler_connections") == 0);
    // A channel is closed a turn before its session hears of it.
    PoolerFixture.await("all sessions are over", () -> pooler.clients() == 0);
  }

  @Test
  void silentConnectionsAreRefusedBeyondTheLimitAndClosedAfterTheLoginTimeout() throws Exception {
    List<RawPgClient> silent = new ArrayList<>();
    try (RawPgClient normal = pooler.session("postgres")) {
      double timedOut = closed("login_timeout");
      double refused = closed("too_many_clients");
      for (int i = 0; i < 2_000; i++) {
        silent.add(pooler.raw());
        if (i % 100 == 0) {
          assertEquals("" + i, normal.value("select " + i));
        }
        if (i % 3 == 0) {
          silent.getLast().trySend(java.nio.ByteBuffer.wrap(new byte[] {0, 0, 0}));
        }
      }
      int tooMany = 0;
      for (RawPgClient client : silent) {
        List<PgMessage> said = client.readToEnd();
        assertTrue(said.size() <= 1, said::toString);
        if (!said.isEmpty()) {
          assertEquals("FATAL", said.getFirst().field('S'));
          tooMany += said.getFirst().sqlState().equals("53300") ? 1 : 0;
        }
      }
      assertTrue(tooMany >= 1_000, tooMany + " were told 53300");
      assertEquals("1", normal.value("select 1"));
      assertEquals(
          2_000, closed("login_timeout") - timedOut + closed("too_many_clients") - refused);
      assertTrue(closed("login_timeout") - timedOut >= CLIENTS - 1);
    } finally {
      for (RawPgClient client : silent) {
        client.close();
      }
    }
  }

  private static double closed(String reason) throws IOException {
    return pooler.metric("pooler_sessions_closed_total", "reason=\"" + reason + "\"");
  }

  @Test
  void tooManyClientsAreToldAndThereIsRoomAgainWhenOneLeaves() throws Exception {
    List<RawPgClient> all = new ArrayList<>();
    try {
      for (int i = 0; i < CLIENTS; i++) {
        all.add(pooler.session("postgres"));
      }
      try (RawPgClient tooMany = pooler.raw()) {
        tooMany.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres")));
        List<PgMessage> said = tooMany.readToEnd();
        assertEquals("E", RawPgClient.types(said));
        assertEquals("53300", said.getFirst().sqlState());
        assertTrue(said.getFirst().field('H').contains("limits.clients"), said::toString);
      }
      for (String url :
          List.of(pooler.jdbcUrl("postgres"), pooler.tcpUrl("postgres") + "?user=postgres")) {
        SQLException told =
            assertThrows(SQLException.class, () -> DriverManager.getConnection(url).close());
        assertEquals("53300", told.getSQLState(), () -> url + ": " + told);
      }
      all.removeLast().close();
      PoolerFixture.await("one has left", () -> pooler.metric("pooler_connections") == CLIENTS - 1);
      all.add(pooler.session("postgres"));
      for (RawPgClient client : all) {
        assertEquals("1", client.value("select 1"));
      }
    } finally {
      for (RawPgClient client : all) {
        client.close();
      }
    }
  }

  /** Needs a cancel to be served on a connection that is refused: it is what makes room again. */
  @Test
  @Tag("case-78")
  void aCancelIsServedThoughThereIsNoRoomForAClient() throws Exception {
    try (PoolerFixture full =
            PoolerFixture.start(
                server,
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}}
                limits: {clients: 1}
                """);
        RawPgClient client = full.raw();
        RawPgClient observer = SharedServer.direct(server)) {
      List<PgMessage> welcome = client.login(Map.of("user", "postgres"));
      byte[] key = welcome.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().body();
      client.send(PgBytes.query("select pg_sleep(30)"));
      PoolerFixture.await(
          "it runs", () -> !SharedServer.activity(observer, "wait_event = 'PgSleep'").isEmpty());
      try (RawPgClient request = full.raw()) {
        request.send(PgBytes.cancelRequest(key));
        assertEquals("53300", request.readToEnd().getLast().sqlState());
      }
      List<PgMessage> said = client.readUntil('Z');
      assertEquals("57014", said.get(said.size() - 2).sqlState());
    }
  }

  @Test
  @Tag("case-44")
  @Tag("case-49")
  void clientsThatConnectAndCloseAtOnceLeaveNothing() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres"));
    byte[] fresh =
        PgBytes.startup(
            PgBytes.VERSION_3_0, Map.of("user", "postgres", "application_name", "fresh"));
    for (int i = 0; i < 1_000; i++) {
      try (RawPgClient client = pooler.raw()) {
        switch (i % 5) {
          case 0 -> {} // says nothing at all
          case 1 -> client.send(login);
          case 2 -> client.send(fresh, PgBytes.query("select pg_sleep(0.001)"));
          case 3 -> client.send(login, PgBytes.query("begin; select 1"));
          default -> client.send(login, PgBytes.terminate());
        }
      }
    }
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      assertEquals("CTDCZ", RawPgClient.types(a.query("begin; select 1")));
      assertEquals("CTDCZ", RawPgClient.types(b.query("begin; select 1")));
    }
  }

  @Test
  @Tag("case-39")
  void aWaitingClientGetsTheRoomOfAnEvictedBackendAtOnce() throws Exception {
    try (PoolerFixture single = PoolerFixture.ofPoolSize(server, 1)) {
      for (int i = 0; i < 30; i++) {
        RawPgClient dying = single.session("postgres");
        try (RawPgClient waiting = single.session("postgres").timeout(Duration.ofSeconds(5))) {
          dying.query("begin; select 1");
          waiting.send(PgBytes.query("select 1"));
          // Half a message has reached the backend: it can't be given to anybody.
          dying.send(PgBytes.lying('B', 100_000, new byte[70_000]));
          dying.close();
          assertEquals("TDCZ", RawPgClient.types(waiting.readUntil('Z')), "round " + i);
        }
      }
      assertTrue(single.metric("pooler_evictions_total", "client_gone") >= 30);
    }
  }

  @Test
  void wrongDatabasesAndUsersInAFloodDoNoHarm() throws Exception {
    try (RawPgClient normal = pooler.session("postgres")) {
      normal.query("begin; select 1");
      for (int i = 0; i < 300; i++) {
        try (RawPgClient client = pooler.raw()) {
          client.send(
              PgBytes.startup(
                  PgBytes.VERSION_3_0, Map.of("user", "u" + i, "database", "nowhere" + i)));
          assertEquals("3D000", client.readToEnd().getLast().sqlState());
        }
      }
      assertEquals("1", normal.value("select 1"));
    }
  }
}
