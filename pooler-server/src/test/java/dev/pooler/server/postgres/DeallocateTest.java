package dev.pooler.server.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What sessions take away from a backend that others share: all of its statements, or what no
 * DISCARD ALL gives back. Two sessions on a pool of one.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class DeallocateTest {
  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private static byte[] of(byte[]... messages) {
    int length = Arrays.stream(messages).mapToInt(message -> message.length).sum();
    byte[] all = new byte[length];
    int at = 0;
    for (byte[] message : messages) {
      System.arraycopy(message, 0, all, at, message.length);
      at += message.length;
    }
    return all;
  }

  private static byte[] run(String portal, String statement) {
    return of(PgBytes.bind(portal, statement), PgBytes.execute(portal, 0));
  }

  private static byte[] deallocateAll() {
    return of(PgBytes.parse("", "deallocate all"), run("", ""));
  }

  private static String types(RawPgClient client, byte[]... messages) throws Exception {
    client.send(messages);
    return RawPgClient.types(client.readUntil('Z'));
  }

  private static void prepare(RawPgClient client, String name, String text) throws Exception {
    assertEquals("1Z", types(client, PgBytes.parse(name, text), PgBytes.sync()));
  }

  /** What is prepared by each of them, under the text of which it runs. */
  private void bothPrepareAndRun(String text) throws Exception {
    for (RawPgClient client : new RawPgClient[] {b, a}) {
      assertEquals(
          "12DCZ",
          types(
              client,
              PgBytes.parse("of all " + text, text),
              run("", "of all " + text),
              PgBytes.sync()));
    }
  }

  /** Needs what is prepared behind it in its pipeline to stay, and all else to be gone. */
  @Test
  @Tag("case-63")
  void whatIsPreparedBehindADeallocateAllInItsPipelineStays() throws Exception {
    prepare(a, "one", "select 1");
    prepare(b, "one", "select 1");
    assertEquals(
        "12C1Z", types(a, deallocateAll(), PgBytes.parse("two", "select 2"), PgBytes.sync()));
    assertEquals("2DCZ", types(a, run("", "two"), PgBytes.sync()));
    assertEquals("EZ", types(a, run("", "one"), PgBytes.sync()));
    assertEquals("2DCZ", types(b, run("", "one"), PgBytes.sync()));
    bothPrepareAndRun("select 1");
    bothPrepareAndRun("select 2");
  }

  /** Needs the same within a transaction, where the server is asked at its end. */
  @Test
  @Tag("case-63")
  void whatIsPreparedBehindADeallocateAllInItsTransactionStays() throws Exception {
    prepare(a, "one", "select 1");
    prepare(b, "one", "select 1");
    a.query("begin; select 0");
    assertEquals("12CZ", types(a, deallocateAll(), PgBytes.sync()));
    prepare(a, "two", "select 2");
    assertEquals("2DCZ", types(a, run("", "two"), PgBytes.sync()));
    a.query("commit");
    assertEquals("EZ", types(a, run("", "one"), PgBytes.sync()));
    assertEquals("2DCZ", types(b, run("", "one"), PgBytes.sync()));
    bothPrepareAndRun("select 1");
    bothPrepareAndRun("select 2");
  }

  /** Needs the names that the server tells: some of what code deallocated is prepared again. */
  @Test
  @Tag("case-63")
  void whatCodeDeallocatesIsGoneThoughSomethingIsPreparedBehindIt() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function all_deallocated() returns void language plpgsql"
              + " as 'begin deallocate all; end'");
    }
    prepare(a, "one", "select 1");
    prepare(b, "one", "select 1");
    a.query("begin; select 0");
    a.query("select all_deallocated()");
    prepare(a, "two", "select 2");
    a.query("commit");
    assertEquals("2DCZ", types(b, run("", "one"), PgBytes.sync()));
    assertEquals("2DCZ", types(a, run("", "two"), PgBytes.sync()));
    bothPrepareAndRun("select 1");
    bothPrepareAndRun("select 2");
  }

  /** Needs the portal to be compared: what was bound first is executed last. */
  @Test
  @Tag("case-63")
  void aDeallocateCountsWhenItsPortalIsExecuted() throws Exception {
    prepare(a, "one", "select 1");
    a.query("begin; select 0");
    assertEquals(
        "122DCZ",
        types(
            a,
            PgBytes.parse("", "deallocate one"),
            PgBytes.bind("later", ""),
            run("", "one"),
            PgBytes.sync()));
    assertEquals("2DCZ", types(a, run("", "one"), PgBytes.sync()));
    assertEquals("CZ", types(a, PgBytes.execute("later", 0), PgBytes.sync()));
    assertEquals("EZ", types(a, run("", "one"), PgBytes.sync()));
    a.query("rollback");
    bothPrepareAndRun("select 1");
  }

  /** Needs names that were never given to stay so: what failed is behind what is skipped. */
  @Test
  @Tag("case-63")
  void aDeallocateAllThatIsSkippedBringsNothingBackThatHasFailed() throws Exception {
    a.query("begin; select 0");
    a.send(
        PgBytes.parse("", "select broken from nowhere"),
        PgBytes.parse("s", "select 'what failed'"),
        PgBytes.sync(),
        deallocateAll(),
        PgBytes.sync(),
        PgBytes.query("rollback"));
    assertEquals("EZEZCZ", types(a, 3));
    assertEquals("1Z", types(b, PgBytes.parse("s", "select 'what failed'"), PgBytes.sync()));
    assertEquals("2DCZ", types(b, run("", "s"), PgBytes.sync()));
    prepare(a, "s", "select 'another'");
    a.send(run("", "s"), PgBytes.sync());
    assertEquals("another", new String(a.readUntil('Z').get(1).body(), 6, 7, UTF_8));
  }

  private static String types(RawPgClient client, int readies) throws Exception {
    StringBuilder types = new StringBuilder();
    for (int i = 0; i < readies; i++) {
      types.append(RawPgClient.types(client.readUntil('Z')));
    }
    return types.toString();
  }

  /** Needs one that fails to change nothing. */
  @Test
  @Tag("case-63")
  void aDeallocateAllThatIsSkippedLeavesAllThereIs() throws Exception {
    prepare(a, "one", "select 1");
    assertEquals("EZ", types(a, PgBytes.parse("", "select 1/"), deallocateAll(), PgBytes.sync()));
    assertEquals("2DCZ", types(a, run("", "one"), PgBytes.sync()));
    bothPrepareAndRun("select 1");
  }

  /**
   * Needs the backend to be closed: to a query behind an Execute without a Sync PostgreSQL 17 and
   * 18 begin a transaction that their Sync does not end, and whatever comes next fails.
   */
  @Test
  void aTransactionThatTheServerHasLostTrackOfIsNobodys() throws Exception {
    assertEquals("7", a.value("select 7")); // else a first question of ours would hear of it
    byte[] query = PgBytes.query("select 2");
    assertEquals("12DCTDCZ", types(a, PgBytes.parse("", "select 1"), run("", ""), query));
    assertEquals("Z", types(a, PgBytes.sync()));
    assertEquals("7", b.value("select 7"));
    assertEquals("7", a.value("select 7"));
  }

  /** Needs the backend to be closed: nothing gives a session another seed than the one it set. */
  @Test
  @Tag("case-88")
  void aSeedDoesNotOutliveItsSession() throws Exception {
    String before = b.value("select pg_backend_pid() where true");
    a.query("select setseed(0.5)");
    String drawn = a.value("select random()");
    a.query("discard all");
    assertNotEquals(before, b.value("select pg_backend_pid() where true"));
    a.query("select setseed(0.5)");
    assertEquals(drawn, a.value("select random()"));
    a.close();
    assertNotEquals("", b.value("select pg_backend_pid() where true"));
    assertEquals(2, pooler.metric("pooler_evictions_total", "reason=\"not_cleanable\""));
  }

  /** Needs the eviction also where nobody was left to ask for: what f does no text shows. */
  @Test
  @Tag("case-88")
  void aSeedOfAFunctionDoesNotOutliveAClientThatGoesInItsTransaction() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function seeds() returns void language plpgsql"
              + " as 'begin perform setseed(0.5); end'");
      try {
        try (RawPgClient c = pooler.session("postgres")) {
          c.query("select seeds()"); // what code there is is asked
        }
        String before = b.value("select pg_backend_pid() where true");
        a.query("begin; select seeds()");
        a.close();
        assertNotEquals(before, b.value("select pg_backend_pid() where true"));
      } finally {
        direct.query("drop function seeds()");
      }
    }
  }
}
