package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What {@code /sessions/n} and SHOW SESSION n tell of one session, part by part. */
@Timeout(60)
class SessionReportTest {
  private PoolerFixture pooler;
  private RawPgClient console;
  private RawPgClient client;
  private String id = "";

  @BeforeEach
  void start() throws IOException {
    pooler = PoolerFixture.start(SharedServer.get(), ConsoleTest.DATABASES);
    console = pooler.session("pooler");
    client = named("reported");
    id = idOf("reported");
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    console.close();
    pooler.close();
    SharedServer.endSleepers();
  }

  @Test
  void theStatementThatRunsIsShownAndTheLastOneWithoutWhatIsInItsStrings() throws Exception {
    assertNull(report().get("statement"));
    Instant before = Instant.now();
    client.send(PgBytes.query("select pg_sleep(20), 'hunter2'"));
    PoolerFixture.await("it runs", () -> "server".equals(report().get("waits-for")));
    Map<?, ?> running = part("statement");
    assertEquals("select pg_sleep(20), '…'", running.get("text"));
    assertEquals("runs", running.get("progress"));
    assertEquals(1, running.get("open"));
    assertNear(before, running.get("since"));
    assertFalse(pooler.get("/sessions/" + id).body().contains("hunter2"));
    PoolerFixture.await("for a second", () -> number("statement", "ms") > 1000);

    Instant end = Instant.now();
    SharedServer.endSleepers();
    client.close();
    client = named("later");
    id = idOf("later");
    client.query("select 1, 2");
    Map<?, ?> last = part("statement");
    assertEquals("select 1, 2", last.get("text"));
    assertEquals("answered", last.get("progress"));
    assertEquals(0, last.get("open"));
    assertNear(end, last.get("since"));
    client.query("select '" + "a".repeat(500) + "'");
    assertEquals("select …", part("statement").get("text"));
    String sum = "select " + "1+".repeat(500) + "1";
    client.query(sum);
    assertEquals(sum.substring(0, 256) + "…", part("statement").get("text"));
    client.query("begin");
    assertEquals("begin", part("statement").get("text"));
    assertEquals("in transaction", report().get("transaction"));
    assertNull(report().get("backend"));
    client.query("rollback");
  }

  @Test
  void whatABatchRunsIsTheStatementThatItBindsNotTheOneItParsesNext() throws Exception {
    client.send(PgBytes.parse("first", "select $1::int, 'hunter2'", 23), PgBytes.sync());
    client.readUntil('Z');
    assertEquals("select $1::int, '…'", part("statement").get("text"));
    client.query("select 5");
    client.send(PgBytes.bind("", "first", "1"), PgBytes.execute("", 0), PgBytes.sync());
    client.readUntil('Z');
    assertEquals("select $1::int, '…'", part("statement").get("text"));
    client.send(PgBytes.parse("", "select pg_sleep($1)"), PgBytes.sync());
    client.readUntil('Z');
    client.send(
        PgBytes.bind("", "first", "1"),
        PgBytes.execute("", 0),
        PgBytes.bind("", "", "20"),
        PgBytes.execute("", 0),
        PgBytes.sync());
    PoolerFixture.await("it runs", () -> "runs".equals(part("statement").get("progress")));
    assertEquals("select pg_sleep($1)", part("statement").get("text"));
    assertEquals(2, part("statement").get("open"));
  }

