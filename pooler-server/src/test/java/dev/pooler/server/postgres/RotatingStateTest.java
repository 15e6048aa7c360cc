package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.NoisyNeighbours.TABLE;
import static dev.pooler.server.postgres.TwoBackends.error;
import static dev.pooler.server.postgres.TwoBackends.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a session leaves on a server beside settings and statements, seen on two backends amid noisy
 * neighbours. Where a pin keeps it on one by design, it is seen on both before the pin and after
 * its cause is gone.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class RotatingStateTest {
  private static TwoBackends two;
  private RawPgClient session;

  @BeforeAll
  static void start() throws Exception {
    two = TwoBackends.start();
  }

  @AfterAll
  static void stop() throws Exception {
    two.close();
  }

  @BeforeEach
  void connect() throws Exception {
    session = two.session();
  }

  // --- LISTEN and NOTIFY ------------------------------------------------------------------------

  /** What the session hears on both channels up to and with this payload, in order. */
  private List<String> heardUpTo(String payload) throws IOException {
    List<String> heard = new ArrayList<>();
    while (heard.isEmpty() || !heard.getLast().endsWith(payload)) {
      PgMessage message = session.read();
      if (message.type() == 'A') {
        byte[] body = message.body();
        String text = new String(body, 4, body.length - 5, StandardCharsets.UTF_8);
        heard.add(text.replace('\0', ' '));
      } else {
        assertEquals('S', message.type(), "nobody has asked for " + message);
      }
    }
    return heard;
  }

  /** Needs notifications delivered to the session that asked, once each, and to nobody else. */
  @Test
  void aListenerHearsItsChannelOnlyOnceEachAndNothingAfterUnlisten() throws Exception {
    RawPgClient speaker = two.session();
    two.onBoth(session, () -> run(session, "select 1"));
    run(session, "listen news");
    run(session, "listen fence");
    int[] number = {0};
    two.onBoth(
        session,
        () -> {
          String said = "n" + ++number[0];
          run(speaker, "notify neighbourless, '" + said + "'");
          run(speaker, "notify news, '" + said + "'");
          run(speaker, "begin; notify news, 'rolled back'; rollback");
          run(speaker, "begin");
          run(speaker, "notify news, 'twice'; notify news, 'twice'");
          run(speaker, "notify fence, '" + said + " end'");
          run(speaker, "commit");
          assertEquals(
              List.of("news " + said, "news twice", "fence " + said + " end"),
              heardUpTo(said + " end"));
        });
    run(session, "unlisten news");
    run(speaker, "notify news, 'too late'");
    run(speaker, "notify fence, 'after'");
    assertEquals(List.of("fence after"), heardUpTo("after"));
    run(session, "unlisten *");
    run(speaker, "notify fence, 'much too late'");
    two.onBoth(
        session,
        () -> {
          String answer = RawPgClient.types(session.query("select 1"));
          assertEquals("TDCZ", answer, "nothing is heard");
        });
  }

  @Test
  void aListenThatIsRolledBackHearsNothing() throws Exception {
    RawPgClient speaker = two.session();
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "listen news");
          run(session, "rollback");
          run(speaker, "notify news, 'into the void'");
          assertEquals("TDCZ", RawPgClient.types(session.query("select 1")));
          assertEquals("0", session.value("select count(*) from pg_listening_channels()"));
        });
  }

  /** NOTIFY itself needs nothing of its backend. */
  @Test
  void whoSpeaksIsHeardFromBothBackends() throws Exception {
    RawPgClient listener = TwoBackends.direct();
    try (listener) {
      run(listener, "listen news");
      two.onBoth(
          session,
          () -> {
            run(session, "select pg_notify('news', 'from both')");
            PgMessage heard = listener.read();
            assertEquals('A', heard.type());
            assertTrue(new String(heard.body(), StandardCharsets.UTF_8).contains("from both"));
          });
    }
  }

  // --- what pins --------------------------------------------------------------------------------

  private void isThereNoTable() throws Exception {
    two.onBoth(
        session, () -> assertEquals("42P01", error(session.query("select * from " + TABLE))));
  }

  /** Needs the pin: a neighbour creates and drops a table of this very name all the time. */
  @Test
  void aTemporaryTableStaysUntilItIsDropped() throws Exception {
    isThereNoTable();
    run(session, "create temp table " + TABLE + " (i int)");
    run(session, "insert into " + TABLE + " values (40)");
    two.whilePinned(
        session,
        () -> {
          run(session, "update " + TABLE + " set i = i + 1");
          assertEquals("1", session.value("select count(*) from " + TABLE));
        });
    assertEquals("43", session.value("select i from " + TABLE));
    run(session, "drop table " + TABLE);
    isThereNoTable();
  }

  @Test
  void aTemporaryTableOfATransactionIsNobodysAfterwards() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "create temp table " + TABLE + " (i int) on commit drop");
          run(session, "insert into " + TABLE + " values (1), (2)");
          assertEquals("3", session.value("select sum(i) from " + TABLE));
          run(session, "commit");
          assertEquals("42P01", error(session.query("select * from " + TABLE)));
          run(session, "begin; create temp table " + TABLE + " (i int); rollback");
          assertEquals("42P01", error(session.query("select * from " + TABLE)));
        });
  }

  /** Needs the pin, and the end of the pin by CLOSE. */
  @Test
  void aCursorWithHoldStaysUntilItIsClosed() throws Exception {
    two.onBoth(session, () -> assertEquals("34000", error(session.query("fetch c"))));
    run(session, "begin; declare c cursor with hold for select generate_series(1, 9); commit");
    int[] next = {0};
    two.whilePinned(session, () -> assertEquals("" + ++next[0], session.value("fetch c")));
    run(session, "close c");
    two.onBoth(session, () -> assertEquals("34000", error(session.query("fetch c"))));
  }

  @Test
  void aCursorOfATransactionGoesOnInIt() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "declare c cursor for select generate_series(1, 9)");
          assertEquals("1", session.value("fetch c"));
          assertEquals("4", session.value("fetch relative 3 from c"));
          run(session, "commit");
          assertEquals("34000", error(session.query("fetch c")));
        });
  }

  private String outside(int key) throws IOException {
    RawPgClient admin = two.admin();
    String free = admin.value("select pg_try_advisory_lock(" + key + ")");
    if ("t".equals(free)) {
      run(admin, "select pg_advisory_unlock(" + key + ")");
      return "free";
    }
    return "held";
  }

  /** Needs the lock asked of pg_locks: it is taken twice, and by a function too. */
  @Test
  void anAdvisoryLockIsHeldUntilItIsReleasedAsOftenAsItWasTaken() throws Exception {
    two.onBoth(session, () -> assertEquals("f", session.value("select pg_advisory_unlock(900)")));
    run(session, "select pg_advisory_lock(900)");
    run(session, "select pg_try_advisory_lock(900)");
    two.whilePinned(session, () -> assertEquals("held", outside(900)));
    assertEquals("t", session.value("select pg_advisory_unlock(900)"));
    two.whilePinned(session, () -> assertEquals("held", outside(900)));
    assertEquals("t", session.value("select pg_advisory_unlock(900)"));
    two.onBoth(
        session,
        () -> {
          assertEquals("free", outside(900));
          assertEquals("f", session.value("select pg_advisory_unlock(900)"));
        });
  }

  @Test
  void anAdvisoryLockOfATransactionEndsWithIt() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "select pg_advisory_xact_lock(901)");
          assertEquals("held", outside(901));
          run(session, "commit");
          assertEquals("free", outside(901));
        });
  }

  /** The lock of a session that is gone is nobody's, and its backend the neighbours' again. */
  @Test
  void aLockAndATableEndWithTheirSession() throws Exception {
    run(session, "select pg_advisory_lock(902)");
    run(session, "create temp table " + TABLE + " (i int)");
    two.whilePinned(session, () -> assertEquals("held", outside(902)));
    session.close();
    PoolerFixture.await("the lock is free", () -> outside(902).equals("free"));
    session = two.session();
    isThereNoTable();
  }

  /** Needs the pin: the generator is the process's, and the sequence known in advance. */
  @Test
  void aSeedIsGoodForTheWholeSequenceOfNumbers() throws Exception {
    List<String> expected = new ArrayList<>();
    try (RawPgClient direct = TwoBackends.direct()) {
      run(direct, "select setseed(0.25)");
      for (int i = 0; i < 3; i++) {
        expected.add(direct.value("select random()"));
      }
    }
    two.onBoth(session, () -> run(session, "select random()"));
    run(session, "select setseed(0.25)");
    List<String> drawn = new ArrayList<>();
    two.whilePinned(session, () -> drawn.add(session.value("select random()")));
    assertEquals(expected, drawn);
    run(session, "discard all");
    two.onBoth(session, () -> run(session, "select random()"));
  }

  /** Needs the pin: the library is the process's, and with it the settings that it defines. */
  @Test
  void aLoadedLibraryIsThereUntilDiscardAll() throws Exception {
    two.onBoth(session, () -> run(session, "select 1"));
    run(session, "load 'plpgsql'");
    two.whilePinned(
        session,
        () -> {
          assertEquals("error", session.value("show plpgsql.variable_conflict"));
          assertEquals(
              "enum",
              session.value(
                  "select vartype from pg_settings where name = 'plpgsql.variable_conflict'"));
        });
    run(session, "discard all");
    two.onBoth(session, () -> run(session, "select 1"));
  }

  // --- sequences --------------------------------------------------------------------------------

  /** Needs the rule on currval: a neighbour draws from this very sequence all the time. */
  @Test
  void currvalIsTheSessionsOwnOrAnError() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          String mine = session.value("select nextval('numbers')");
          assertEquals(mine, session.value("select currval('numbers')"));
          assertEquals(mine, session.value("select lastval()"));
          run(session, "commit");
          for (String sql : List.of("select currval('numbers')", "select lastval()")) {
            List<PgMessage> answer = session.query(sql);
            assertTrue(
                error(answer).equals("55000") || TwoBackends.value(answer).equals(mine),
                answer.toString());
          }
        });
  }
}
