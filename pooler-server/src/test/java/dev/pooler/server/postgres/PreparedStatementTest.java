package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
    seen.add(String.valueOf(a.value("select pg_backend_pid()")));
    steps.run();
    String first = a.value("select pg_backend_pid()");
    blocker.query("begin");
    if (String.valueOf(first).equals(blocker.value("select pg_backend_pid()"))) {
      seen.add(String.valueOf(a.value("select pg_backend_pid()")));
      steps.run();
      blocker.query("commit");
    } else {
      b.query("begin");
      b.value("select 1");
      blocker.query("commit");
      seen.add(String.valueOf(a.value("select pg_backend_pid()")));
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
    onBothBackends(() -> assertEquals("12", value(execute(a, name))));
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
    String pid = a.value("select pg_backend_pid()");
    for (int i = 0; i < 5; i++) {
      b.query("select 1");
      assertEquals(pid, a.value("select pg_backend_pid()"), "pinned");
    }
    execute(a, "unlock");
    blocker.query("begin");
    blocker.value("select 1");
    b.query("begin");
    b.value("select 1");
    blocker.query("commit");
    b.query("commit");
  }
}
