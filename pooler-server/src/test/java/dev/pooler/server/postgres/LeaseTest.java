package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a backend is a session's and when it is another's, in transaction mode. */
@Timeout(120)
class LeaseTest {
  private static final String PID = "select pg_backend_pid() where true";
  private static final Duration MOMENT = Duration.ofMillis(150);

  private static PoolerFixture pooler(int size, String more) throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          postgres:
            hosts: ["unix:${PG}"]
            user: postgres
            pool: {size: %d, min-idle: 0%s}
        """
            .formatted(size, more));
  }

  @Test
  void sessionsTakeTurnsOnOneBackend() throws Exception {
    try (PoolerFixture pooler = pooler(1, "");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient c = pooler.session("postgres")) {
      String pid = a.value(PID);
      for (int i = 0; i < 10; i++) {
        assertEquals(pid, b.value(PID));
        assertEquals(pid, c.value(PID));
        assertEquals(pid, a.value(PID));
      }
    }
  }

  @Test
  @Tag("case-31")
  void anOpenTransactionKeepsItsBackend() throws Exception {
    try (PoolerFixture pooler = pooler(2, "");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      String pid = a.value(PID);
      b.query("begin; select 1");
      assertNotEquals(pid, b.value(PID));
      assertEquals(pid, a.value(PID));
      a.query("savepoint s");
      assertEquals(pid, a.value(PID));
      a.query("rollback to s");
      a.query("release s");
      assertEquals(pid, a.value(PID));
      assertEquals("CZ", RawPgClient.types(a.query("commit")));
      assertEquals("CZ", RawPgClient.types(b.query("rollback")));
    }
  }

  @Test
  @Tag("case-31")
  void aFailedTransactionKeepsItsBackendUntilItsCommitRollsItBack() throws Exception {
    try (PoolerFixture pooler = pooler(1, "");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      assertTrue(RawPgClient.types(a.query("select 1/0")).endsWith("EZ"));
      assertEquals("25P02", a.query("select 1").getFirst().sqlState());
      b.send(PgBytes.query("select 5"));
      assertTrue(b.quietFor(MOMENT));
      List<PgMessage> commit = a.query("commit");
      assertEquals(List.of("ROLLBACK"), commit.getFirst().strings());
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }

  @ParameterizedTest
  @Tag("case-35")
  @ValueSource(
      strings = {
        "select 1; begin; select 2",
        "begin; select 1; commit; select 2",
        "select 1; begin; select 2; commit",
        "begin; select 1/0; commit",
        "begin; select 1; rollback; begin",
        "select 1; select 1/0; select 2",
        "select 1; commit; select 2",
        "begin; commit and chain; select 2",
        "begin; savepoint a; select 1/0; rollback to a; commit",
        ";",
        "",
        "  -- nothing",
        "select 1;; select 2;",
      })
  void manyStatementsInOneStringAreAnsweredAsTheServerDoes(String sql) throws Exception {
    try (PoolerFixture pooler = pooler(1, "");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient direct = SharedServer.direct()) {
      assertEquals(SharedServer.text(direct.query(sql)), SharedServer.text(a.query(sql)));
      boolean open = direct.query("").getLast().body()[0] != 'I';
      b.send(PgBytes.query("select 5"));
      assertEquals(open, b.quietFor(MOMENT), "the backend is kept");
      assertEquals(
          SharedServer.text(direct.query("rollback")), SharedServer.text(a.query("rollback")));
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-43")
  void whoWaitsTooLongIsToldTheTimeAndTheSettingAndGoesOn() throws Exception {
    try (PoolerFixture pooler = pooler(1, ", max-wait: 600ms");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      List<PgMessage> told = b.query("select 1");
      assertEquals("EZ", RawPgClient.types(told));
      PgMessage error = told.getFirst();
      assertEquals("57014", error.sqlState());
      assertEquals("ERROR", error.field('S'));
      Matcher waited =
          Pattern.compile("waited (\\d+) ms .*max-wait 600 ms").matcher(error.field('M'));
      assertTrue(waited.find() && Integer.parseInt(waited.group(1)) >= 600, error::toString);
      assertTrue(error.field('H').contains("max-wait"), error.field('H'));
      assertEquals('I', told.getLast().body()[0]);
      assertEquals(1, pooler.metric("pooler_acquire_timeouts_total"));
      a.query("commit");
      assertEquals("7", b.value("select 7"));
    }
  }

  /** Needs the pins in the error: a larger pool would be pinned as well. */
  @Test
  void whoWaitsForPinnedBackendsIsToldSo() throws Exception {
    try (PoolerFixture pooler = pooler(2, ", max-wait: 600ms");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient c = pooler.session("postgres")) {
      a.query("create temporary table kept (n int)");
      b.query("begin; select 1");
      PgMessage error = c.query("select 1").getFirst();
      String why = "all 2 backends busy, 1 of them pinned to sessions)";
      assertTrue(error.field('M').endsWith(why), error::toString);
      assertTrue(error.field('H').startsWith("SHOW PINS "), error::toString);
      a.query("drop table kept");
      assertEquals("7", c.value("select 7"));
    }
  }

  @Test
  @Tag("case-43")
  void aBatchThatWaitedTooLongIsSkippedToItsSyncAndWhatFollowsIsServed() throws Exception {
    // Long enough for the commit to come before what follows has waited too long as well.
    try (PoolerFixture pooler = pooler(1, ", max-wait: 4s");
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin; select 1");
      b.send(
          PgBytes.parse("", "select 1"),
          PgBytes.bind("", ""),
          PgBytes.execute("", 0),
          PgBytes.query("select 'skipped'"),
          PgBytes.sync(),
          PgBytes.query("select 2"),
          PgBytes.parse("", "select 3"),
          PgBytes.bind("", ""),
          PgBytes.execute("", 0),
          PgBytes.sync());
      assertEquals("EZ", RawPgClient.types(b.readUntil('Z')));
      a.query("commit");
      List<PgMessage> second = b.readUntil('Z');
      assertEquals("TDCZ", RawPgClient.types(second));
      assertEquals("2", RawPgClient.rows(second).findFirst().orElseThrow().getFirst());
      List<PgMessage> third = b.readUntil('Z');
      assertEquals("12DCZ", RawPgClient.types(third));
      assertEquals("3", RawPgClient.rows(third).findFirst().orElseThrow().getFirst());
      assertEquals("4", b.value("select 4"));
    }
  }

  @ParameterizedTest
  @Tag("case-45")
  @ValueSource(ints = {1, 2})
  void waitersAreServedInTheOrderOfTheirComing(int loops) throws Exception {
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}}
                io: {event-loops: %d}
                """
                    .formatted(loops));
        RawPgClient first = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      observer.query("drop sequence if exists arrival; create sequence arrival");
      List<RawPgClient> waiting = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        waiting.add(pooler.session("postgres"));
      }
      first.query("begin; select 1");
      for (int i = 0; i < 50; i++) {
        int place = i + 1;
        waiting.get(i).send(PgBytes.query("select nextval('arrival')"));
        PoolerFixture.await(
            "client " + place + " waits",
            () -> pooler.metric("pooler_clients", "state=\"waiting\"") == place);
      }
      first.query("commit");
      for (int i = 0; i < 50; i++) {
        List<PgMessage> answer = waiting.get(i).readUntil('Z');
        assertEquals("" + (i + 1), RawPgClient.rows(answer).findFirst().orElseThrow().getFirst());
        waiting.get(i).close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void pgjdbcSessionsTransferMoneyOverTwoBackends(int loops) throws Exception {
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 2, min-idle: 0}}
                io: {event-loops: %d}
                """
                    .formatted(loops));
        RawPgClient observer = SharedServer.direct();
        ExecutorService threads = Executors.newFixedThreadPool(12)) {
      SharedServer.endSleepers();
      PoolerFixture.awaitNone(
          "other tests' backends are gone",
          () -> SharedServer.activity(observer, "backend_type = 'client backend'"));
      observer.query(
          "drop table if exists account; create table account as"
              + " select id, 100 as balance from generate_series(1, 10) id");
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int seed = i;
        all.add(threads.submit(() -> transfer(pooler, seed)));
      }
      int most = 0;
      for (Future<?> one : all) {
        while (!one.isDone()) {
          most = Math.max(most, SharedServer.backends(observer));
          LockSupport.parkNanos(20_000_000);
        }
        one.get();
      }
      assertTrue(most <= 2, "backends at once: " + most);
      assertEquals("1000", observer.value("select sum(balance) from account"));
    }
  }

  private static Object transfer(PoolerFixture pooler, int seed) throws Exception {
    try (Connection jdbc =
            DriverManager.getConnection(pooler.jdbcUrl("postgres") + "&prepareThreshold=0");
        Statement statement = jdbc.createStatement()) {
      for (int round = 0; round < 15; round++) {
        jdbc.setAutoCommit(false);
        int from = (seed + round) % 10 + 1;
        int to = (seed * 7 + round * 3) % 10 + 1;
        int low = Math.min(from, to);
        statement.executeQuery(
            "select 1 from account where id in (" + from + "," + to + ") order by id for update");
        statement.executeUpdate("update account set balance = balance - 1 where id = " + from);
        statement.executeUpdate("update account set balance = balance + 1 where id = " + to);
        if (round % 3 == 0) {
          jdbc.rollback();
        } else {
          jdbc.commit();
        }
        jdbc.setAutoCommit(true);
        try (ResultSet rows =
            statement.executeQuery("select balance from account where id = " + low)) {
          assertTrue(rows.next());
        }
      }
    }
    return true;
  }
}
