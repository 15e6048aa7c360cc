package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The metrics that dashboards and alerts rely on: names, labels, and that they move. */
@Timeout(60)
class MetricsContractTest {
  /** Each with the labels that it has beside protocol and database. */
  private static final Map<String, List<String>> SERVED =
      Map.ofEntries(
          Map.entry("pooler_clients", List.of("state=\"active\"", "\"idle\"", "\"waiting\"")),
          Map.entry(
              "pooler_backends",
              List.of("state=\"active\"", "\"idle\"", "\"lane\"", "state=\"pinned\"")),
          Map.entry("pooler_acquire_seconds_bucket", List.of("le=")),
          Map.entry("pooler_acquire_timeouts_total", List.of()),
          Map.entry("pooler_statement_seconds_bucket", List.of("class=", "le=")),
          Map.entry("pooler_transactions_total", List.of()),
          Map.entry("pooler_bytes_total", List.of("direction=\"in\"", "direction=\"out\"")),
          Map.entry("pooler_pins_total", List.of("reason=")),
          Map.entry("pooler_pinned_seconds_total", List.of("reason=")),
          Map.entry("pooler_evictions_total", List.of("reason=")),
          Map.entry("pooler_sessions_closed_total", List.of("reason=")),
          Map.entry("pooler_target_up", List.of("target=", "role=")),
          Map.entry("pooler_prepared_statements", List.of("side=\"client\"", "side=\"backend\"")),
          Map.entry("pooler_settings_replayed_total", List.of()),
          Map.entry("pooler_auth_failures_total", List.of("reason=")));

  /** Of what this version does not do: lanes, failover, repeated and translated statements. */
  private static final List<String> LATER =
      List.of(
          "pooler_lane_units_total",
          "pooler_lane_bypass_total",
          "pooler_lane_breach_total",
          "pooler_failovers_total",
          "pooler_held_seconds",
          "pooler_retries_total",
          "pooler_translated_total",
          "pooler_translation_refused_total");

  /** Of the process, which belongs to no database. */
  private static final List<String> OF_ALL =
      List.of("pooler_held_bytes", "pooler_kept_bytes", "pooler_connections");

  private static final String DATABASE = "database=\"app\"";

