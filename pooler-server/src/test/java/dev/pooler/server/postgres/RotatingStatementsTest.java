package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.NoisyNeighbours.PREPARED;
import static dev.pooler.server.postgres.NoisyNeighbours.STATEMENT;
import static dev.pooler.server.postgres.TwoBackends.error;
import static dev.pooler.server.postgres.TwoBackends.execute;
import static dev.pooler.server.postgres.TwoBackends.prepare;
import static dev.pooler.server.postgres.TwoBackends.run;
import static dev.pooler.server.postgres.TwoBackends.types;
import static dev.pooler.server.postgres.TwoBackends.value;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Prepared statements of one session that is seen on two backends amid noisy neighbours, one of
 * whom prepares the same names for other texts all the time.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class RotatingStatementsTest {
  /** Tells in one row what was asked for and who answered. */
  private static final String TELLING =
      "select 'mine ' || $1::text, pid from pg_stat_activity where pid = pg_backend_pid()";

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

  private static String secondColumn(List<PgMessage> answer) {
    return String.valueOf(RawPgClient.rows(answer).findFirst().orElseThrow().get(1));
  }

  /** Needs the Parse in front of the Bind on a backend that does not hold the statement. */
  @Test
  void aNamedStatementIsParsedOnceAndRunsOnBoth() throws Exception {
    assertEquals("1Z", types(prepare(session, STATEMENT, TELLING)));
    two.onBoth(
        () -> secondColumn(execute(session, STATEMENT, "")),
        () -> {
          for (int i = 0; i < 3; i++) {
            List<PgMessage> answer = execute(session, STATEMENT, "v" + i);
            assertEquals("2DCZ", types(answer));
            assertEquals("mine v" + i, value(answer));
          }
          assertEquals(
              "tTZ",
              types(
                  session.send(PgBytes.named('D', 'S', STATEMENT), PgBytes.sync()).readUntil('Z')));
        });
  }

  /** Needs the text kept with the session, and said again before the Bind. */
  @Test
  void theStatementWithoutANameOutlivesItsSyncAndItsBackend() throws Exception {
    assertEquals("1Z", types(prepare(session, "", TELLING)));
    two.onBoth(
        () -> secondColumn(execute(session, "", "")),
        () -> {
          assertEquals("mine u", value(execute(session, "", "u")));
          assertEquals(
              "tTZ",
              types(session.send(PgBytes.named('D', 'S', ""), PgBytes.sync()).readUntil('Z')));
        });
    run(session, "select 1");
    two.onBoth(session, () -> assertEquals("26000", error(execute(session, "", "u"))));
  }

  /** Needs the pin: a statement prepared by text is its backend's. */
  @Test
  void aStatementPreparedByTextStaysUntilItIsDeallocated() throws Exception {
    two.onBoth(session, () -> assertEquals("26000", error(session.query("execute " + PREPARED))));
    run(session, "prepare " + PREPARED + "(int) as select $1 + 1000");
    two.whereItMayBe(
        session,
        "prepare " + PREPARED + "(int)",
        () -> {
          assertEquals("1007", session.value("execute " + PREPARED + "(7)"));
          assertEquals("1008", value(execute(session, PREPARED, "8")));
        });
    run(session, "deallocate " + PREPARED);
    two.onBoth(
        session,
        () -> {
          assertEquals("26000", error(session.query("execute " + PREPARED + "(7)")));
          assertEquals(
              "0", session.value("select count(*) from pg_prepared_statements where from_sql"));
        });
  }

  /** Needs our name for the statement written into the text. */
  @Test
  void executeExplainAndDeallocateByTextReachTheProtocolsStatement() throws Exception {
    prepare(session, STATEMENT, "select 'mine ' || $1::int");
    two.onBoth(
        session,
        () -> {
          assertEquals("mine 4", session.value("execute " + STATEMENT + "(4)"));
          assertEquals("TDCZ", types(session.query("explain execute " + STATEMENT + "(1)")));
        });
    run(session, "deallocate " + STATEMENT);
    two.onBoth(
        session,
        () -> {
          assertEquals("26000", error(session.query("execute " + STATEMENT + "(4)")));
          assertEquals("26000", error(execute(session, STATEMENT, "4")));
        });
  }

  /** Needs every name dropped, whichever backend carried the statement out. */
  @Test
  void deallocateAllAndDiscardAllFreeEveryName() throws Exception {
    for (String all : List.of("deallocate all", "discard all")) {
      prepare(session, STATEMENT, "select 'one'");
      prepare(session, "other", "select 'two'");
      two.onBoth(
          session,
          () -> {
            assertEquals("one", value(execute(session, STATEMENT)));
            assertEquals("two", value(execute(session, "other")));
          });
      run(session, all);
      two.onBoth(
          session,
          () -> {
            assertEquals("26000", error(execute(session, STATEMENT)));
            assertEquals("26000", error(execute(session, "other")));
          });
    }
  }

  /**
   * Needs it to be asked what a backend held before: one that never held the session's statements
   * has none of them either when nothing was deallocated.
   */
  @Test
  void namesOutliveAReadBackOnABackendThatDoesNotHoldThem() throws Exception {
    prepare(session, STATEMENT, "select 'kept'");
    two.onBoth(
        session,
        () -> {
          run(session, "insert into marked values (1)"); // a trigger: the server is asked
          assertEquals("26000", error(session.query("deallocate nobody")));
          assertEquals("1", session.value("select current_setting('app.mark')"));
          assertEquals("kept", value(execute(session, STATEMENT)));
        });
  }

  @Test
  void aNameThatIsTakenIsRefusedAndAClosedOneIsFree() throws Exception {
    prepare(session, STATEMENT, "select 'first'");
    two.onBoth(
        session,
        () -> {
          assertEquals("42P05", error(prepare(session, STATEMENT, "select 'second'")));
          assertEquals("first", value(execute(session, STATEMENT)));
          List<PgMessage> again =
              session
                  .send(
                      PgBytes.named('C', 'S', STATEMENT),
                      PgBytes.parse(STATEMENT, "select 'third'"),
                      PgBytes.bind("", STATEMENT),
                      PgBytes.execute("", 0),
                      PgBytes.named('C', 'S', STATEMENT),
                      PgBytes.parse(STATEMENT, "select 'first'"),
                      PgBytes.sync())
                  .readUntil('Z');
          assertEquals("312DC31Z", types(again));
          assertEquals("third", value(again));
        });
  }

  /** Needs the settings in a shared statement's identity: a neighbour prepares this very text. */
  @Test
  void theSameTextUnderOtherSettingsIsAnotherStatement() throws Exception {
    run(session, "set datestyle = 'ISO, DMY'");
    prepare(session, "date", "select date '01/02/2026'");
    two.onBoth(session, () -> assertEquals("2026-02-01", value(execute(session, "date"))));
  }

  /** Needs effects undone: the failed name must be free on whatever backend comes. */
  @Test
  void aFailedParseLeavesNoName() throws Exception {
    two.onBoth(
        session,
        () -> {
          assertEquals("42P01", error(prepare(session, STATEMENT, "select * from not_yet")));
          assertEquals("26000", error(execute(session, STATEMENT)));
        });
    run(two.admin(), "create table not_yet as select 5 as five");
    try {
      assertEquals("1Z", types(prepare(session, STATEMENT, "select * from not_yet")));
      two.onBoth(session, () -> assertEquals("5", value(execute(session, STATEMENT))));
    } finally {
      run(two.admin(), "drop table not_yet");
    }
  }

  /** Needs the eldest closed and parsed again: the fixture's backends keep twenty. */
  @Test
  void moreStatementsThanABackendKeepsAreAllThereInOnePipeline() throws Exception {
    int all = 50;
    List<byte[]> parses = new ArrayList<>();
    List<byte[]> executions = new ArrayList<>();
    for (int i = 0; i < all; i++) {
      parses.add(PgBytes.parse("many" + i, "select 'many " + i + "'"));
      executions.add(PgBytes.bind("", "many" + i));
      executions.add(PgBytes.execute("", 0));
    }
    parses.add(PgBytes.sync());
    executions.add(PgBytes.sync());
    assertEquals(
        "1".repeat(all) + "Z", types(session.send(parses.toArray(byte[][]::new)).readUntil('Z')));
    two.onBoth(
        session,
        () -> {
          List<PgMessage> answer = session.send(executions.toArray(byte[][]::new)).readUntil('Z');
          assertEquals("2DC".repeat(all) + "Z", types(answer));
          List<String> rows =
              RawPgClient.rows(answer).map(row -> String.valueOf(row.getFirst())).toList();
          for (int i = 0; i < all; i++) {
            assertEquals("many " + i, rows.get(i));
          }
          assertEquals("t", session.value("select count(*) <= 20 from pg_prepared_statements"));
        });
  }

  /** Needs the second batch held back until it is known whether the Parse was skipped. */
  @Test
  void aParseThatWasSkippedIsNotThereForWhatFollowsInThePipeline() throws Exception {
    prepare(session, "known", "select 6");
    two.onBoth(
        session,
        () -> {
          session.send(
              PgBytes.parse("", "select broken"),
              PgBytes.parse(STATEMENT, "select 6"),
              PgBytes.sync(),
              PgBytes.query("execute " + STATEMENT),
              PgBytes.bind("", STATEMENT),
              PgBytes.execute("", 0),
              PgBytes.sync());
          assertEquals("42703", error(session.readUntil('Z')));
          assertEquals("26000", error(session.readUntil('Z')), "by text");
          assertEquals("26000", error(session.readUntil('Z')), "by the protocol");
          assertEquals("6", value(execute(session, "known")));
        });
  }

  /** Needs a doubt with the Bind: what a statement prepared by text does only the server knows. */
  @Test
  void whatAStatementPreparedByTextSetsIsTheSessions() throws Exception {
    run(session, "prepare " + PREPARED + " as select set_config('app.paint', 'by ' || $1, false)");
    assertEquals("by me", value(execute(session, PREPARED, "me")));
    run(session, "deallocate " + PREPARED);
    two.onBoth(
        session,
        () -> assertEquals("by me", session.value("select current_setting('app.paint', true)")));
  }

  /** Needs a text that comes again parsed under its session's settings on whichever backend. */
  @Test
  void aTextWithoutANameThatComesAgainMeansWhatItMeansToItsSession() throws Exception {
    run(session, "set datestyle = 'SQL, DMY'");
    String text = "select to_char(date '01/02/2026', 'Mon') || which from item";
    two.onBoth(
        session,
        () -> {
          for (int i = 0; i < 5; i++) {
            assertEquals("1Z", types(prepare(session, "", text)));
            assertEquals("Febpublic", value(execute(session, "")));
          }
        });
    run(session, "set search_path = mine");
    two.onBoth(
        session,
        () -> {
          for (int i = 0; i < 5; i++) {
            assertEquals("1Z", types(prepare(session, "", text)));
            assertEquals("Febmine", value(execute(session, "")));
          }
        });
    run(session, "reset all");
  }

  /** Needs "cached plan must not change result type" kept from a client that describes. */
  @Test
  void aStatementWhoseRowsHaveChangedRunsOnWhicheverBackendKnewTheOldOnes() throws Exception {
    run(two.admin(), "create table shape as select 1 as a");
    assertEquals("1Z", types(prepare(session, "shape", "select * from shape")));
    int[] columns = {1};
    two.onBoth(session, () -> assertEquals(columns[0], described("shape")));
    run(two.admin(), "alter table shape add b text");
    columns[0] = 2;
    two.onBoth(session, () -> assertEquals(columns[0], described("shape")));
    run(two.admin(), "drop table shape");
  }

  /** How many columns the portal has that the statement is bound to. */
  private int described(String statement) throws Exception {
    List<PgMessage> answer =
        session
            .send(
                PgBytes.bind("", statement),
                PgBytes.named('D', 'P', ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("2TDCZ", types(answer), answer.toString());
    return RawPgClient.rows(answer).findFirst().orElseThrow().size();
  }
}
