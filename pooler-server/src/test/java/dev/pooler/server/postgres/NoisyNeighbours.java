package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.error;
import static dev.pooler.server.postgres.TwoBackends.execute;
import static dev.pooler.server.postgres.TwoBackends.prepare;
import static dev.pooler.server.postgres.TwoBackends.run;
import static dev.pooler.server.postgres.TwoBackends.types;
import static dev.pooler.server.postgres.TwoBackends.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Eight sessions that do to their backends whatever a session can do: set, lock, prepare, listen,
 * die, create, be cancelled, fail. Each does the same in every round, on a thread of its own, until
 * it is told to stop, and finds for itself that its state is its own: what another session left
 * behind fails it too.
 */
final class NoisyNeighbours implements AutoCloseable {
  /** Names that the sessions under test use as well, for other texts. */
  static final String STATEMENT = "s";

  static final String PREPARED = "p";

  static final String TABLE = "t";

  private static final Duration MOMENT = Duration.ofMillis(3);
  private static final long STUCK = Duration.ofSeconds(15).toNanos();

  private static final String STATE =
      "select concat_ws('|', current_user, current_setting('search_path'),"
          + " current_setting('DateStyle'), current_setting('standard_conforming_strings'),"
          + " current_setting('statement_timeout'), current_setting('TimeZone'),"
          + " current_setting('default_transaction_read_only'), current_setting('work_mem'),"
          + " nullif(current_setting('app.tenant', true), ''), (select which from item))";

  private final TwoBackends two;
  private final AtomicLong rounds = new AtomicLong();
  private final Map<String, Throwable> trouble = new LinkedHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private final String untouched;
  private volatile boolean over;

  /** What one does in a round, on its session. */
  @FunctionalInterface
  private interface Habit {
    void round(RawPgClient session, int number) throws Exception;
  }

  NoisyNeighbours(TwoBackends two) throws IOException {
    this.two = two;
    this.untouched = String.valueOf(two.admin().value(STATE));
    live("sets", this::sets);
    live("locks", NoisyNeighbours::locks);
    live("prepares", NoisyNeighbours::prepares);
    live("listens", NoisyNeighbours::listens);
    live("dies", this::dies);
    live("creates", NoisyNeighbours::creates);
    live("cancels", this::isCancelled);
    live("fails", NoisyNeighbours::fails);
  }

  private void live(String name, Habit habit) {
    Thread thread =
        Thread.ofPlatform()
            .name("neighbour-" + name)
            .start(() -> {
              try (RawPgClient session = two.session("application_name", name)) {
                for (int round = 0; !over; round++) {
                  habit.round(session, round);
                  assertEquals(name, session.value("show application_name"));
                  rounds.incrementAndGet();
                }
              } catch (Exception | AssertionError e) {
                Throwable found =
                    e instanceof SocketTimeoutException
                        ? new AssertionError("stuck: " + two.everything(), e)
                        : e;
                synchronized (trouble) {
                  trouble.put(name, found);
                }
              }
            });
    threads.add(thread);
  }

  /** Returns when three rounds more have ended, whosever. */
  void letPass() {
    long until = rounds.get() + 3;
    long end = System.nanoTime() + STUCK;
    while (rounds.get() < until) {
      assertWell();
      assertTrue(System.nanoTime() - end < 0, () -> "nobody gets on: " + two.everything());
      LockSupport.parkNanos(200_000);
    }
  }

  /** Fails with what a neighbour found. */
  void assertWell() {
    synchronized (trouble) {
      trouble.forEach((name, found) -> {
        throw new AssertionError("the neighbour that " + name + " found trouble: " + found, found);
      });
    }
  }

  // --- what they do ---------------------------------------------------------------------------

