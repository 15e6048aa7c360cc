package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cancel hits the statement it was meant for and nothing else. */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class CancelTest {
  private PoolerFixture pooler;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
  }

  private Keyed keyed(int version) throws IOException {
    return Keyed.of(pooler, version);
  }

  private static void cancel(SocketAddress address, byte[] key) throws IOException {
    try (RawPgClient request = RawPgClient.connect(address)) {
      request.send(PgBytes.cancelRequest(key));
      assertTrue(request.atEnd(), "a cancel is answered by the close");
    }
  }

  private static void awaitRunning(String sql) throws Exception {
    try (RawPgClient observer = SharedServer.direct()) {
      PoolerFixture.await(
          sql + " runs",
          () ->
              "1"
                  .equals(
                      observer.value(
                          "select count(*) from pg_stat_activity where state = 'active' and query = '"
                              + sql
                              + "'")));
    }
  }

  @Test
  @Tag("case-06")
  @Tag("case-78") // the pool of one is full
  void aRunningStatementIsCancelledOverEitherSocketWithEitherKey() throws Exception {
    for (int version : new int[] {PgBytes.VERSION_3_0, PgBytes.VERSION_3_2}) {
      for (SocketAddress address : List.of(pooler.unix(), pooler.tcp())) {
        try (Keyed a = keyed(version)) {
          assertEquals(version == PgBytes.VERSION_3_0 ? 8 : 36, a.key().length);
          a.client().send(PgBytes.query("select pg_sleep(30)"));
          awaitRunning("select pg_sleep(30)");
          cancel(address, a.key());
          List<PgMessage> answer = a.client().readUntil('Z');
          assertEquals("57014", answer.get(answer.size() - 2).sqlState());
          assertEquals("1", a.client().value("select 1"));
        }
      }
    }
  }

  /** Needs the cancel to be remembered while the backend is given the session's settings. */
  @Test
  @Tag("case-77")
  void aClientWhoseSettingsAreStillOnTheirWayIsCancelledToo() throws Exception {
    try (RawPgClient b = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct();
        Keyed a = keyed(PgBytes.VERSION_3_0)) {
      observer.query("drop table if exists written; create table written (i int)");
      a.client().query("set work_mem = '5MB'");
      long pid = Long.parseLong(b.value("select pg_backend_pid() where true"));
      signal("STOP", pid);
      try {
        a.client().send(PgBytes.query("insert into written values (1); select 1"));
        PoolerFixture.await(
            "it has the backend", () -> pooler.metric("pooler_backends", "state=\"active\"") == 1);
        cancel(pooler.unix(), a.key());
      } finally {
        signal("CONT", pid);
      }
      List<PgMessage> answer = a.client().readUntil('Z');
      assertEquals("57014", answer.get(answer.size() - 2).sqlState());
      assertEquals("0", a.client().value("select count(*) from written"));
      assertEquals("5MB", a.client().value("show work_mem"));
      assertEquals("4MB", b.value("show work_mem"));
    }
  }

  /** Needs it to be remembered for what waits behind a question of ours. */
  @Test
  @Tag("case-77")
  void aStatementThatWaitsBehindAQuestionOfOursIsCancelled() throws Exception {
    try (RawPgClient locks = SharedServer.direct();
        Keyed a = keyed(PgBytes.VERSION_3_0)) {
      locks.query("begin; lock table pg_catalog.pg_policy in access exclusive mode");
      assertEquals("TDCZ", RawPgClient.types(a.client().query("select 1")));
      PoolerFixture.await(
          "the question waits",
          () ->
              "1"
                  .equals(
                      locks.value(
                          "select count(*) from pg_locks where not granted and relation = 3256")));
      a.client().send(PgBytes.query("select pg_sleep(30)"));
      PoolerFixture.await("it is here", () -> pooler.metric("pooler_held_bytes") > 0);
      cancel(pooler.unix(), a.key());
      locks.query("rollback");
      List<PgMessage> answer = a.client().readUntil('Z');
      assertEquals("57014", answer.get(answer.size() - 2).sqlState());
      assertEquals("1", a.client().value("select 1"));
    }
  }

  private static void signal(String name, long pid) throws Exception {
    assertEquals(0, new ProcessBuilder("kill", "-" + name, "" + pid).start().waitFor());
  }

  @Test
  @Tag("case-77")
  void aWaitingClientIsCancelledAndGoesOn() throws Exception {
    try (RawPgClient holder = pooler.session("postgres");
        Keyed a = keyed(PgBytes.VERSION_3_0)) {
      holder.query("begin; select 1");
      a.client().send(PgBytes.query("select 1"));
      PoolerFixture.await(
          "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
      cancel(pooler.unix(), a.key());
      List<PgMessage> answer = a.client().readUntil('Z');
      assertEquals("EZ", RawPgClient.types(answer));
      assertEquals("57014", answer.getFirst().sqlState());
      assertTrue(answer.getFirst().field('M').contains("user request"), "not its max-wait");
      holder.query("commit");
      assertEquals("2", a.client().value("select 2"));
    }
  }

  @Test
  @Tag("case-76")
  @Tag("case-78")
  void aCancelOfWhatIsOverOrOfAnotherKeyDoesNothing() throws Exception {
    try (Keyed a = keyed(PgBytes.VERSION_3_0);
        Keyed b = keyed(PgBytes.VERSION_3_0)) {
      assertEquals("1", a.client().value("select 1"));
      b.client().send(PgBytes.query("select pg_sleep(0.5)"));
      awaitRunning("select pg_sleep(0.5)");
      cancel(pooler.unix(), a.key());
      byte[] wrong = b.key().clone();
      wrong[7]++;
      cancel(pooler.unix(), wrong);
      assertEquals("TDCZ", RawPgClient.types(b.client().readUntil('Z')));
    }
  }

  @Test
  void aCopyIsCancelled() throws Exception {
    try (Keyed a = keyed(PgBytes.VERSION_3_0);
        RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists copied; create table copied (i int)");
      a.client().send(PgBytes.query("copy copied from stdin")).readUntil('G');
      cancel(pooler.unix(), a.key());
      // The server notices with the next thing it reads.
      a.client().send(PgBytes.copyData(new byte[] {'1', '\n'}), PgBytes.copyDone());
      List<PgMessage> answer = a.client().readUntil('Z');
      assertEquals("57014", answer.getFirst().sqlState());
      assertEquals("0", a.client().value("select count(*) from copied"));
      a.client().send(PgBytes.query("copy (select pg_sleep(30)) to stdout"));
      awaitRunning("copy (select pg_sleep(30)) to stdout");
      cancel(pooler.unix(), a.key());
      answer = a.client().readUntil('Z');
      assertEquals("57014", answer.get(answer.size() - 2).sqlState());
    }
  }

  /**
   * Needs the backend to be spent: the cancel, of which nobody knows where it is, may come when
   * another session runs there.
   */
  @Test
  @Tag("case-76")
  void aBackendToWhichACancelMayBeOnItsWayIsNobodyElsesAfterwards() throws Exception {
    try (Forwarder forwarder = Forwarder.to("127.0.0.1", SharedServer.get().port());
        PoolerFixture beyond =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["127.0.0.1:%d", "unix:${PG}"]
                    user: postgres
                    pool: {size: 1, min-idle: 0}
                """
                    .formatted(forwarder.port()));
        Keyed a = Keyed.of(beyond, PgBytes.VERSION_3_0);
        RawPgClient b = beyond.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      String pid = a.client().value("select pg_backend_pid() where true");
      a.client().send(PgBytes.query("select pg_sleep(30)"));
      awaitRunning("select pg_sleep(30)");
      forwarder.acceptNoMore();
      cancel(beyond.unix(), a.key());
      observer.query("select pg_cancel_backend(" + pid + ")");
      assertEquals("57014", a.client().readUntil('Z').get(1).sqlState());
      assertNotEquals(pid, b.value("select pg_backend_pid() where true"));
      assertEquals("1", a.client().value("select 1"), "it has lost nothing");
      assertEquals(1, beyond.metric("pooler_evictions_total", "reason=\"cancel_uncertain\""));
    }
  }

  /** One session cancels itself at random moments; the other, on the same backend, never fails. */
  @Test
  @Tag("case-76")
  void threeHundredCancelsAtRandomMomentsNeverHitTheOther() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<Integer>> both = new ArrayList<>();
      Keyed cancelled = keyed(PgBytes.VERSION_3_0);
      Keyed other = keyed(PgBytes.VERSION_3_2);
      Future<Integer> hits = threads.submit(() -> cancelled(cancelled));
      both.add(hits);
      both.add(threads.submit(() -> unharmed(other, hits)));
      for (Future<Integer> one : both) {
        one.get();
      }
      assertTrue(both.getLast().get() > 0);
      cancelled.close();
      other.close();
    }
  }

  private int cancelled(Keyed a) throws Exception {
    Random random = new Random(7);
    int hits = 0;
    for (int round = 0; round < 300; round++) {
      a.client().send(PgBytes.query("select pg_sleep(0.003)"));
      LockSupport.parkNanos(random.nextInt(6_000_000));
      try (RawPgClient request = RawPgClient.connect(pooler.unix())) {
        request.send(PgBytes.cancelRequest(a.key()));
        List<PgMessage> answer = a.client().readUntil('Z');
        if (answer.get(answer.size() - 2).isError()) {
          assertEquals("57014", answer.get(answer.size() - 2).sqlState());
          hits++;
        }
        if (random.nextBoolean()) {
          request.atEnd();
        }
      }
    }
    return hits;
  }

  private static int unharmed(Keyed b, Future<?> until) throws Exception {
    int rounds = 0;
    while (!until.isDone()) {
      assertEquals("TDCZ", RawPgClient.types(b.client().query("select pg_sleep(0.001)")));
      rounds++;
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
    return rounds;
  }
}
