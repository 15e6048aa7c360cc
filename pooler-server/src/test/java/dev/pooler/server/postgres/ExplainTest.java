package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.ConsoleTest.row;
import static dev.pooler.server.postgres.ConsoleTest.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** A session's whole state at the console and over HTTP. */
@Timeout(60)
class ExplainTest {
  private PoolerFixture pooler;
  private RawPgClient console;

  @BeforeEach
  void start() throws IOException {
    pooler = PoolerFixture.start(SharedServer.get(), ConsoleTest.DATABASES);
    console = pooler.session("pooler");
  }

  @AfterEach
  void stop() throws IOException {
    console.close();
    pooler.close();
    SharedServer.endSleepers();
  }

  @Test
  void showSessionTellsSettingsPinsAndWhatItWaitsFor() throws Exception {
    try (RawPgClient client = RawPgClient.connect(pooler.unix())) {
      client.login(
          Map.of("user", "postgres", "database", "postgres", "application_name", "explained"));
      String id =
          String.valueOf(row(console, "CLIENTS", "application_name", "explained").get("id"));
      Map<?, ?> idle = session(id);
      assertEquals("idle", idle.get("state"));
      assertEquals("nothing", idle.get("waits-for"));
      assertEquals(null, idle.get("backend"));
      assertEquals(List.of(), idle.get("pins"));
      client.query("set statement_timeout = '7s'");
      Instant before = Instant.now();
      client.query("create temp table pinned_here (x int); -- " + "é".repeat(200));
      // Behind the answer the server is asked what is there.
      PoolerFixture.await("it is pinned", () -> "client".equals(session(id).get("waits-for")));
      Map<?, ?> pinned = session(id);
      Map<?, ?> settings = assertInstanceOf(Map.class, pinned.get("settings"));
      assertEquals("explained", settings.get("application_name"));
      // As it was said, or as the server tells it where it was asked about settings too.
      String limit = String.valueOf(settings.get("statement_timeout"));
      assertTrue(List.of("'7s'", "7000").contains(limit), limit);
      assertEquals("active", pinned.get("state"));
      assertEquals("client", pinned.get("waits-for"));
      assertEquals("idle", pinned.get("transaction"));
      List<?> pins = assertInstanceOf(List.class, pinned.get("pins"));
      Map<?, ?> pin = assertInstanceOf(Map.class, pins.getFirst());
      assertEquals("temporary_object", pin.get("reason"));
      String statement = String.valueOf(pin.get("statement"));
      assertTrue(statement.startsWith("create temp table pinned_here (x int); -- éé"), statement);
      assertEquals(100, statement.length());
      Instant since = Instant.parse(String.valueOf(pin.get("since")));
      assertTrue(!since.isBefore(before) && since.isBefore(Instant.now().plusSeconds(1)));
      assertEquals(
          String.valueOf(pinned.get("backend")),
          row(console, "PINS", "session", id).get("backend"));
      client.query("begin; select 1");
      client.send(PgBytes.query("select pg_sleep(20)"));
      PoolerFixture.await("it works", () -> "server".equals(session(id).get("waits-for")));
      assertEquals("in transaction", session(id).get("transaction"));
    }
    assertEquals("42704", console.query("SHOW SESSION 999999").getFirst().sqlState());
  }

  @Test
  void whoWaitsIsShownWaitingForABackendOrForResume() throws Exception {
    try (RawPgClient one = pooler.session("postgres");
        RawPgClient two = pooler.session("postgres");
        RawPgClient three = pooler.session("postgres")) {
      one.query("begin; select 1");
      two.query("begin; select 1");
      three.send(PgBytes.query("select 1"));
      PoolerFixture.await("it waits", () -> sessionsWaiting("backend") == 1);
      try (RawPgClient second = pooler.session("pooler")) {
        second.send(PgBytes.query("PAUSE"));
        PoolerFixture.await("for resume", () -> sessionsWaiting("resume") == 1);
        one.query("commit");
        two.query("commit");
        second.readUntil('Z');
        console.query("RESUME");
        assertEquals("TDCZ", RawPgClient.types(three.readUntil('Z')));
      }
    }
  }

  private long sessionsWaiting(String what) throws IOException {
    List<?> sessions = assertInstanceOf(List.class, json(pooler.get("/sessions").body()));
    return sessions.stream()
        .map(one -> assertInstanceOf(Map.class, one))
        .filter(one -> what.equals(one.get("waits-for")))
        .count();
  }

  @Test
  void pinsAreShownOverHttpAndTheirTimeIsCounted() throws Exception {
    try (RawPgClient client = pooler.session("postgres")) {
      client.query("select pg_advisory_lock(4711)");
      // The lock is found out when the client has its answer.
      PoolerFixture.await("pinned", () -> !"[]\n".equals(pooler.get("/pins").body()));
      List<?> pins = assertInstanceOf(List.class, json(pooler.get("/pins").body()));
      Map<?, ?> pin = assertInstanceOf(Map.class, pins.getFirst());
      assertEquals("advisory_lock", pin.get("reason"));
      assertEquals("select pg_advisory_lock(4711)", pin.get("statement"));
      String label = "reason=\"advisory_lock\"";
      PoolerFixture.await(
          "counted", () -> pooler.metric("pooler_pinned_seconds_total", label) >= 0.3);
      client.query("discard all");
      assertEquals("[]\n", pooler.get("/pins").body());
      assertEquals(List.of(), rows(console, "PINS"));
      double after = pooler.metric("pooler_pinned_seconds_total", label);
      PoolerFixture.await("some ticks", () -> ticked(Duration.ofMillis(300)));
      assertEquals(after, pooler.metric("pooler_pinned_seconds_total", label));
    }
  }

  private final long started = System.nanoTime();
  private long from;

  /** True once so much time has gone since the first call. */
  private boolean ticked(Duration time) {
    if (from == 0) {
      from = System.nanoTime() - started;
    }
    return System.nanoTime() - started - from >= time.toNanos();
  }

  private Map<?, ?> session(String id) throws IOException {
    return assertInstanceOf(Map.class, json(console.value("SHOW SESSION " + id)));
  }

  /** JSON is YAML: the reader at hand reads it. */
  private static Object json(@Nullable String text) {
    return new Load(LoadSettings.builder().build()).loadFromString(String.valueOf(text));
  }
}