  private void sets(RawPgClient session, int round) throws IOException {
    run(
        session,
        "set search_path = hostile; set datestyle = 'German, DMY'; set role "
            + TwoBackends.NOISY_ROLE
            + "; set app.tenant = 'noisy'; set default_transaction_read_only = on");
    run(session, "set standard_conforming_strings = off");
    run(session, "set statement_timeout = '61s'");
    run(session, "select set_config('TimeZone', 'Asia/Tokyo', false)");
    run(session, "select public.paint('noisy')");
    assertEquals(
        TwoBackends.NOISY_ROLE + "|hostile|German, DMY|off|61s|Asia/Tokyo|on|9MB|noisy|hostile",
        session.value(STATE));
    run(session, "reset all");
    run(session, "reset role");
    run(session, "set app.tenant = ''");
    assertEquals(untouched, session.value(STATE));
    run(session, "select set_config('app.paint', '', false)");
  }

  private static void locks(RawPgClient session, int round) throws IOException {
    String mine =
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";
    assertEquals("0", session.value(mine));
    run(session, "select pg_advisory_lock(111)");
    run(session, "select pg_advisory_lock(112)");
    assertEquals("2", session.value(mine));
    run(session, "begin");
    run(session, "select pg_advisory_xact_lock(113)");
    assertEquals("3", session.value(mine));
    run(session, "rollback");
    assertEquals("t", session.value("select pg_advisory_unlock(111)"));
    run(session, "select pg_advisory_unlock_all()");
    assertEquals("0", session.value(mine));
  }

  /** The names of the session under test, and a text that it prepares under other settings. */
  private static void prepares(RawPgClient session, int round) throws IOException {
    assertEquals("1Z", types(prepare(session, STATEMENT, "select 'noisy ' || " + round)));
    assertEquals("1Z", types(prepare(session, "date", "select date '01/02/2026'")));
    assertEquals("1Z", types(prepare(session, "", "select 'noisy unnamed ' || " + round)));
    assertEquals("noisy " + round, value(execute(session, STATEMENT)));
    assertEquals("2026-01-02", value(execute(session, "date")));
    assertEquals("noisy unnamed " + round, value(execute(session, "")));
    run(session, "prepare " + PREPARED + " as select 'noisy sql'");
    assertEquals("noisy sql", session.value("execute " + PREPARED));
    assertEquals("noisy " + round, session.value("execute " + STATEMENT));
    run(session, "deallocate " + PREPARED);
    assertEquals(
        "3Z",
        types(session.send(PgBytes.named('C', 'S', STATEMENT), PgBytes.sync()).readUntil('Z')));
    assertEquals("26000", error(execute(session, STATEMENT)));
    run(session, "deallocate all");
    assertEquals("26000", error(execute(session, "date")));
    run(session, "select nextval('numbers')");
  }

  private static void listens(RawPgClient session, int round) throws IOException {
    run(session, "listen neighbourly");
    String said = "round " + round;
    List<PgMessage> heard = new ArrayList<>(run(session, "notify neighbourly, '" + said + "'"));
    while (heard.stream().noneMatch(message -> message.type() == 'A')) {
      heard.add(session.read());
    }
    for (PgMessage message : heard) {
      if (message.type() == 'A') {
        String text =
            new String(message.body(), 4, message.body().length - 4, StandardCharsets.UTF_8);
        assertEquals("neighbourly\0" + said + "\0", text);
      }
    }
    run(session, "unlisten *");
  }