  private static PoolerFixture pooler() throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        listen:
          - {address: "unix:${SOCKET}", auth: trust}
          - {address: "tcp:127.0.0.1:${TCP}", auth: scram-sha-256}
        http: {address: "127.0.0.1:${HTTP}"}
        admin: {users: [postgres]}
        databases:
          app: {hosts: ["unix:${PG}"], database: postgres, user: postgres,
                pool: {size: 1, min-idle: 0}}
        users: [{name: anna, password: a}]
        """);
  }

  private static void assertRefused(PoolerFixture pooler, String database) {
    assertThrows(
        SQLException.class,
        () -> DriverManager.getConnection(pooler.tcpUrl(database), "anna", "wrong").close());
  }

  @Test
  void eachNameOfTheContractIsThereWithItsLabels() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient client = pooler.session("app")) {
      client.query("select 1");
      while (pooler.samples("pooler_statement_seconds_bucket").isEmpty()) {
        client.query("select 1"); // one in sixteen is timed
      }
      assertRefused(pooler, "app");
      SERVED.forEach((name, labels) -> {
        List<String> lines = samples(pooler, name);
        assertTrue(lines.stream().anyMatch(line -> line.contains(DATABASE)), name + " of app");
        for (String label : labels) {
          assertTrue(lines.stream().anyMatch(line -> line.contains(label)), name + " " + label);
        }
      });
      for (String name : LATER) {
        assertTrue(samples(pooler, name).isEmpty(), name + " is there: see to its labels");
      }
      for (String line : pooler.get("/metrics").body().split("\n", -1)) {
        if (line.startsWith("pooler_") && OF_ALL.stream().noneMatch(line::startsWith)) {
          assertTrue(line.contains("protocol=\"postgres\""), line);
          assertTrue(line.contains("database=\""), line);
        }
      }
    }
  }

  private static List<String> samples(PoolerFixture pooler, String name) {
    try {
      return pooler.samples(name);
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
  }

  @Test
  void endsOfSessionsAndLoginsAreTheirDatabasesAndStrangersMakeNoSeries() throws Exception {
    try (PoolerFixture pooler = pooler()) {
      int before = pooler.samples("pooler_sessions_closed_total").size();
      assertTrue(before > 0, "at zero from the start");
      pooler.session("app").close();
      PoolerFixture.await(
          "closed",
          () ->
              pooler.metric("pooler_sessions_closed_total", DATABASE, "reason=\"client_closed\"")
                  == 1);
      assertRefused(pooler, "app");
      for (int i = 0; i < 5; i++) {
        assertRefused(pooler, "stranger" + i);
        try (RawPgClient client = pooler.raw()) {
          client.send(
              PgBytes.startup(
                  PgBytes.VERSION_3_0, Map.of("user", "u", "database", "stranger" + i)));
          assertEquals("3D000", client.readToEnd().getLast().sqlState());
        }
      }
      assertEquals(1, pooler.metric("pooler_auth_failures_total", DATABASE));
      assertEquals(5, pooler.metric("pooler_auth_failures_total", "database=\"\""));
      assertEquals(1, pooler.metric("pooler_sessions_closed_total", DATABASE, "login_refused"));
      assertEquals(
          10, pooler.metric("pooler_sessions_closed_total", "database=\"\"", "login_refused"));
      assertEquals(before, pooler.samples("pooler_sessions_closed_total").size());
      assertFalse(pooler.get("/metrics").body().contains("stranger"));
    }
  }

  @Test
  void consoleClientsAreTheConsoles() throws Exception {
    try (PoolerFixture pooler = pooler()) {
      try (RawPgClient stranger = pooler.raw()) {
        stranger.send(
            PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "u", "database", "pgbouncer")));
        assertEquals("42501", stranger.readToEnd().getLast().sqlState());
      }
      assertEquals(
          1,
          pooler.metric("pooler_auth_failures_total", "database=\"pooler\"", "reason=\"console\""));
      pooler.session("pooler").close();
      PoolerFixture.await(
          "closed",
          () ->
              pooler.metric("pooler_sessions_closed_total", "\"pooler\"", "\"client_closed\"")
                  == 1);
    }
  }

  @Test
  void settingsThatMoveToABackendAreCounted() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient one = pooler.session("app");
        RawPgClient other = pooler.session("app")) {
      double before = pooler.metric("pooler_settings_replayed_total", DATABASE);
      one.query("set statement_timeout = '10min'");
      assertEquals("10min", one.value("show statement_timeout"));
      one.value("select 1");
      double own = pooler.metric("pooler_settings_replayed_total", DATABASE);
      assertEquals(
          "0",
          other.value("select setting from pg_settings where name =" + " 'statement_timeout'"));
      assertEquals("10min", one.value("show statement_timeout"));
      assertEquals(own + 2, pooler.metric("pooler_settings_replayed_total", DATABASE));
      assertEquals(before, own, "it was there already");
    }
  }

  @Test
  void aPinnedBackendIsNoActiveOneAndAllAddUp() throws Exception {
    try (PoolerFixture pooler = pooler();
        RawPgClient client = pooler.session("app")) {
      client.query("create temp table pinned (x int)");
      PoolerFixture.await(
          "pinned", () -> pooler.metric("pooler_backends", DATABASE, "state=\"pinned\"") == 1);
      assertEquals(0, pooler.metric("pooler_backends", DATABASE, "state=\"active\""));
      assertEquals(1, pooler.metric("pooler_backends", DATABASE));
      client.query("discard all");
      PoolerFixture.await(
          "free", () -> pooler.metric("pooler_backends", DATABASE, "state=\"pinned\"") == 0);
      assertEquals(1, pooler.metric("pooler_backends", DATABASE, "state=\"idle\""));
    }
  }

  private static String run(RawPgClient client, byte[]... messages) throws IOException {
    client.send(PgBytes.joined(PgBytes.joined(messages), PgBytes.sync()));
    List<PgMessage> said = client.readUntil('Z');
    return RawPgClient.types(said);
  }

  private static List<String> counted(PoolerFixture pooler) throws IOException {
    try (RawPgClient console = pooler.session("pooler")) {
      Map<String, @Nullable String> row =
          ConsoleTest.row(console, "STATS_TOTALS", "database", "app");
      return Stream.of("client_parse_count", "server_parse_count", "bind_count")
          .map(name -> String.valueOf(row.get(name)))
          .toList();
    }
  }

  /** PgBouncer's meaning: what clients name, what servers parse for it, what is bound. */
  @Test
  void preparedStatementsAreCountedByClientAndByServer() throws Exception {
    byte[] execute = PgBytes.joined(PgBytes.bind("", "s"), PgBytes.execute("", 0));
    try (PoolerFixture pooler = pooler();
        RawPgClient one = pooler.session("app");
        RawPgClient other = pooler.session("app")) {
      assertEquals("12DCZ", run(one, PgBytes.parse("s", "select 42"), execute));
      assertEquals("2DCZ", run(one, execute));
      assertEquals(List.of("1", "1", "2"), counted(pooler));
      assertEquals("12DCZ", run(other, PgBytes.parse("s", "select 42"), execute));
      assertEquals(
          "12DCZ",
          run(
              other,
              PgBytes.parse("t", "select 43"),
              PgBytes.bind("", "t"),
              PgBytes.execute("", 0)));
      assertEquals(
          "12DCZ",
          run(one, PgBytes.parse("", "select 44"), PgBytes.bind("", ""), PgBytes.execute("", 0)));
      assertEquals(List.of("3", "2", "4"), counted(pooler));
      String held = "side=\"backend\"";
      assertEquals(3, pooler.metric("pooler_prepared_statements", DATABASE, "\"client\""));
      assertEquals(2, pooler.metric("pooler_prepared_statements", DATABASE, held));
      assertEquals("3Z", run(other, PgBytes.named('C', 'S', "t")));
      assertEquals(2, pooler.metric("pooler_prepared_statements", DATABASE, "\"client\""));
      assertEquals(2, pooler.metric("pooler_prepared_statements", DATABASE, held));
      assertTrue(other.send(PgBytes.terminate()).atEnd());
      PoolerFixture.await(
          "its names are gone",
          () -> pooler.metric("pooler_prepared_statements", DATABASE, "\"client\"") == 1);
    }
  }
}
