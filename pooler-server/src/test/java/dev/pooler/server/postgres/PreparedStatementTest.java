package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Prepared statements in transaction mode, each used while its session is seen on two backends: a
 * transaction of another session holds one of them whenever the test says so.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class PreparedStatementTest {
  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;
  private RawPgClient blocker;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
    blocker = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    blocker.close();
    pooler.close();
  }

  /** Runs on each of the two backends in turn. */
  private void onBothBackends(Steps steps) throws Exception {
    Set<String> seen = new HashSet<>();
    seen.add(String.valueOf(a.value("select pg_backend_pid() where true")));
    steps.run();
    String first = a.value("select pg_backend_pid() where true");
    blocker.query("begin");
    if (String.valueOf(first).equals(blocker.value("select pg_backend_pid() where true"))) {
      seen.add(String.valueOf(a.value("select pg_backend_pid() where true")));
      steps.run();
      blocker.query("commit");
    } else {
      b.query("begin");
      b.value("select 1");
      blocker.query("commit");
      seen.add(String.valueOf(a.value("select pg_backend_pid() where true")));
      steps.run();
      b.query("commit");
    }
    assertEquals(2, seen.size(), "two backends were behind it");
  }

  @FunctionalInterface
  private interface Steps {
    void run() throws Exception;
  }

  private static List<PgMessage> execute(RawPgClient client, String name, String... values)
      throws Exception {
    return client
        .send(PgBytes.bind("", name, values), PgBytes.execute("", 0), PgBytes.sync())
        .readUntil('Z');
  }

  private static List<PgMessage> prepare(RawPgClient client, String name, String sql)
      throws Exception {
    return client.send(PgBytes.parse(name, sql), PgBytes.sync()).readUntil('Z');
  }

  private static String value(List<PgMessage> messages) {
    return String.valueOf(RawPgClient.rows(messages).findFirst().orElseThrow().getFirst());
  }

  private static String error(List<PgMessage> messages) {
    return messages.stream()
        .filter(message -> message.type() == 'E')
        .findFirst()
        .map(message -> String.valueOf(message.sqlState()))
        .orElse("none");
  }

  /** Needs the Parse that a backend is given in front of the Bind, and its answer swallowed. */
  @Test
  @Tag("case-56")
  void aNamedStatementGoesWithItsSession() throws Exception {
    assertEquals("1Z", RawPgClient.types(prepare(a, "s", "select 'a' || $1::text")));
    assertEquals("1Z", RawPgClient.types(prepare(b, "s", "select 'b' || $1::text")));
    onBothBackends(() -> {
      List<PgMessage> reply = execute(a, "s", "1");
      assertEquals("2DCZ", RawPgClient.types(reply));
      assertEquals("a1", value(reply));
      List<PgMessage> described =
          a.send(PgBytes.named('D', 'S', "s"), PgBytes.sync()).readUntil('Z');
      assertEquals("tTZ", RawPgClient.types(described));
    });
    assertEquals("b2", value(execute(b, "s", "2")));
  }

  /** Needs the stand-in for a Parse of what the backend holds, in its place in the pipeline. */
  @Test
  @Tag("case-56")
  @Tag("case-70")
  void theAnswersToABatchOfManyParsesComeInOrder() throws Exception {
    for (RawPgClient client : List.of(a, b)) {
      List<PgMessage> reply =
          client
              .send(
                  PgBytes.parse("one", "select 1"),
                  PgBytes.named('D', 'S', "one"),
                  PgBytes.parse("two", "select 2"),
                  PgBytes.bind("", "one"),
                  PgBytes.execute("", 0),
                  PgBytes.parse("three", "select 1"),
                  PgBytes.bind("", "three"),
                  PgBytes.named('D', 'P', ""),
                  PgBytes.execute("", 0),
                  PgBytes.named('C', 'S', "two"),
                  PgBytes.sync())
              .readUntil('Z');
      assertEquals("1tT12DC12TDC3Z", RawPgClient.types(reply));
    }
  }

  /** Needs the stand-in answered without a Sync. */
  @Test
  @Tag("case-32")
  void aParseAndAFlushAreAnsweredThoughTheBackendKnowsTheStatement() throws Exception {
    prepare(a, "s", "select 7");
    assertEquals(
        "1",
        RawPgClient.types(
            b.send(PgBytes.parse("mine", "select 7"), PgBytes.flush()).readUntil('1')));
    assertEquals("Z", RawPgClient.types(b.send(PgBytes.sync()).readUntil('Z')));
    assertEquals("7", value(execute(b, "mine")));
  }

  /** Needs effects undone: without, the failed name stays, and is taken when it is tried again. */
  @Test
  @Tag("case-57")
  void aFailedParseLeavesNoName() throws Exception {
    assertEquals("42P01", error(prepare(a, "s", "select * from prepared_nowhere")));
    assertEquals("26000", error(execute(a, "s")));
    assertEquals("1Z", RawPgClient.types(prepare(a, "s", "select 5")));
    assertEquals("5", value(execute(a, "s")));
  }

  /** Needs the stall: the second batch depends on whether the first one's Parse was skipped. */
  @Test
  @Tag("case-57")
  @Tag("case-67")
  void aParseThatWasSkippedIsNotThereForTheNextBatchOfThePipeline() throws Exception {
    prepare(b, "known", "select 6");
    List<PgMessage> replies =
        a.send(
                PgBytes.parse("", "select broken from nowhere"),
                PgBytes.parse("s", "select 6"),
                PgBytes.sync(),
                PgBytes.bind("", "s"),
                PgBytes.execute("", 0),
                PgBytes.sync(),
                PgBytes.query("select 8"))
            .readUntil('C');
    assertEquals("EZEZTDC", RawPgClient.types(replies));
    assertEquals("26000", String.valueOf(replies.get(2).sqlState()));
    a.readUntil('Z');
  }

  /** Needs a Parse of ours that the server has skipped to be undone: the backend has nothing. */
  @Test
  @Tag("case-57")
  void aStatementWhoseParseWasSkippedIsBroughtAgain() throws Exception {
    prepare(a, "s", "select 9");
    blocker.query("begin");
    String elsewhere = blocker.value("select pg_backend_pid()");
    List<PgMessage> reply =
        a.send(
                PgBytes.parse("", "select broken from nowhere"),
                PgBytes.bind("", "s"),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("EZ", RawPgClient.types(reply));
    assertEquals("9", value(execute(a, "s")));
    assertNotEquals(elsewhere, a.value("select pg_backend_pid()"));
    blocker.query("commit");
  }

  /** Needs the name refused by the server itself, under its own name for the statement. */
  @Test
  @Tag("case-60")
  void aNameThatIsTakenIsRefusedAndTheStatementStays() throws Exception {
    prepare(a, "s", "select 1");
    onBothBackends(() -> {
      assertEquals("42P05", error(prepare(a, "s", "select 2")));
      assertEquals("1", value(execute(a, "s")));
    });
  }

  @Test
  @Tag("case-61")
  void closingFreesTheNameAndClosingAPortalOfThatNameDoesNot() throws Exception {
    prepare(a, "s", "select 1");
    assertEquals(
        "3Z",
        RawPgClient.types(a.send(PgBytes.named('C', 'P', "s"), PgBytes.sync()).readUntil('Z')));
    assertEquals("1", value(execute(a, "s")));
    for (int i = 0; i < 2; i++) {
      assertEquals(
          "3Z",
          RawPgClient.types(a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z')));
    }
    assertEquals("26000", error(execute(a, "s")));
    assertEquals("1Z", RawPgClient.types(prepare(a, "s", "select 3")));
    assertEquals("3", value(execute(a, "s")));
  }

  @Test
  @Tag("case-62")
  void anUnknownNameIsTheServersToRefuse() throws Exception {
    prepare(b, "theirs", "select 1");
    assertEquals("26000", error(execute(a, "theirs")));
    assertEquals(
        "26000", error(a.send(PgBytes.named('D', 'S', "theirs"), PgBytes.sync()).readUntil('Z')));
  }

  /** Needs the shared name written into the text, and the Parse that goes before it. */
  @Test
  @Tag("case-63")
  void deallocateAndExecuteByTextReachTheStatementOfTheProtocol() throws Exception {
    prepare(a, "s", "select 'mine ' || $1::int");
    prepare(b, "s", "select 'other'");
    onBothBackends(() -> assertEquals("mine 4", a.value("execute s(4)")));
    onBothBackends(() -> assertEquals("TDCZ", RawPgClient.types(a.query("explain execute s(1)"))));
    assertEquals("CZ", RawPgClient.types(a.query("deallocate \"s\"")));
    assertEquals("26000", error(execute(a, "s", "1")));
    assertEquals("26000", error(a.query("deallocate s")));
    assertEquals("other", value(execute(b, "s")));
    prepare(a, "s", "select 'again'");
    a.query("deallocate all");
    assertEquals("26000", error(execute(a, "s")));
    assertEquals("other", value(execute(b, "s")), "others keep theirs");
    a.query("discard all");
    assertEquals("other", value(execute(b, "s")));
  }

  /** As psycopg 3 does it. Needs the name in a Parse changed, and the name freed by its Execute. */
  @Test
  @Tag("case-63")
  void deallocateAndExecuteInTheExtendedProtocolReachTheStatementToo() throws Exception {
    prepare(a, "s", "select 'mine ' || 4");
    prepare(b, "s", "select 'mine ' || 4");
    onBothBackends(() -> {
      List<PgMessage> reply =
          a.send(PgBytes.parse("", "execute s"), PgBytes.bind("", ""))
              .send(PgBytes.named('D', 'P', ""), PgBytes.execute("", 0), PgBytes.sync())
              .readUntil('Z');
      assertEquals("12TDCZ", RawPgClient.types(reply));
      assertEquals("mine 4", value(reply));
    });
    List<PgMessage> failed =
        a.send(PgBytes.parse("", "select 1/0"), PgBytes.bind("", ""), PgBytes.execute("", 0))
            .send(PgBytes.parse("", "deallocate s"), PgBytes.bind("", ""), PgBytes.execute("", 0))
            .send(PgBytes.sync())
            .readUntil('Z');
    assertEquals("22012", error(failed));
    assertEquals("mine 4", value(execute(a, "s")), "it was skipped");
    for (RawPgClient client : List.of(a, b)) {
      List<PgMessage> gone =
          client
              .send(PgBytes.parse("", "deallocate s"), PgBytes.bind("", ""))
              .send(PgBytes.execute("", 0), PgBytes.sync())
              .readUntil('Z');
      assertEquals("12CZ", RawPgClient.types(gone));
      assertEquals("26000", error(execute(client, "s")));
      assertEquals("1Z", RawPgClient.types(prepare(client, "s", "select 'mine ' || 4")));
    }
    onBothBackends(() -> assertEquals("mine 4", value(execute(a, "s"))));
  }

  /** Needs the shared name put back into the server's error. */
  @Test
  @Tag("case-60")
  void anErrorTellsTheClientsOwnName() throws Exception {
    prepare(a, "schön", "select $1::int");
    assertEquals(
        "prepared statement \"schön\" already exists", message(prepare(a, "schön", "select 2")));
    String said = message(execute(a, "schön"));
    assertTrue(said.endsWith("but prepared statement \"schön\" requires 1"), said);
    assertEquals("7", value(execute(a, "schön", "7")));
  }

  private static String message(List<PgMessage> messages) {
    byte[] body = messages.stream().filter(PgMessage::isError).findFirst().orElseThrow().body();
    String fields = new String(body, StandardCharsets.UTF_8);
    int from = fields.indexOf("\0M") + 2;
    return fields.substring(from, fields.indexOf('\0', from));
  }

  /** Needs the settings in the statement's identity: without, the second is the first's. */
  @Test
  @Tag("case-64")
  void theSameTextUnderOtherSettingsIsAnotherStatement() throws Exception {
    a.query("set datestyle = 'ISO, DMY'");
    b.query("set datestyle = 'ISO, MDY'");
    prepare(a, "s", "select date '01/02/2026'");
    prepare(b, "s", "select date '01/02/2026'");
    onBothBackends(() -> {
      assertEquals("2026-02-01", value(execute(a, "s")));
      assertEquals("2026-01-02", value(execute(b, "s")));
    });
  }

  /** Needs the forgetting of statements at a definition: else b gets the plan of before. */
  @Test
  @Tag("case-65")
  void whatIsPreparedAfterADefinitionChangedIsParsedAnew() throws Exception {
    b.query("drop table if exists shape; create table shape (i int); insert into shape values (7)");
    prepare(a, "s", "select * from shape");
    assertEquals("[7]", rowOf(execute(a, "s")));
    b.query("alter table shape add column j int default 8");
    prepare(b, "s", "select * from shape");
    onBothBackends(() -> assertEquals("[7, 8]", rowOf(execute(b, "s"))));
    List<String> errors = new ArrayList<>();
    onBothBackends(() -> errors.add(error(execute(a, "s"))));
    assertTrue(errors.contains("0A000"), "as directly: the client knows one column " + errors);
    prepare(a, "s2", "select * from shape");
    onBothBackends(() -> assertEquals("[7, 8]", rowOf(execute(a, "s2"))));
  }

  /** Needs the forgetting of statements at the error: else preparing again never helps. */
  @Test
  @Tag("case-65")
  void whoPreparesAgainAfterAStalePlanIsServed() throws Exception {
    try (RawPgClient direct =
        RawPgClient.session(
            UnixDomainSocketAddress.of(SharedServer.get().socket()), "postgres", "postgres")) {
      direct.query("drop table if exists shape2; create table shape2 (i int)");
      prepare(a, "s", "select * from shape2");
      execute(a, "s");
      direct.query("alter table shape2 add column j int");
    }
    assertEquals("0A000", error(execute(a, "s")));
    a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
    prepare(a, "s", "select * from shape2");
    onBothBackends(() -> assertEquals("none", error(execute(a, "s"))));
  }

  private static String rowOf(List<PgMessage> messages) {
    return RawPgClient.rows(messages).findFirst().map(Object::toString).orElse("none");
  }

  @Test
  @Tag("case-59")
  void moreStatementsThanABackendKeepsAreAllThere() throws Exception {
    for (int i = 0; i < 600; i++) {
      assertEquals("1Z", RawPgClient.types(prepare(a, "s" + i, "select " + i)));
    }
    for (int i = 599; i >= 0; i -= 7) {
      assertEquals("" + i, value(execute(a, "s" + i)));
    }
    int held =
        Integer.parseInt(String.valueOf(a.value("select count(*) from pg_prepared_statements")));
    assertTrue(held <= 256, held + " are held");
    assertNotEquals(0, held);
  }

  /** Needs each Close in its place: what a backend gave up may be wanted again behind it. */
  @Test
  @Tag("case-59")
  void aBatchOfMoreStatementsThanABackendKeepsRunsThemAll() throws Exception {
    try (PoolerFixture small =
            PoolerFixture.start(
                SharedServer.get(),
                "databases: {postgres: {hosts: [\"unix:${PG}\"], user: postgres,"
                    + " pool: {size: 1, min-idle: 0, prepared-statements: 2}}}\n");
        RawPgClient c = small.session("postgres")) {
      List<byte[]> batch = new ArrayList<>();
      StringBuilder expected = new StringBuilder();
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
          if (round == 0) {
            batch.add(PgBytes.parse("s" + i, "select " + i));
          }
          batch.add(PgBytes.bind("", "s" + i));
          batch.add(PgBytes.execute("", 0));
          expected.append(round == 0 ? "12DC" : "2DC");
        }
      }
      batch.add(PgBytes.sync());
      List<PgMessage> said = c.send(batch.toArray(byte[][]::new)).readUntil('Z');
      assertEquals(expected + "Z", RawPgClient.types(said));
      List<String> values =
          RawPgClient.rows(said).map(row -> String.valueOf(row.getFirst())).toList();
      assertEquals("012340123401234", String.join("", values));
      for (int i = 0; i < 5; i++) {
        assertEquals("" + i, value(execute(c, "s" + i)));
      }
    }
  }

  /** Needs a backend that owes an answer to go with its client: nobody hears what came of it. */
  @Test
  @Tag("case-58")
  void whatAClientParsedThatLeftBeforeItsSyncIsClaimedByNobody() throws Exception {
    for (int round = 0; round < 10; round++) {
      try (PoolerFixture single = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
          RawPgClient c = single.session("postgres")) {
        try (RawPgClient gone = single.session("postgres")) {
          // Answered with what comes next: the server keeps it back until a Sync or a Flush.
          gone.send(PgBytes.parse("x", "select 'kept'"));
        }
        assertEquals("1Z", RawPgClient.types(prepare(c, "z", "select 2")));
        assertEquals("1Z", RawPgClient.types(prepare(c, "x", "select 'kept'")));
        assertEquals("kept", value(execute(c, "x")));
        assertEquals("2", c.value("select count(*) from pg_prepared_statements"));
      }
    }
  }

  /**
   * Needs what the server refuses for ever to be parsed again: backends keep a statement that a
   * driver closes in order to prepare it anew.
   */
  @Test
  @Tag("case-65")
  void aStatementWhoseResultWouldChangeIsParsedAgain() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists widened; create table widened as select 1 as i");
      prepare(a, "s", "select * from widened");
      assertEquals("2DCZ", RawPgClient.types(execute(a, "s")));
      direct.query("alter table widened add column t text default 'new'");
      assertEquals("0A000", error(execute(a, "s")), "as the server says it");
      a.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
      assertEquals("1Z", RawPgClient.types(prepare(a, "s", "select * from widened")));
      List<PgMessage> said = execute(a, "s");
      assertEquals("2DCZ", RawPgClient.types(said));
      assertEquals(List.of("1", "new"), RawPgClient.rows(said).findFirst().orElseThrow());
      direct.query("alter table widened drop column i");
      a.query("begin");
      assertEquals("0A000", error(execute(a, "s")));
      a.query("rollback");
      assertEquals("new", value(execute(a, "s")));
      direct.query("drop table widened");
    }
  }

  /**
   * Needs a statement to be parsed under the settings that all who share it have: who has changed
   * them since brings one of its own to the next backend.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("case-64")
  void whoHasOtherSettingsSinceLeavesNoneBehindInWhatOthersShare(boolean local) throws Exception {
    String sql = "select to_char(date '01/02/2026', 'Mon')";
    String setting = local ? "set local datestyle = 'SQL, DMY'" : "set datestyle = 'SQL, DMY'";
    prepare(a, "s", sql);
    onBothBackends(() -> {
      a.query("begin");
      a.query(setting);
      execute(a, "s");
      a.query("execute s");
      a.query("commit");
    });
    try (RawPgClient other = pooler.session("postgres")) {
      prepare(other, "s", sql);
      a.close();
      a = other;
      onBothBackends(() -> {
        assertEquals("Jan", value(execute(other, "s")));
        assertEquals("Jan", other.value("execute s"));
      });
    }
  }

  /** Needs what was to be closed to be closed again: the server may have skipped that. */
  @Test
  @Tag("case-59")
  void whatABatchThatFailedWasToCloseIsThereForTheNext() throws Exception {
    try (PoolerFixture small =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["unix:${PG}"]
                    user: postgres
                    pool: {size: 1, min-idle: 0, prepared-statements: 1}
                """);
        RawPgClient client = small.session("postgres")) {
      prepare(client, "s1", "select 1");
      client.send(
          PgBytes.parse("", "selec"),
          PgBytes.parse("s2", "select 2"),
          PgBytes.sync(),
          PgBytes.bind("", "s1"),
          PgBytes.execute("", 0),
          PgBytes.sync());
      assertEquals("42601", error(client.readUntil('Z')));
      List<PgMessage> second = client.readUntil('Z');
      assertEquals("2DCZ", RawPgClient.types(second), second.toString());
    }
  }

  /** Needs a Close to give the name back: Elixir's drivers close what they used once. */
  @Test
  @Tag("case-71")
  void statementsThatAreClosedAfterTheirUseDoNotCount() throws Exception {
    for (int i = 0; i < 10_500; i += 100) {
      List<byte[]> batch = new ArrayList<>();
      for (int k = i; k < i + 100; k++) {
        batch.add(PgBytes.parse("ecto_" + k, "select 'one-off'"));
        batch.add(PgBytes.named('D', 'S', "ecto_" + k));
        batch.add(PgBytes.bind("", "ecto_" + k));
        batch.add(PgBytes.execute("", 0));
        batch.add(PgBytes.named('C', 'S', "ecto_" + k));
      }
      batch.add(PgBytes.sync());
      List<PgMessage> said = a.send(batch.toArray(byte[][]::new)).readUntil('Z');
      assertEquals("1tT2DC3".repeat(100) + "Z", RawPgClient.types(said), "from " + i);
    }
  }

  private static byte[] run(String name, String sql) {
    return PgBytes.joined(PgBytes.parse(name, sql), PgBytes.bind("", name), PgBytes.execute("", 0));
  }

  /** Needs the failure of a pipeline to take its names along, and the savepoint to stay. */
  @Test
  @Tag("case-71")
  void aSavepointAroundEachStatementIsAnsweredAsDirectly() throws Exception {
    byte[] close = PgBytes.named('C', 'S', "ecto");
    List<byte[]> steps =
        List.of(
            PgBytes.query("begin"),
            PgBytes.joined(
                run("", "savepoint postgrex_query"),
                run("ecto", "select broken from nowhere"),
                run("", "release savepoint postgrex_query"),
                PgBytes.sync()),
            PgBytes.joined(
                run("", "rollback to savepoint postgrex_query"),
                run("", "release savepoint postgrex_query"),
                PgBytes.sync()),
            PgBytes.joined(run("ecto", "select 2"), PgBytes.sync()),
            PgBytes.joined(close, PgBytes.sync()),
            PgBytes.joined(PgBytes.bind("", "ecto"), PgBytes.sync()),
            PgBytes.query("rollback"));
    try (RawPgClient direct = SharedServer.direct()) {
      for (byte[] step : steps) {
        assertEquals(
            SharedServer.text(direct.send(step).readUntil('Z')),
            SharedServer.text(a.send(step).readUntil('Z')));
      }
    }
  }

  /** Needs the text kept with the session. */
  @Test
  @Tag("case-60")
  void theStatementWithoutANameGoesWithItsSessionToo() throws Exception {
    prepare(a, "", "select 'unnamed of a'");
    prepare(b, "", "select 'unnamed of b'");
    assertEquals("unnamed of a", value(execute(a, "")));
    assertEquals("unnamed of b", value(execute(b, "")));
    assertEquals("unnamed of a", value(execute(a, "")));
    a.query("select 1");
    assertEquals("26000", error(execute(a, "")), "a simple query drops it");
  }

  @Test
  @Tag("case-66")
  void aNameOfThousandsOfBytesIsAName() throws Exception {
    String name = "n".repeat(3000);
    prepare(a, name, "select 12");
    onBothBackends(() -> {
      assertEquals("12", value(execute(a, name)));
      a.query("begin");
      byte[] bind = PgBytes.bind("", name);
      a.send(Arrays.copyOf(bind, 1_500));
      assertEquals(3, pooler.clients(), "what was sent is read meanwhile");
      a.send(Arrays.copyOfRange(bind, 1_500, bind.length), PgBytes.execute("", 0), PgBytes.sync());
      assertEquals("12", value(a.readUntil('Z')));
      a.query("commit");
    });
  }

  /** Running it must count, not preparing it: the lock is taken in another lease. */
  @Test
  @Tag("case-85")
  void whatAPreparedStatementLeavesPinsWhenItRuns() throws Exception {
    prepare(a, "lock", "select pg_advisory_lock(77)");
    prepare(a, "unlock", "select pg_advisory_unlock(77)");
    assertEquals(
        "0",
        pooler.samples("pooler_pins_total").stream()
            .filter(line -> line.contains("advisory_lock"))
            .map(line -> line.substring(line.lastIndexOf(' ') + 1).replace(".0", ""))
            .findFirst()
            .orElse("0"));
    execute(a, "lock");
    String pid = a.value("select pg_backend_pid() where true");
    for (int i = 0; i < 5; i++) {
      b.query("select 1");
      assertEquals(pid, a.value("select pg_backend_pid() where true"), "pinned");
    }
    execute(a, "unlock");
    blocker.query("begin");
    blocker.value("select 1");
    b.query("begin");
    b.value("select 1");
    blocker.query("commit");
    b.query("commit");
  }

  /** Needs it to be asked what the backend held before: this one never held the statement. */
  @Test
  @Tag("case-63")
  void namesOutliveAReadBackOnABackendThatNeverHeldThem() throws Exception {
    prepare(a, "s", "select 'kept'");
    onBothBackends(() -> {
      assertEquals("26000", error(a.query("deallocate nobody")));
      assertEquals("kept", value(execute(a, "s")));
    });
  }

  /** Needs the answer to a query that frees all names taken at once, not with the transaction. */
  @Test
  @Tag("case-63")
  void whatIsPreparedAgainBehindADeallocateAllInATransactionIsThere() throws Exception {
    prepare(a, "s", "select 'once'");
    a.query("begin");
    a.query("deallocate all");
    assertEquals("1Z", RawPgClient.types(prepare(a, "s", "select 'once'")));
    assertEquals("once", value(execute(a, "s")));
    a.query("rollback");
    onBothBackends(() -> assertEquals("once", value(execute(a, "s"))));
  }

  /** Needs the query held back until it is known whether its statement's Parse was skipped. */
  @Test
  @Tag("case-63")
  @Tag("case-67")
  void executeByTextWaitsForTheParseThatItNames() throws Exception {
    prepare(b, "known", "select 6");
    execute(b, "known");
    a.send(
        PgBytes.parse("", "select broken from nowhere"),
        PgBytes.parse("s", "select 6"),
        PgBytes.sync(),
        PgBytes.query("execute s"),
        PgBytes.parse("s", "select 6"),
        PgBytes.sync(),
        PgBytes.query("execute s"));
    assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("26000", error(a.readUntil('Z')));
    assertEquals("1Z", RawPgClient.types(a.readUntil('Z')));
    assertEquals("6", value(a.readUntil('Z')));
  }

  /** Needs DEALLOCATE to be alone: its name must not be kept because its neighbour failed. */
  @Test
  @Tag("case-63")
  void deallocateByTextInAPipelineFreesItsNameWhateverFailsBehindIt() throws Exception {
    prepare(a, "s", "select 'old'");
    execute(a, "s");
    a.send(
        PgBytes.query("deallocate s"),
        PgBytes.query("select 1/0"),
        PgBytes.parse("s", "select 'new'"),
        PgBytes.sync());
    assertEquals("CZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("22012", error(a.readUntil('Z')));
    assertEquals("1Z", RawPgClient.types(a.readUntil('Z')));
    onBothBackends(() -> assertEquals("new", value(execute(a, "s"))));
  }

  /** Needs a doubt with the Bind: only the server knows what a statement of SQL text does. */
  @Test
  @Tag("case-63")
  @Tag("case-82")
  void whatIsSetByAStatementOfPrepareBoundByTheProtocolGoesWithItsSession() throws Exception {
    a.query("prepare p as select set_config('work_mem', '9MB', false)");
    assertEquals("9MB", value(execute(a, "p")));
    a.query("deallocate p");
    onBothBackends(() -> {
      assertEquals("9MB", a.value("show work_mem"));
      assertEquals("4MB", b.value("show work_mem"));
    });
  }

  /** Needs EXECUTE not to be taken for code that nobody can read, which pins for good. */
  @Test
  @Tag("case-63")
  void aStatementOfPreparePinsUntilItIsDeallocatedAndNoLonger() throws Exception {
    a.query("prepare p(text) as select set_config('app.prepared', $1, false)");
    assertEquals("first", a.value("execute p('first')"));
    assertEquals(1, pooler.metric("pooler_pins_total"));
    a.query("deallocate p");
    onBothBackends(() -> {
      assertEquals("first", a.value("select current_setting('app.prepared')"));
      assertEquals("26000", error(a.query("execute p('second')")));
    });
  }

  /** Needs it said again behind a question of ours, which drops it, on a lease that is kept. */
  @Test
  @Tag("case-60")
  void theStatementWithoutANameOutlivesAReadBackOfAPinnedSession() throws Exception {
    a.query("select pg_advisory_lock(78)");
    prepare(a, "set", "select set_config('work_mem', '5MB', false)");
    prepare(a, "", "select 'still here'");
    assertEquals("5MB", value(execute(a, "set")));
    assertEquals("still here", value(execute(a, "")));
    assertEquals("still here", value(execute(a, "")));
  }

  /**
   * Needs the client's Sync to pass where the server skips an EXECUTE behind an earlier failure.
   */
  @Test
  @Tag("case-33")
  void anExecuteByTextBehindAFailureIsSkippedWithIt() throws Exception {
    prepare(a, "s", "select 8");
    onBothBackends(() -> {
      a.send(PgBytes.parse("", "selec 1"), PgBytes.query("execute s"), PgBytes.sync());
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("8", value(a.query("execute s")));
    });
  }

  /** Needs the answer of a stand-in to be the client's, whatever of ours stands behind it. */
  @Test
  @Tag("case-56")
  void aParseThatIsKnownIsAnsweredAlsoInFrontOfAParseOfOurs() throws Exception {
    a.send(PgBytes.parse("one", "select 1"), PgBytes.parse("two", "select 2"), PgBytes.sync())
        .readUntil('Z');
    b.query("discard all"); // the one backend there is holds nothing any more
    assertEquals("1", value(execute(a, "one")));
    a.send(
        PgBytes.parse("again", "select 1"),
        PgBytes.bind("", "two"),
        PgBytes.execute("", 0),
        PgBytes.sync());
    assertEquals("12DCZ", RawPgClient.types(a.readUntil('Z')));
  }

  /** Needs a name to be decided that comes back because what replaced it has failed. */
  @Test
  @Tag("case-62")
  void aNameThatIsClosedAndNotGivenAgainIsNobodysAndKeepsNobodyWaiting() throws Exception {
    a.send(PgBytes.parse("s", "select 1"), PgBytes.sync()).readUntil('Z');
    a.send(PgBytes.named('C', 'S', "s"), PgBytes.parse("s", "selec"), PgBytes.sync());
    assertEquals("3EZ", RawPgClient.types(a.readUntil('Z')));
    assertEquals("26000", error(execute(a, "s")));
    a.send(PgBytes.parse("s", "select 2"), PgBytes.sync()).readUntil('Z');
    assertEquals("2", value(execute(a, "s")));
  }

  /**
   * Needs a statement not to be parsed for all where a table of this session stands in front of
   * theirs: they would be told that its result has changed.
   */
  @Test
  @Tag("case-64")
  void aSharedStatementIsNotParsedAmongASessionsOwnTables() throws Exception {
    String text = "select v from shadowed";
    try (PoolerFixture one = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
        RawPgClient first = one.session("postgres");
        RawPgClient second = one.session("postgres");
        RawPgClient third = one.session("postgres");
        RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists shadowed; create table shadowed (v int)");
      direct.query("insert into shadowed values (1)");
      prepare(first, "s", text);
      prepare(second, "s", text);
      third.query("discard all"); // the backend holds nothing any more
      first.query("begin; create temp table shadowed (v text) on commit drop");
      first.query("insert into shadowed values ('mine')");
      assertEquals("mine", value(execute(first, "s")));
      first.query("commit");
      second.query("begin; select 1"); // where nothing can be run again unnoticed
      List<PgMessage> seen = execute(second, "s");
      assertEquals("none", error(seen));
      assertEquals("1", value(seen));
      second.query("commit");
      direct.query("drop table shadowed");
    }
  }

  /** Needs to be forgotten with a batch what was said in it. */
  @Test
  @Tag("case-65")
  void aBatchThatIsRunAgainSaysItsParametersWhateverWasSaidBefore() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists gone, grown; create table gone (i int)");
      direct.query("create table grown (i int)");
      prepare(a, "gone", "select i from gone");
      prepare(a, "grown", "select * from grown");
      assertEquals("2CZ", RawPgClient.types(execute(a, "grown")));
      direct.query("drop table gone; alter table grown add column j int");
      a.send(PgBytes.named('D', 'S', "gone"), PgBytes.sync());
      assertEquals("tEZ", RawPgClient.types(a.readUntil('Z')));
      a.send(
          PgBytes.bind("", "grown"),
          PgBytes.named('D', 'S', "grown"),
          PgBytes.execute("", 0),
          PgBytes.sync());
      assertEquals("2tTCZ", RawPgClient.types(a.readUntil('Z')));
      direct.query("drop table grown");
    }
  }
}
