package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Why sessions ended and backends were closed: each word of the two metrics can come about. */
@Timeout(60)
class ReasonsTest {
  private static PoolerFixture pooler() throws IOException {
    return pooler(", size: 1", "");
  }

  private static PoolerFixture pooler(String pool, String rest) throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {min-idle: 0%s}}
        %s
        """
            .formatted(pool, rest));
  }

  private static void awaitClosed(PoolerFixture pooler, String reason) throws Exception {
    PoolerFixture.await(
        reason,
        () -> pooler.metric("pooler_sessions_closed_total", "reason=\"" + reason + "\"") == 1);
  }

  private static void awaitEvicted(PoolerFixture pooler, String reason) throws Exception {
    PoolerFixture.await(
        reason, () -> pooler.metric("pooler_evictions_total", "reason=\"" + reason + "\"") == 1);
  }

  @Test
  void sessionsThatClientsEnd() throws Exception {
    try (PoolerFixture pooler = pooler()) {
      pooler.session("postgres").close();
      awaitClosed(pooler, "client_closed");
      try (RawPgClient client = pooler.session("postgres")) {
        assertTrue(client.send(PgBytes.terminate()).atEnd());
      }
      awaitClosed(pooler, "client_terminated");
      try (RawPgClient client = pooler.session("postgres")) {
        client.send(PgBytes.lying('Q', 1, new byte[0]));
        assertEquals("08P01", client.readToEnd().getLast().sqlState());
      }
      awaitClosed(pooler, "client_protocol_violation");
      pooler.raw().close();
      awaitClosed(pooler, "login_abandoned");
      try (RawPgClient client = pooler.raw()) {
        client.send(
            PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "a", "database", "nowhere")));
        client.readToEnd();
      }
      awaitClosed(pooler, "login_refused");
      try (RawPgClient cancel = pooler.raw()) {
        assertTrue(cancel.send(PgBytes.cancelRequest(new byte[8])).atEnd());
      }
      awaitClosed(pooler, "cancel_served");
    }
  }

  @Test
  void sessionsWhoseBackendIsLost() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient observer = SharedServer.direct()) {
      try (RawPgClient client = pooler.session("postgres")) {
        client.query("begin; select 1");
        String pid = client.value("select pg_backend_pid() where true");
        observer.query("select pg_terminate_backend(" + pid + ", 5000)");
        assertEquals("57P01", client.readToEnd().getLast().sqlState());
      }
      awaitClosed(pooler, "backend_lost");
      awaitEvicted(pooler, "backend_fatal");
    }
  }

  @Test
  void aServerThatBreaksTheProtocol() throws Exception {
    byte[] nonsense = PgBytes.message('Z', new byte[9]);
    try (SilentServer server = new SilentServer(nonsense);
        PoolerFixture pooler = server.pooler("connect: 5s");
        RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      client.send(PgBytes.query("select 'what is that for an answer'"));
      assertEquals("08P01", client.readToEnd().getLast().sqlState());
      awaitClosed(pooler, "backend_protocol_violation");
      awaitEvicted(pooler, "protocol_violation");
    }
  }

  @Test
  void tooManyBytesOfWaitingClients() throws Exception {
    try (PoolerFixture pooler = pooler(", size: 1", "limits: {memory: 1MiB}");
        RawPgClient holder = pooler.session("postgres");
        RawPgClient waiting = pooler.session("postgres")) {
      holder.query("begin; select 1");
      waiting.send(PgBytes.query("select 1"));
      PoolerFixture.await("it waits", () -> pooler.metric("pooler_clients", "waiting") == 1);
      // Whoever waits is not read beyond 32 KiB: only many together can spend the budget.
      List<RawPgClient> others = new java.util.ArrayList<>();
      try {
        double refused = 0;
        while (refused == 0) {
          RawPgClient one = pooler.session("postgres");
          others.add(one);
          one.send(PgBytes.query("select '" + "x".repeat(60_000) + "'"));
          refused = pooler.metric("pooler_sessions_closed_total", "reason=\"out_of_memory\"");
        }
        assertTrue(others.size() > 10, others.size() + " were enough");
      } finally {
        for (RawPgClient one : others) {
          one.close();
        }
      }
    }
  }

  @Test
  void anIdleTransaction() throws Exception {
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {min-idle: 0},
                             timeouts: {idle-in-transaction: 200ms}}
                """);
        RawPgClient client = pooler.session("postgres")) {
      client.query("begin; select 1");
      assertEquals("25P03", client.readToEnd().getLast().sqlState());
      awaitClosed(pooler, "idle_in_transaction_timeout");
    }
  }

  @Test
  void aBackendThatCantBeResetIsClosed() throws Exception {
    try (SilentServer server =
            new SilentServer(
                PgBytes.joined(
                    PgBytes.message(
                        'C', "LISTEN\0".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                    PgBytes.message('Z', new byte[] {'T'})));
        PoolerFixture pooler = server.pooler("connect: 5s")) {
      try (RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
        client.query("select 'opens a transaction, says this server'");
      }
      awaitClosed(pooler, "client_closed");
      // ROLLBACK is answered by nothing, until the server goes.
      server.closeAll();
      awaitEvicted(pooler, "reset_failed");
    }
  }

  @Test
  void backendsThatHikariCpRetires() throws Exception {
    try (PoolerFixture pooler = pooler(", size: 1", "admin: {users: [postgres]}");
        RawPgClient client = pooler.session("postgres");
        RawPgClient console = pooler.session("pooler")) {
      client.query("select 1");
      console.query("pause");
      awaitEvicted(pooler, "retired");
    }
  }

  /** What is said on an idle backend makes it nobody's: it is out of step. */
  @Test
  void aBackendThatTalksWithoutBeingAsked() throws Exception {
    byte[] done =
        PgBytes.joined(PgBytes.message('I', new byte[0]), PgBytes.message('Z', new byte[] {'I'}));
    try (SilentServer server = new SilentServer(done);
        PoolerFixture pooler = server.pooler("connect: 5s");
        RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      assertEquals("IZ", RawPgClient.types(client.query("select 'one that is answered'")));
      // So is what is asked behind a pool's first statement, before this one.
      assertEquals("IZ", RawPgClient.types(client.query("select 'another'")));
      server.say(PgBytes.message('D', new byte[] {0, 0}));
      PoolerFixture.await("pooler has heard it", () -> server.connections() == 0);
      assertEquals("IZ", RawPgClient.types(client.query("select 'by another backend'")));
      awaitEvicted(pooler, "backend_chatter");
    }
  }
}