  @Test
  void namedStatementsAreListedWithTextTypesAndWhetherOthersHaveThem() throws Exception {
    client.send(
        PgBytes.parse("one", "select $1, $2, 'hunter2'", 25, 0),
        PgBytes.parse("two", "create temp table mine (x int)"),
        PgBytes.parse("", "select 3"),
        PgBytes.sync());
    client.readUntil('Z');
    List<?> statements = assertInstanceOf(List.class, report().get("statements"));
    assertEquals(2, statements.size());
    Map<?, ?> one = assertInstanceOf(Map.class, statements.getFirst());
    assertEquals("one", one.get("name"));
    assertEquals("select $1, $2, '…'", one.get("text"));
    assertEquals(List.of(25, 0), one.get("parameter-types"));
    assertEquals(true, one.get("shared"));
    Map<?, ?> two = assertInstanceOf(Map.class, statements.get(1));
    assertEquals("two", two.get("name"));
    assertEquals(List.of(), two.get("parameter-types"));
    assertEquals(2, report().get("prepared-statements"));
    assertEquals("select 3", part("unnamed-statement").get("text"));
    assertTrue(number("memory", "kept") > 2 * 192);
    client.send(PgBytes.named('C', 'S', "one"), PgBytes.named('C', 'S', "two"), PgBytes.sync());
    client.readUntil('Z');
    assertEquals(List.of(), report().get("statements"));
    assertEquals(0, part("memory").get("kept"));
    // A simple query drops the statement without a name, as the server does.
    client.query("select 4");
    assertNull(report().get("unnamed-statement"));
  }

