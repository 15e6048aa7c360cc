package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code pooler_statement_seconds}: a sample, weighted so that count and sum are those of all. */
@Timeout(60)
class StatementTimesTest {
  private static final int WEIGHT = 16;

  private static PoolerFixture pooler() throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}}
        io: {event-loops: 1}
        """);
  }

  private static double count(PoolerFixture pooler, String statement) throws IOException {
    return pooler.metric("pooler_statement_seconds_count", "class=\"" + statement + "\"");
  }

  @Test
  void aStatementsTimeIsFromItsFirstMessageToItsLastReply() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient client = pooler.session("postgres")) {
      assertEquals(List.of(), pooler.samples("pooler_statement_seconds_count"));
      client.query("select pg_sleep(0.3)"); // the first of all is in the sample
      assertEquals(WEIGHT, count(pooler, "read"));
      double seconds = pooler.metric("pooler_statement_seconds_sum") / WEIGHT;
      assertTrue(seconds >= 0.3 && seconds < 5, seconds + " s");
      assertEquals(
          0,
          pooler.metric("pooler_statement_seconds_bucket", "le=\"0.268435456\""),
          "below 0.27 s");
    }
  }

  @Test
  void theWaitForABackendAndTheTimeBetweenStatementsAreNotCounted() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient holder = pooler.session("postgres");
        RawPgClient waiting = pooler.session("postgres")) {
      holder.query("begin; select 1"); // in the sample
      waiting.send(PgBytes.query("select 1"));
      PoolerFixture.await("it waits", () -> pooler.metric("pooler_clients", "waiting") == 1);
      assertTrue(holder.quietFor(java.time.Duration.ofMillis(400)));
      holder.query("commit");
      waiting.readUntil('Z');
      for (int i = 0; i < 100; i++) {
        waiting.query("select 1");
      }
      assertTrue(count(pooler, "read") > 0);
      assertTrue(
          pooler.metric("pooler_statement_seconds_sum") < 0.4 * WEIGHT, () -> "a wait was counted");
    }
  }

  @Test
  void theCountComesNearToThatOfAllStatementsClassByClass() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient client = pooler.session("postgres")) {
      int rounds = 1_000;
      for (int i = 0; i < rounds; i++) {
        client.query("begin; select 1");
        client.send(PgBytes.parse("", "select 1"), PgBytes.bind("", ""), PgBytes.execute("", 0));
        client.send(PgBytes.sync()).readUntil('Z');
        client.query("commit");
      }
      // A standard deviation is a fifteenth: 16 times the root of 62 samples.
      for (String statement : List.of("begin", "read", "commit")) {
        assertEquals(rounds, count(pooler, statement), rounds * 0.5, statement);
      }
      client.send(PgBytes.sync()).readUntil('Z');
      assertEquals(0, count(pooler, "empty"), "a Sync alone is no statement");
    }
  }
}
