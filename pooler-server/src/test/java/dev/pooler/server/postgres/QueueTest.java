package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is done for clients that wait for a backend: the reserve, and a notice. */
@Timeout(60)
class QueueTest {
  private static String pool(String more) {
    return """
    databases:
      postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0%s}}
    """
        .formatted(more);
  }

  private static PoolerFixture pooler(String more) throws IOException {
    return PoolerFixture.start(SharedServer.get(), pool(more));
  }

  private static double backends(PoolerFixture pooler) throws IOException {
    return pooler.metric("hikaricp_connections");
  }

  @Test
  void theReserveServesWhoHasWaitedAndIsClosedWhenNobodyDoesAnyMore() throws Exception {
    try (PoolerFixture pooler = pooler(", reserve-size: 1, reserve-after: 300ms");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient c = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.send(PgBytes.query("begin; select 1"));
      assertTrue(b.quietFor(Duration.ofMillis(150)));
      assertEquals("CTDCZ", RawPgClient.types(b.readUntil('Z')));
      c.send(PgBytes.query("select 1"));
      assertTrue(c.quietFor(Duration.ofMillis(600)), "the reserve is one");
      a.query("commit");
      assertEquals("TDCZ", RawPgClient.types(c.readUntil('Z')));
      b.query("commit");
      PoolerFixture.await("the reserve is closed", () -> backends(pooler) == 1);
      assertEquals(1, pooler.metric("pooler_evictions_total", "reason=\"surplus\""));
      // Once more: HikariCP takes the larger size again.
      a.query("begin; select 1");
      assertEquals("CTDCZ", RawPgClient.types(b.query("begin; select 1")));
    }
  }

  /** Needs HikariCP's own idle ones to be closed too: the pool has none of them in its hands. */
  @Test
  void aSmallerPoolClosesIdleBackendsThatRest() throws Exception {
    String three = pool("").replace("size: 1", "size: 3");
    try (PoolerFixture pooler = PoolerFixture.start(SharedServer.get(), three);
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient c = pooler.session("postgres")) {
      for (RawPgClient client : List.of(a, b, c)) {
        client.query("begin; select 1");
      }
      for (RawPgClient client : List.of(a, b, c)) {
        client.query("commit");
      }
      PoolerFixture.await("they rest", () -> pooler.metric("hikaricp_connections_idle") == 3);
      assertEquals(List.of(), pooler.reload(pool("")));
      PoolerFixture.await("one is left", () -> backends(pooler) == 1);
      assertEquals(2, pooler.metric("pooler_evictions_total", "reason=\"surplus\""));
      assertEquals("1", a.value("select 1"));
    }
  }

  @Test
  @Tag("case-91")
  void aReloadThatAddsAReserveServesThoseWhoWait() throws Exception {
    try (PoolerFixture pooler = pooler("");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.send(PgBytes.query("begin; select 1"));
      PoolerFixture.await("it waits", () -> pooler.metric("pooler_clients", "waiting") == 1);
      assertEquals(List.of(), pooler.reload(pool(", reserve-size: 1, reserve-after: 100ms")));
      assertEquals("CTDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }

  @Test
  void whoWaitsLongIsToldSoOnceAndThenServed() throws Exception {
    try (PoolerFixture pooler = pooler(", queue-notice: 300ms");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.send(PgBytes.query("select 1"));
      PgMessage notice = b.read();
      assertEquals('N', notice.type());
      assertEquals("NOTICE", notice.field('S'));
      assertEquals("00000", notice.sqlState());
      assertTrue(
          notice.field('M').matches("waiting for a backend of postgres/postgres since \\d{3} ms"),
          notice::toString);
      assertTrue(b.quietFor(Duration.ofMillis(500)), "once");
      a.query("commit");
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
      a.query("begin; select 1");
      b.send(PgBytes.parse("", "select 2"), PgBytes.bind("", ""), PgBytes.execute("", 0));
      b.send(PgBytes.sync());
      assertEquals('N', b.read().type(), "it is another wait");
      a.query("commit");
      assertEquals("12DCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }

  /** The one backend has no settings when it is free, so two without may go before one with. */
  @Test
  @Tag("case-45")
  void whoWantsTheSettingsThatABackendHasIsServedFirstButNotForEver() throws Exception {
    try (PoolerFixture pooler = pooler("");
        RawPgClient holder = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient c = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      observer.query("drop sequence if exists turn; create sequence turn");
      other.query("set work_mem = '7MB'");
      holder.query("begin; select 1");
      List<RawPgClient> coming = List.of(other, a, b, c);
      for (int i = 0; i < coming.size(); i++) {
        int waiting = i + 1;
        coming.get(i).send(PgBytes.query("select nextval('turn') || current_setting('work_mem')"));
        PoolerFixture.await(
            "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == waiting);
      }
      holder.query("commit");
      List<String> turns = new ArrayList<>();
      for (RawPgClient client : coming) {
        turns.add(RawPgClient.rows(client.readUntil('Z')).findFirst().orElseThrow().getFirst());
      }
      assertEquals(List.of("37MB", "14MB", "24MB", "44MB"), turns);
    }
  }

  @Test
  void nobodyIsToldByDefault() throws Exception {
    try (PoolerFixture pooler = pooler("");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.send(PgBytes.query("select 1"));
      assertTrue(b.quietFor(Duration.ofMillis(700)));
      a.query("commit");
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }
}