  @Test
  void ofThousandsOfStatementsSomeAreListedAndAllCounted() throws Exception {
    List<byte[]> messages = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      messages.add(PgBytes.parse("s" + i, "select " + i));
    }
    messages.add(PgBytes.sync());
    client.send(messages.toArray(byte[][]::new));
    client.readUntil('Z');
    assertEquals(500, report().get("prepared-statements"));
    assertEquals(100, assertInstanceOf(List.class, report().get("statements")).size());
  }

  @Test
  void whatSqlTextHasPreparedIsNamedWithItsPin() throws Exception {
    client.query("prepare by_text as select 'hunter2'; prepare another as select 2");
    PoolerFixture.await("pinned", () -> !List.of().equals(report().get("pins")));
    assertEquals(List.of("another", "by_text"), report().get("prepared-by-text"));
    Map<?, ?> pin =
        assertInstanceOf(Map.class, assertInstanceOf(List.class, report().get("pins")).getFirst());
    assertEquals("prepared_statement", pin.get("reason"));
    assertEquals(
        "prepare by_text as select '…'; prepare another as select 2", pin.get("statement"));
    assertFalse(pooler.get("/pins").body().contains("hunter2"));
    client.query("deallocate all");
    PoolerFixture.await("no more", () -> List.of().equals(report().get("pins")));
    assertEquals(List.of(), report().get("prepared-by-text"));
  }

  @Test
  void settingsAreShownButNotTheValuesOfCustomOnes() throws Exception {
    client.query("set work_mem = '5MB'");
    client.query("set app.token = 'hunter2'");
    client.query("set search_path = " + "a".repeat(63) + ("," + "b".repeat(63)).repeat(9));
    Map<?, ?> settings = part("settings");
    assertEquals("reported", settings.get("application_name"));
    assertTrue(
        List.of("'5MB'", "5MB", "5120").contains("" + settings.get("work_mem")), "" + settings);
    assertEquals("***", settings.get("app.token"));
    assertEquals(201, String.valueOf(settings.get("search_path")).length());
    assertEquals(settings.size(), report().get("settings-count"));
    client.query("begin; set work_mem = '6MB'");
    assertEquals(true, report().get("in-doubt"));
    client.query("rollback");
    PoolerFixture.await("asked", () -> Boolean.FALSE.equals(report().get("in-doubt")));
  }

  @Test
  void itsBackendAndTheProcessIdThatItBelievesInAreShown() throws Exception {
    assertNull(report().get("server"));
    client.query("begin; select 1");
    Map<?, ?> server = part("server");
    assertEquals(client.value("select pg_backend_pid() where true"), "" + server.get("process-id"));
    assertEquals(client.value("select pg_backend_pid()"), "" + report().get("process-id"));
    assertEquals("unix", server.get("address"));
    assertEquals("transaction", report().get("mode"));
    assertEquals("leased", report().get("phase"));
    client.query("rollback");
  }

  @Test
  void whoWaitsIsShownWithWhatItAsksAndItsPlace() throws Exception {
    try (RawPgClient one = pooler.session("postgres");
        RawPgClient two = pooler.session("postgres");
        RawPgClient three = pooler.session("postgres")) {
      one.query("begin; select 1");
      two.query("begin; select 1");
      three.send(PgBytes.query("select 3"));
      PoolerFixture.await("one waits", () -> waiting() == 1);
      client.send(
          PgBytes.parse("s", "select 4, 'hunter2'"),
          PgBytes.bind("", "s"),
          PgBytes.execute("", 0),
          PgBytes.sync());
      PoolerFixture.await("two wait", () -> waiting() == 2);
      Map<?, ?> queue = part("queue");
      assertEquals(2, queue.get("waiting"));
      assertTrue(number("queue", "ahead") <= 1); // three is of another loop, or ahead
      Map<?, ?> statement = part("statement");
      assertEquals("select 4, '…'", statement.get("text"));
      assertEquals("waits", statement.get("progress"));
      assertEquals("backend", report().get("waits-for"));
      assertTrue(number("memory", "held") > 20);
      PoolerFixture.await("a while", () -> number("queue", "longest-ms") > 300);
      assertTrue(number("statement", "ms") > 0);
      one.query("commit");
      two.query("commit");
      client.readUntil('Z');
      assertNull(report().get("queue"));
      assertEquals(0, part("memory").get("held"));
    }
  }

  @Test
  void aBindThatWaitsShowsTheStatementOfItsName() throws Exception {
    client.send(PgBytes.parse("s", "select 4, 'hunter2'"), PgBytes.sync());
    client.readUntil('Z');
    client.query("select 5");
    try (RawPgClient one = pooler.session("postgres");
        RawPgClient two = pooler.session("postgres")) {
      one.query("begin; select 1");
      two.query("begin; select 1");
      client.send(PgBytes.bind("", "s"), PgBytes.execute("", 0), PgBytes.sync());
      PoolerFixture.await("it waits", () -> waiting() == 1);
      assertEquals("select 4, '…'", part("statement").get("text"));
      one.query("commit");
      client.readUntil('Z');
      two.query("commit");
    }
  }

  private long waiting() throws IOException {
    return sessions().stream().filter(one -> "backend".equals(one.get("waits-for"))).count();
  }

  @Test
  void whatItListensToIsShownWithWhoListens() throws Exception {
    assertNull(report().get("listens"));
    client.query("listen news; listen alarms");
    PoolerFixture.await(
        "moved",
        () ->
            report().get("listens") instanceof Map<?, ?> its
                && "listener".equals(its.get("place")));
    assertEquals(List.of("alarms", "news"), part("listens").get("channels"));
    assertEquals(2, part("listens").get("count"));
    client.query("begin");
    client.query("notify news");
    PoolerFixture.await("here", () -> "backend".equals(part("listens").get("place")));
    client.query("commit");
    client.query("unlisten *");
    PoolerFixture.await("no more", () -> report().get("listens") == null);
  }

  @Test
  void aClientThatHasToSendTheRestIsWaitedFor() throws Exception {
    client.query("create temp table copied (x text)");
    client.send(PgBytes.query("copy copied from stdin"));
    client.readUntil('G');
    PoolerFixture.await("copy", () -> "client".equals(report().get("waits-for")));
    assertEquals("copy copied from stdin", part("statement").get("text"));
    assertEquals("runs", part("statement").get("progress"));
    client.send(PgBytes.copyDone());
    client.readUntil('Z');
    client.send(PgBytes.parse("", "select 1"), PgBytes.flush());
    client.readUntil('1');
    PoolerFixture.await("a Sync", () -> "client".equals(report().get("waits-for")));
    client.send(PgBytes.sync());
    client.readUntil('Z');
    byte[] half = PgBytes.query("select '" + "x".repeat(300_000) + "'");
    client.send(Arrays.copyOf(half, half.length / 10 * 9));
    PoolerFixture.await("the rest", () -> "client".equals(report().get("waits-for")));
    assertEquals("active", report().get("state"));
  }

  @Test
  void aClientThatDoesNotReadIsWaitedFor() throws Exception {
    client.send(PgBytes.query("select repeat('x', 1000) from generate_series(1, 100000)"));
    PoolerFixture.await("it reads not", () -> "client-reads".equals(report().get("waits-for")));
    client.readUntil('Z');
    PoolerFixture.await("it is over", () -> "nothing".equals(report().get("waits-for")));
  }

  @Test
  void theListOfAllIsShortAndOneIsAskedForByItsNumber() throws Exception {
    client.query("set app.token = 'hunter2'");
    Map<?, ?> mine =
        sessions().stream().filter(one -> id.equals("" + one.get("id"))).findFirst().orElseThrow();
    assertEquals("reported", mine.get("application"));
    assertEquals("nothing", mine.get("waits-for"));
    assertFalse(mine.containsKey("settings"));
    assertFalse(mine.containsKey("statements"));
    HttpResponse<String> whole = pooler.get("/sessions/" + id);
    assertEquals(200, whole.statusCode());
    assertEquals(assertInstanceOf(Map.class, json(whole.body())).keySet(), report().keySet());
    assertEquals(404, pooler.get("/sessions/999999").statusCode());
    assertEquals(404, pooler.get("/sessions/x").statusCode());
  }

  @Test
  void inSessionModeNamesAreNotLookedAtAndTextsAre() throws Exception {
    pooler.reload(
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {mode: session}}
        admin: {users: [postgres]}
        """);
    client.close();
    client = named("own");
    id = idOf("own");
    client.send(PgBytes.parse("s", "select 'hunter2'"), PgBytes.sync());
    client.readUntil('Z');
    assertEquals("session", report().get("mode"));
    assertEquals("select '…'", part("statement").get("text"));
    assertEquals(List.of(), report().get("statements"));
    client.send(PgBytes.bind("", "s"), PgBytes.execute("", 0), PgBytes.sync());
    client.readUntil('Z');
    assertTrue(part("statement").containsKey("text"));
    assertNull(part("statement").get("text"));
  }

  @Test
  void aReplicationConnectionIsShownWithItsBackend() throws Exception {
    client.close();
    client = RawPgClient.connect(pooler.unix());
    client.login(
        Map.of(
            "user", "postgres",
            "database", "other",
            "replication", "database",
            "application_name", "standby"));
    id = idOf("standby");
    assertEquals("session", report().get("mode"));
    assertEquals("open", report().get("phase"));
    assertEquals("client", report().get("waits-for"));
    assertEquals("standby", part("settings").get("application_name"));
    assertNull(report().get("statement"));
    try (RawPgClient direct = SharedServer.direct()) {
      String pid = "select pid from pg_stat_activity where application_name = 'standby'";
      assertEquals(direct.value(pid), "" + number("server", "process-id"));
    }
  }

  private RawPgClient named(String application) throws IOException {
    RawPgClient one = RawPgClient.connect(pooler.unix());
    one.login(Map.of("user", "postgres", "database", "postgres", "application_name", application));
    return one;
  }

  private String idOf(String application) throws IOException {
    return String.valueOf(
        ConsoleTest.row(console, "CLIENTS", "application_name", application).get("id"));
  }

  private static void assertNear(Instant expected, @Nullable Object told) {
    Duration apart = Duration.between(expected, Instant.parse(String.valueOf(told))).abs();
    assertTrue(apart.toMillis() < 5_000, () -> expected + " and " + told);
  }

  private Map<?, ?> part(String name) throws IOException {
    return assertInstanceOf(Map.class, report().get(name), name);
  }

  private int number(String part, String name) throws IOException {
    return assertInstanceOf(Integer.class, part(part).get(name), name);
  }

  private Map<?, ?> report() throws IOException {
    return assertInstanceOf(Map.class, json(console.value("SHOW SESSION " + id)));
  }

  private List<Map<?, ?>> sessions() throws IOException {
    List<Map<?, ?>> all = new ArrayList<>();
    for (Object one : assertInstanceOf(List.class, json(pooler.get("/sessions").body()))) {
      all.add(assertInstanceOf(Map.class, one));
    }
    return all;
  }

  /** JSON is YAML: the reader at hand reads it. */
  private static Object json(@Nullable String text) {
    return new Load(LoadSettings.builder().build()).loadFromString(String.valueOf(text));
  }
}
