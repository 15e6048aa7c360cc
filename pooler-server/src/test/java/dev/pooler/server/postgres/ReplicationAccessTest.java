package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.ReplicationFixture.client;
import static dev.pooler.server.postgres.ReplicationFixture.identify;
import static dev.pooler.server.postgres.ReplicationFixture.parameters;
import static dev.pooler.server.postgres.ReplicationFixture.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may replicate, from which entry, how many at once, and where they are seen. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ReplicationAccessTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = ReplicationFixture.server();
    try (RawPgClient direct = SharedServer.direct(server)) {
      direct.query("create role plain login");
      direct.query("create role copier login replication");
    }
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @AfterEach
  void nobodyIsLeft() throws Exception {
    ReplicationFixture.awaitWalsenders(server, 0);
  }

  private static PoolerFixture pooler(String databases) throws IOException {
    return PoolerFixture.start(server, "databases:\n" + databases + "admin: {users: [postgres]}\n");
  }

  @Test
  void whereBackendsHaveAFixedUserTheFileMustAllowIt() throws Exception {
    try (PoolerFixture pooler =
        pooler("  postgres: {hosts: [\"unix:${PG}\"], user: postgres, pool: {min-idle: 0}}\n")) {
      for (String kind : new String[] {"true", "database"}) {
        Map<String, String> asked = parameters(kind, "database", "postgres");
        PgMessage said = refusal(pooler, asked);
        assertEquals("28000", said.sqlState());
        assertTrue(
            said.field('H').contains("databases.postgres.replication: true"), said::toString);
      }
    }
  }

  @Test
  void whereBackendsAreTheClientsOwnUserTheServerDecides() throws Exception {
    try (PoolerFixture pooler =
        pooler("  postgres: {hosts: [\"unix:${PG}\"], pool: {min-idle: 0}}\n")) {
      PgMessage said = refusal(pooler, parameters("true", "user", "plain"));
      assertEquals("42501", said.sqlState(), said::toString);
      assertTrue(said.field('D').contains("REPLICATION"), said::toString);
      try (RawPgClient copier = client(pooler, "true", "user", "copier")) {
        assertEquals("1", identify(copier).get(1));
      }
    }
    try (PoolerFixture pooler =
        pooler(
            "  postgres: {hosts: [\"unix:${PG}\"], replication: false, pool: {min-idle: 0}}\n")) {
      Map<String, String> asked = parameters("database", "user", "copier");
      assertEquals("28000", refusal(pooler, asked).sqlState());
    }
  }

  @Test
  void whoReplicatesPhysicallyNeedNotNameADatabaseWhereOneCanBeMeant() throws Exception {
    String entry = "  %s: {hosts: [\"unix:${PG}\"], database: postgres, pool: {min-idle: 0}}\n";
    try (PoolerFixture pooler = pooler(entry.formatted("app"))) {
      client(pooler, "yes").close();
      PgMessage said = refusal(pooler, parameters("database", "database", "replication"));
      assertEquals("3D000", said.sqlState(), said::toString);
    }
    try (PoolerFixture pooler = pooler(entry.formatted("app") + entry.formatted("other"))) {
      PgMessage said = refusal(pooler, parameters("true"));
      assertEquals("3D000", said.sqlState(), said::toString);
      assertTrue(said.field('H').contains("\"replication\""), said::toString);
      client(pooler, "true", "database", "other").close();
    }
    try (PoolerFixture pooler =
        pooler(entry.formatted("\"*\"").replace("database: postgres, ", ""))) {
      client(pooler, "true").close();
      client(pooler, "database").close();
    }
  }

  @Test
  void aSettingCannotNameAnotherUser() throws Exception {
    try (PoolerFixture pooler =
        pooler("  postgres: {hosts: [\"unix:${PG}\"], pool: {min-idle: 0}}\n")) {
      for (String[] trick :
          new String[][] {{"USER", "postgres"}, {"options", "-c user=postgres"}}) {
        Map<String, String> asked = parameters("true", "user", "copier", trick[0], trick[1]);
        assertEquals("42704", refusal(pooler, asked).sqlState());
      }
      Map<String, String> asked = parameters("true", "DateStyle", "never");
      assertEquals("22023", refusal(pooler, asked).sqlState(), "the server's own word");
    }
  }

  @Test
  void itsBackendComesByTheEntrysHostsPasswordAndTls() throws Exception {
    List<String> hba =
        List.of("local all all trust", "hostssl replication copier 127.0.0.1/32 scram-sha-256");
    try (EmbeddedPostgres strict = EmbeddedPostgres.builder().tls(true).hba(hba).start()) {
      try (RawPgClient direct = SharedServer.direct(strict)) {
        direct.query("create role copier login replication password 'let me copy'");
      }
      String yaml =
          """
          databases:
            app:
              hosts: ["127.0.0.1:1", "localhost:${PG_PORT}"]
              user: copier
              password: "%s"
              replication: true
              tls: {mode: verify-full, ca: "%s"}
              pool: {min-idle: 0}
          admin: {users: [postgres]}
          """;
      String right = yaml.formatted("let me copy", strict.caFile());
      try (PoolerFixture pooler = PoolerFixture.start(strict, right);
          RawPgClient client = client(pooler, "true");
          RawPgClient console = RawPgClient.session(pooler.unix(), "postgres", "pooler")) {
        assertEquals(4, identify(client).size());
        assertEquals("copier physical TLS", row(console, "SHOW SERVERS", "physical", 1, 3, 17));
      }
      String wrong = yaml.formatted("let me in", strict.caFile());
      try (PoolerFixture pooler = PoolerFixture.start(strict, wrong)) {
        assertEquals("28P01", refusal(pooler, parameters("true")).sqlState());
      }
    }
  }

  @Test
  void moreThanReplicationSizeWaitAndAreRefusedOrTakeAPlaceThatComesFree() throws Exception {
    String entry =
        "  postgres: {hosts: [\"unix:${PG}\"], pool: {min-idle: 0, replication-size: 1,"
            + " max-wait: %s}}\n";
    try (PoolerFixture pooler = pooler(entry.formatted("300ms"));
        RawPgClient first = client(pooler, "true");
        RawPgClient logical = client(pooler, "database")) {
      PgMessage said = refusal(pooler, parameters("true"));
      assertEquals("53300", said.sqlState(), said::toString);
      assertTrue(said.field('H').contains("pool.replication-size"), said::toString);
      assertEquals(4, identify(first).size());
      assertEquals("1", logical.value("select 1"), "each kind has its own places");
    }
    try (PoolerFixture pooler = pooler(entry.formatted("30s"));
        RawPgClient first = client(pooler, "true");
        RawPgClient second = pooler.raw()) {
      second.send(PgBytes.startup(PgBytes.VERSION_3_0, parameters("true")));
      PoolerFixture.await("it waits", () -> pooler.metric("pooler_clients") == 2);
      first.send(PgBytes.terminate());
      second.readLogin();
      assertEquals(4, identify(second).size());
    }
  }

  @Test
  void itTakesNoPooledBackendAndIsSeenAsWhatItIs() throws Exception {
    try (PoolerFixture pooler =
            pooler(
                "  postgres: {hosts: [\"unix:${PG}\"], user: postgres, replication: true,"
                    + " pool: {size: 1, min-idle: 0}}\n");
        RawPgClient physical = client(pooler, "true", "application_name", "standby");
        RawPgClient plain = pooler.session("postgres");
        RawPgClient console = RawPgClient.session(pooler.unix(), "postgres", "pooler")) {
      assertEquals(4, identify(physical).size());
      assertEquals("1", plain.value("select 1"));
      assertEquals("physical standby active", row(console, "SHOW CLIENTS", "physical", 3, 18, 4));
      assertEquals("physical standby active", row(console, "SHOW SERVERS", "physical", 3, 18, 4));
      // Database, user, sv_active, pool_mode.
      assertEquals(
          "postgres postgres 1 session", row(console, "SHOW POOLS", "session", 0, 1, 6, 15));
      assertEquals("replication", row(console, "SHOW PINS", "replication", 3));
      assertEquals(
          1, pooler.metric("pooler_backends", "replication=\"physical\"", "state=\"active\""));
      assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"replication\""));
      PoolerFixture.await(
          "time passes",
          () -> pooler.metric("pooler_pinned_seconds_total", "reason=\"replication\"") > 0);
      assertEquals("C", RawPgClient.types(console.query("KILL postgres").subList(0, 1)));
      assertEquals("57P01", physical.readToEnd().getLast().sqlState());
      console.query("RESUME postgres");
    }
  }

  /** Columns of the row that has this value, as one text. */
  private static String row(RawPgClient console, String show, String having, int... columns)
      throws IOException {
    StringBuilder text = new StringBuilder();
    var row = RawPgClient.rows(console.query(show)).filter(r -> r.contains(having)).findFirst();
    for (int column : columns) {
      text.append(text.isEmpty() ? "" : " ").append(row.orElseThrow().get(column));
    }
    return text.toString();
  }
}
