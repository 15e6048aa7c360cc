package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client may take its time for. */
@Timeout(60)
class TimeoutsTest {
  private static PoolerFixture pooler(String timeouts) throws Exception {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}, timeouts: {%s}}
        """
            .formatted(timeouts));
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
      open.query("begin");
      for (int i = 0; i < 4; i++) {
        open.query("select pg_sleep(0.4)");
      }
      assertEnds("25P03", open);
      assertEquals("1", idle.value("select 1"), "its backend is free again");
    }
  }

  /** Needs a statement to be in flight: waiting for the client's next one is not its time. */
  @Test
  @Tag("case-46")
  void aLimitForStatementsIsNothingToAClientThatAsksNothing() throws Exception {
    try (PoolerFixture pooler = pooler("statement: 300ms");
        RawPgClient client = pooler.session("postgres")) {
      client.query("select 1");
      assertTrue(client.quietFor(Duration.ofMillis(1_200)));
      client.query("begin");
      assertTrue(client.quietFor(Duration.ofMillis(1_200)));
      assertEquals("1", client.value("select 1"));
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