  /** Another one each round, which first finds a session without a trace of anybody. */
  private void dies(RawPgClient session, int round) throws IOException {
    try (RawPgClient dying = two.session("application_name", "mortal")) {
      assertEquals(untouched, dying.value(STATE));
      assertEquals("0", dying.value("select count(*) from scratch"));
      switch (round % 6) {
        case 0 -> {
          run(dying, "begin");
          run(dying, "insert into scratch values (" + round + ")");
        }
        case 1 -> {
          dying.send(
              PgBytes.query("select i, repeat('noise', 20) from generate_series(1, 100000) i"));
          dying.read();
        }
        case 2 -> {
          run(dying, "create temp table " + TABLE + " as select 'noisy' as which");
          run(dying, "select pg_advisory_lock(114)");
          run(dying, "set role " + TwoBackends.NOISY_ROLE);
        }
        case 3 -> {
          byte[] half = PgBytes.query("insert into scratch values (1)");
          dying.send(PgBytes.query("begin"), Arrays.copyOf(half, half.length / 2));
          dying.read();
        }
        case 4 -> {
          dying.send(PgBytes.query("copy scratch from stdin")).readUntil('G');
          dying.send(PgBytes.copyData("1\n".getBytes(StandardCharsets.UTF_8)));
        }
        default ->
            dying.send(
                PgBytes.parse("", "insert into scratch values (2)"),
                PgBytes.bind("", ""),
                PgBytes.execute("", 0),
                PgBytes.parse("", "set role " + TwoBackends.NOISY_ROLE),
                PgBytes.bind("", ""),
                PgBytes.execute("", 0));
      }
    }
  }

  private static void creates(RawPgClient session, int round) throws IOException {
    run(session, "create temp table " + TABLE + " (i int)");
    run(session, "insert into " + TABLE + " values (" + round + ")");
    assertEquals("" + round, session.value("select sum(i) from " + TABLE));
    run(session, "begin");
    run(session, "declare c cursor with hold for select " + round);
    run(session, "commit");
    assertEquals("" + round, session.value("fetch c"));
    run(session, "close c");
    run(session, "drop table " + TABLE);
    assertEquals("42P01", error(session.query("select * from " + TABLE)));
  }

  /** Runs what would take half a minute, and cancels itself until it is cancelled. */
  private void isCancelled(RawPgClient session, int round) throws IOException {
    try (RawPgClient keyed = two.connect()) {
      byte[] key =
          keyed.login(TwoBackends.startup("application_name", "cancelled")).stream()
              .filter(message -> message.type() == 'K')
              .findFirst()
              .orElseThrow()
              .body();
      keyed.send(PgBytes.query("select pg_sleep(30)"));
      do {
        try (RawPgClient request = two.pooler().raw()) {
          request.send(PgBytes.cancelRequest(key));
          assertTrue(request.atEnd(), "a cancel is answered by the close");
        }
      } while (keyed.quietFor(MOMENT));
      assertEquals("57014", error(keyed.readUntil('Z')));
      assertEquals("" + round, keyed.value("select " + round));
    }
  }

  private static void fails(RawPgClient session, int round) throws IOException {
    assertEquals("42601", error(session.query("selec 1")));
    assertEquals("22012", error(session.query("select 1/0; select 2")));
    run(session, "begin");
    run(session, "set local role " + TwoBackends.NOISY_ROLE);
    run(session, "set work_mem = '7MB'");
    assertEquals("22012", error(session.query("select 1/0")));
    assertEquals("25P02", error(session.query("select " + round)));
    assertEquals("ROLLBACK", session.query("commit").getFirst().strings().getFirst());
    assertEquals("4MB", session.value("show work_mem"));
    List<PgMessage> batch =
        session
            .send(
                PgBytes.parse("", "select missing"),
                PgBytes.bind("", ""),
                PgBytes.execute("", 0),
                PgBytes.sync(),
                PgBytes.parse("", "select " + round),
                PgBytes.bind("", ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('C');
    session.readUntil('Z');
    assertEquals("EZ12DC", types(batch));
    assertEquals("42703", error(batch));
    assertEquals("26000", error(execute(session, "nobody's")));
  }

  /** Tells them to stop, and fails with what they found. */
  @Override
  public void close() {
    over = true;
    for (Thread thread : threads) {
      try {
        thread.join(Duration.ofSeconds(40));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      assertTrue(!thread.isAlive(), thread.getName() + " is stuck");
    }
    assertWell();
  }
}
