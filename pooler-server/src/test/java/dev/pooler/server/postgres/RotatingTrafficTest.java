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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Messages of one session that is seen on two backends amid noisy neighbours: in their order,
 * whole, and its own. One neighbour is cancelled, one dies and one fails all the time.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class RotatingTrafficTest {
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

  private static byte[] unit(String sql) {
    return PgBytes.joined(PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void runs(String sql) throws Exception {
    PoolerFixture.await(
        sql + " runs",
        () ->
            "1"
                .equals(
                    two.admin()
                        .value(
                            "select count(*) from pg_stat_activity where state = 'active'"
                                + " and query = '"
                                + sql
                                + "'")));
  }

  private void cancel(byte[] key) throws IOException {
    try (RawPgClient request = two.pooler().raw()) {
      request.send(PgBytes.cancelRequest(key));
      assertTrue(request.atEnd(), "a cancel is answered by the close");
    }
  }

  private static byte[] key(List<PgMessage> welcome) {
    return welcome.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().body();
  }

  /** Needs the key mapped to the backend of the moment; neighbours find out if they are hit. */
  @Test
  void aCancelHitsTheStatementOfItsSessionWhereverItRuns() throws Exception {
    RawPgClient keyed = two.connect();
    byte[] key = key(keyed.login(TwoBackends.startup()));
    two.onBoth(
        keyed,
        () -> {
          keyed.send(PgBytes.query("select pg_sleep(29)"));
          runs("select pg_sleep(29)");
          cancel(key);
          assertEquals("57014", error(keyed.readUntil('Z')));
          for (int i = 0; i < 5; i++) {
            cancel(key); // there is nothing of this session to hit
            assertEquals("7", keyed.value("select 7"));
          }
        });
  }

  /** A process id that a client was told is no other session's. */
  @Test
  void theProcessIdOfTheWelcomeEndsNobodyElse() throws Exception {
    RawPgClient keyed = two.connect();
    int told = ByteBuffer.wrap(key(keyed.login(TwoBackends.startup()))).getInt();
    two.onBoth(
        keyed,
        () -> {
          String hit = error(keyed.query("select pg_cancel_backend(" + told + ")"));
          assertTrue(hit.equals("none") || hit.equals("57014"), hit);
          assertEquals("7", keyed.value("select 7"));
        });
  }

  /** Needs the process id of the backend of the moment in the Bind; else it hits a neighbour. */
  @Test
  void aBoundProcessIdIsThatOfTheSessionWhereverItIs() throws Exception {
    RawPgClient keyed = two.connect();
    int told = ByteBuffer.wrap(key(keyed.login(TwoBackends.startup()))).getInt();
    prepare(keyed, "own", "select pg_cancel_backend($1)");
    two.onBoth(
        keyed,
        () -> {
          for (int i = 0; i < 5; i++) {
            assertEquals("57014", error(execute(keyed, "own", "" + told)));
            assertEquals("7", keyed.value("select 7"));
          }
        });
  }

  @Test
  void copyInAndOutAreTheSessionsOwn() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "truncate copied");
          session.send(PgBytes.query("copy copied from stdin")).readUntil('G');
          for (int i = 0; i < 100; i++) {
            session.send(PgBytes.copyData(bytes(i + "\trow " + i + "\n")));
          }
          session.send(PgBytes.copyDone());
          assertEquals("CZ", types(session.readUntil('Z')));
          List<PgMessage> out = session.query("copy (select * from copied order by i) to stdout");
          assertEquals("H" + "d".repeat(100) + "cCZ", types(out));
          assertEquals("17\trow 17\n", new String(out.get(18).body(), StandardCharsets.UTF_8));
          session.send(PgBytes.query("copy copied from stdin")).readUntil('G');
          session.send(PgBytes.copyData(bytes("1\tno")), PgBytes.copyFail("no more"));
          assertEquals("57014", error(session.readUntil('Z')));
          assertEquals("100", session.value("select count(*) from copied"));
        });
  }

  @Test
  void aLargeObjectIsWrittenAndReadInTransactions() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          String oid = session.value("select lo_create(0)");
          assertEquals("0", session.value("select lo_open(" + oid + ", 131072)"));
          assertEquals("5", session.value("select lowrite(0, 'large')"));
          assertEquals("0", session.value("select lo_lseek(0, 0, 0)"));
          assertEquals("\\x6c61726765", session.value("select loread(0, 10)"));
          run(session, "commit");
          assertEquals("42704", error(session.query("select loread(0, 10)")), "it is closed");
          assertEquals("\\x6c61726765", session.value("select lo_get(" + oid + ")"));
          run(session, "select lo_unlink(" + oid + ")");
        });
  }

  @Test
  void aPortalWithARowLimitGoesOnInItsTransaction() throws Exception {
    prepare(session, "rows", "select generate_series(1, $1::int)");
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          session.send(PgBytes.bind("p", "rows", "10"), PgBytes.execute("p", 3), PgBytes.sync());
          assertEquals("2DDDsZ", types(session.readUntil('Z')));
          session.send(PgBytes.execute("p", 3), PgBytes.flush());
          List<PgMessage> next = session.readUntil('s');
          assertEquals("DDDs", types(next));
          assertEquals("4", String.valueOf(next.getFirst().row().getFirst()));
          session.send(PgBytes.execute("p", 0), PgBytes.sync());
          assertEquals("DDDDCZ", types(session.readUntil('Z')));
          run(session, "commit");
          session.send(PgBytes.execute("p", 0), PgBytes.sync());
          assertEquals("34000", error(session.readUntil('Z')));
        });
  }

  /** Each message with all of its bytes, of a long talk with several batches on their way. */
  @Test
  void aPipelineIsAnsweredAsByAServerOfItsOwn() throws Exception {
    List<byte[]> talk = new ArrayList<>();
    int readies = 0;
    for (int i = 0; i < 30; i++) {
      talk.add(unit("select " + i + ", 'mine', repeat('x', " + 40 * i + ")"));
      talk.add(PgBytes.named('D', 'P', ""));
      if (i % 3 == 0) {
        talk.add(PgBytes.sync());
        readies++;
      }
      if (i % 7 == 0) {
        talk.add(unit("select 1/0"));
        talk.add(unit("select 'skipped'"));
        talk.add(PgBytes.sync());
        readies++;
      }
      if (i % 10 == 0) {
        talk.add(PgBytes.query("select 'simple " + i + "'; select " + i));
        readies++;
      }
    }
    talk.add(PgBytes.sync());
    readies++;
    byte[] all = PgBytes.joined(talk.toArray(byte[][]::new));
    List<String> expected;
    try (RawPgClient direct = TwoBackends.direct()) {
      expected = answers(direct, all, readies);
    }
    int count = readies;
    two.onBoth(session, () -> assertEquals(expected, answers(session, all, count)));
  }

  private static List<String> answers(RawPgClient client, byte[] talk, int readies)
      throws IOException {
    client.send(talk);
    List<PgMessage> all = new ArrayList<>();
    for (int i = 0; i < readies; i++) {
      all.addAll(client.readUntil('Z'));
    }
    return SharedServer.text(all);
  }

  @Test
  void whatFollowsAnErrorIsSkippedToItsSyncAndNoFurther() throws Exception {
    two.onBoth(
        session,
        () -> {
          session.send(
              unit("select 1"),
              unit("select missing"),
              unit("select 2"),
              PgBytes.query("select 'skipped'"),
              PgBytes.sync(),
              unit("select 'served'"),
              PgBytes.sync());
          List<PgMessage> failed = session.readUntil('Z');
          assertEquals("12DCEZ", types(failed));
          assertEquals("42703", error(failed));
          assertEquals("served", value(session.readUntil('Z')));
        });
  }

  @Test
  void aFailedTransactionRefusesUntilItEndsAndLeavesNothing() throws Exception {
    two.onBoth(
        session,
        () -> {
          run(session, "begin");
          run(session, "insert into scratch values (3)");
          run(session, "savepoint a");
          assertEquals("22012", error(session.query("select 1/0")));
          assertEquals("25P02", error(session.query("select 1")));
          run(session, "rollback to a");
          assertEquals("1", session.value("select count(*) from scratch"));
          assertEquals("42601", error(session.query("selec 1")));
          session.send(unit("select 1"), PgBytes.sync());
          assertEquals("25P02", error(session.readUntil('Z')));
          List<PgMessage> commit = session.query("commit");
          assertEquals("ROLLBACK", commit.getFirst().strings().getFirst());
          assertEquals("0", session.value("select count(*) from scratch"));
        });
  }

  /** Needs the limits moved with their session; a neighbour has one of 61 seconds. */
  @Test
  void timeLimitsAreTheSessionsOwn() throws Exception {
    run(session, "set statement_timeout = '40ms'");
    run(session, "set lock_timeout = '30ms'");
    try (RawPgClient locker = TwoBackends.direct()) {
      run(locker, "begin; lock table copied");
      two.onBoth(
          session,
          () -> {
            assertEquals("57014", error(session.query("select pg_sleep(20)")));
            assertEquals("55P03", error(session.query("select count(*) from copied")));
          });
    }
    run(session, "set statement_timeout = default; reset lock_timeout");
    two.onBoth(
        session,
        () -> {
          assertEquals("0", session.value("show statement_timeout"));
          assertEquals("", session.value("select pg_sleep(0.06)"));
        });
  }

  /** A large answer, read late: none of it may be lost, doubled or another's. */
  @Test
  void aLargeAnswerIsWhole() throws Exception {
    two.onBoth(
        session,
        () -> {
          List<PgMessage> answer =
              session.query("select i, repeat('mine ', 100) from generate_series(1, 3000) i");
          assertEquals("T" + "D".repeat(3000) + "CZ", types(answer));
          assertEquals(
              3000L * 3001 / 2,
              RawPgClient.rows(answer)
                  .collect(Collectors.summarizingLong(row -> Long.parseLong(row.getFirst())))
                  .getSum());
          assertTrue(
              RawPgClient.rows(answer).allMatch(row -> "mine ".repeat(100).equals(row.get(1))));
        });
  }

  /** A whole transaction in one write, its BEGIN too. */
  @Test
  void aTransactionInOnePipelineRunsOnOneBackend() throws Exception {
    two.onBoth(
        session,
        () -> {
          session.send(
              PgBytes.query("begin"),
              PgBytes.query("set local work_mem = '7MB'"),
              PgBytes.query("show work_mem"),
              PgBytes.query("commit"),
              PgBytes.query("show work_mem"));
          assertEquals("CZ", types(session.readUntil('Z')));
          assertEquals("CZ", types(session.readUntil('Z')));
          assertEquals("7MB", value(session.readUntil('Z')));
          assertEquals("CZ", types(session.readUntil('Z')));
          assertEquals("4MB", value(session.readUntil('Z')));
        });
  }

  /** Needs a BEGIN that took no backend carried to the one of the first statement, whole. */
  @Test
  void aTransactionBegunWithoutABackendHasItsOptionsWhereItRuns() throws Exception {
    two.onBoth(
        session,
        () -> {
          session.send(PgBytes.query("begin isolation level repeatable read, read only"));
          assertEquals("CZ", types(session.readUntil('Z')));
          assertEquals("repeatable read", session.value("show transaction_isolation"));
          assertEquals("25006", error(session.query("insert into scratch values (3)")));
          assertEquals("25P02", error(session.query("select 1")));
          assertEquals("CZ", types(session.query("rollback")));
          assertEquals("read committed", session.value("show transaction_isolation"));
          assertEquals("off", session.value("show transaction_read_only"));
        });
  }

  /** The same in the extended protocol, where BEGIN is described, and with a savepoint. */
  @Test
  void aBeginOfTheExtendedProtocolIsTheFirstStatementsToo() throws Exception {
    two.onBoth(
        session,
        () -> {
          session.send(
              PgBytes.parse("", "begin"),
              PgBytes.bind("", ""),
              PgBytes.named('D', 'P', ""),
              PgBytes.execute("", 0),
              PgBytes.sync());
          assertEquals("12nCZ", types(session.readUntil('Z')));
          run(session, "insert into copied values (-1, 'kept not')");
          run(session, "savepoint a");
          assertEquals("22012", error(session.query("select 1/0")));
          run(session, "rollback to a");
          assertEquals("1", session.value("select count(*) from copied where i = -1"));
          run(session, "rollback");
          assertEquals("0", session.value("select count(*) from copied where i = -1"));
        });
  }

  /** Needs the id that the client knows shown by whichever process. */
  @Test
  void theProcessIdIsOneForTheWholeSession() throws Exception {
    RawPgClient keyed = two.connect();
    int told = ByteBuffer.wrap(key(keyed.login(TwoBackends.startup()))).getInt();
    two.onBoth(keyed, () -> assertEquals("" + told, keyed.value("select pg_backend_pid()")));
  }
}
