package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Drain, reload, socket files and health of a pooler that has clients. */
@Timeout(60)
class LifecycleTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  private static String database(String host, int size, String drain) {
    return """
    databases:
      postgres: {hosts: ["%s"], user: postgres, pool: {size: %d, min-idle: 0}}
    limits: {drain: %s}
    """
        .formatted(host, size, drain);
  }

  private static void assertDrained(RawPgClient client) throws IOException {
    List<PgMessage> said = client.readToEnd();
    assertEquals("E", RawPgClient.types(said));
    assertEquals("FATAL", said.getFirst().field('S'));
    assertEquals("57P01", said.getFirst().sqlState(), said::toString);
  }

  @Test
  @Tag("case-94")
  void aDrainLetsAnOpenTransactionEndAndTellsTheIdle() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 2, "30s"));
        RawPgClient idle = pooler.session("postgres");
        RawPgClient busy = pooler.session("postgres");
        RawPgClient running = pooler.session("postgres")) {
      idle.value("select 1");
      busy.query("begin; select 1");
      running.send(PgBytes.query("select pg_sleep(0.3)"));
      PoolerFixture.await(
          "it runs", () -> pooler.metric("pooler_clients", "state=\"active\"") == 2);
      pooler.pooler().drain();
      assertDrained(idle);
      assertEquals(503, pooler.get("/ready").statusCode());
      assertTrue(pooler.get("/ready").body().contains("draining"));
      assertEquals(200, pooler.get("/live").statusCode());
      assertThrows(IOException.class, pooler::raw);
      assertEquals("5", busy.value("select 5"));
      assertEquals("TDCZ", RawPgClient.types(running.readUntil('Z')));
      assertDrained(running);
      assertEquals("CZ", RawPgClient.types(busy.query("commit")));
      assertDrained(busy);
      pooler.pooler().awaitEnd();
      assertFalse(Files.exists(pooler.socket()));
    }
  }

  /** Needs those that keep a backend and do nothing to be told too: nothing of theirs runs. */
  @Test
  @Tag("case-94")
  void aDrainTellsAtOnceWhoIsPinnedAndIdle() throws Exception {
    String transactions = database("unix:${PG}", 2, "30s");
    for (String mode : List.of("transaction", "session")) {
      String yaml = transactions.replace("min-idle: 0", "min-idle: 0, mode: " + mode);
      try (PoolerFixture pooler = PoolerFixture.start(server, yaml);
          RawPgClient pinned = pooler.session("postgres")) {
        pinned.query("create temp table mine (i int)");
        assertEquals("0", pinned.value("select count(*) from mine"));
        pooler.pooler().drain();
        assertDrained(pinned);
        pooler.pooler().awaitEnd();
      }
    }
  }

  @Test
  @Tag("case-94")
  void aDrainIsBounded() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 2, "1s"));
        RawPgClient busy = pooler.session("postgres")) {
      busy.query("begin; select 1");
      pooler.pooler().drain();
      assertDrained(busy);
      pooler.pooler().awaitEnd();
    }
  }

  @Test
  @Tag("case-91")
  void aNewPoolSizeActsInPlaceAndKeepsTheBackends() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 1, "1s"));
        RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      String pid = a.value("select pg_backend_pid() where true");
      a.query("begin; select 1");
      b.send(PgBytes.query("select pg_backend_pid() where true"));
      PoolerFixture.await(
          "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
      assertEquals(List.of(), pooler.reload(database("unix:${PG}", 2, "1s")));
      List<PgMessage> said = b.readUntil('Z');
      assertNotEquals(pid, RawPgClient.rows(said).findFirst().orElseThrow().getFirst());
      assertEquals(pid, a.value("select pg_backend_pid() where true"));
      assertEquals("CZ", RawPgClient.types(a.query("commit")));
      assertTrue(pooler.get("/pools").body().contains("\"size\": 2"));
    }
  }

  private static void prepareTwo(RawPgClient client) throws IOException {
    client.send(PgBytes.parse("one", "select 1"), PgBytes.parse("two", "select 2"), PgBytes.sync());
    assertEquals("11Z", RawPgClient.types(client.readUntil('Z')));
  }

  /** Needs numbers that are asked for with each connection, and not once for a pool. */
  @Test
  @Tag("case-91")
  void otherNumbersOfBackendsKeepThePoolAndAreThoseOfBackendsToCome() throws Exception {
    String before = database("unix:${PG}", 2, "1s");
    String after =
        before
            .replace("size: 2", "size: 2, prepared-statements: 1, keepalive: 1m")
            .replace("}}", "}, timeouts: {connect: 7s}}");
    try (PoolerFixture pooler = PoolerFixture.start(server, before);
        RawPgClient old = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres")) {
      String pid = old.value("select pg_backend_pid() where true");
      assertEquals(List.of(), pooler.reload(after));
      assertEquals(pid, old.value("select pg_backend_pid() where true"));
      prepareTwo(old);
      assertEquals(2, pooler.metric("pooler_prepared_statements", "side=\"backend\""));
      old.query("begin; select 1");
      assertNotEquals(pid, other.value("select pg_backend_pid() where true"));
      prepareTwo(other);
      assertEquals(3, pooler.metric("pooler_prepared_statements", "side=\"backend\""));
      assertEquals(pid, old.value("select pg_backend_pid() where true"));
    }
  }

  @Test
  @Tag("case-91")
  void anotherTimeLimitOfConnectingActsOnThoseWhoWaitAlready() throws Exception {
    String limit = "}, timeouts: {connect: %s}}";
    try (ServerSocket silent = new ServerSocket(0)) {
      String host = "127.0.0.1:" + silent.getLocalPort();
      String file = database(host, 1, "1s").replace("host", "tls: {mode: disable}, host");
      try (PoolerFixture pooler =
              PoolerFixture.start(server, file.replace("}}", limit.formatted("400ms")));
          RawPgClient client = pooler.raw()) {
        client.send(
            PgBytes.startup(
                PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "postgres")));
        PoolerFixture.await(
            "not connected", () -> pooler.get("/pools").body().contains("within 400 ms"));
        assertEquals(List.of(), pooler.reload(file.replace("}}", limit.formatted("300ms"))));
        PoolerFixture.await(
            "not connected", () -> pooler.get("/pools").body().contains("within 300 ms"));
        assertTrue(client.quietFor(Duration.ofMillis(1)), "it waits on");
      }
    }
  }

  @Test
  @Tag("case-91")
  void aReloadWithAnErrorSaysWhyAndChangesNothing() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 1, "1s"));
        RawPgClient client = pooler.session("postgres")) {
      String pid = client.value("select pg_backend_pid() where true");
      List<String> problems = pooler.reload("databases: {postgres: {host: [x]}}\n");
      assertTrue(problems.getFirst().contains("hosts"), problems::toString);
      assertTrue(problems.getFirst().startsWith("pooler.yaml:"), problems::toString);
      assertEquals(pid, client.value("select pg_backend_pid() where true"));
    }
  }

  /** Needs all secrets to be read before anything is changed. */
  @Test
  @Tag("case-91")
  void aReloadThatIsRefusedForOneUsersSecretChangesNothing() throws Exception {
    String file =
        """
        listen:
          - {address: "unix:${SOCKET}", auth: trust}
          - {address: "tcp:127.0.0.1:${TCP}", auth: scram-sha-256}
        http: {address: "127.0.0.1:${HTTP}"}
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}}
        users:
          - {name: anna, password: {file: anna}}
          - {name: bert, password: {file: bert}}
        """;
    Path secrets = Files.createTempDirectory("pooler-secrets");
    Path anna = secrets.resolve("anna");
    Path bert = secrets.resolve("bert");
    Files.writeString(anna, "old");
    Files.writeString(bert, "b");
    String before = file.replace("file: ", "file: " + secrets + "/");
    try (PoolerFixture pooler = PoolerFixture.start(server, before);
        RawPgClient client = pooler.session("postgres")) {
      String pid = client.value("select pg_backend_pid() where true");
      Files.writeString(anna, "new");
      for (String wrong : List.of("", "zero\0byte")) {
        Files.writeString(bert, wrong);
        List<String> problems = pooler.reload(before.replace("size: 1", "size: 2"));
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.getFirst().startsWith("user \"bert\": "), problems::toString);
        assertTrue(pooler.get("/pools").body().contains("\"size\": 1"));
      }
      assertEquals(pid, client.value("select pg_backend_pid() where true"));
      String url = pooler.tcpUrl("postgres");
      DriverManager.getConnection(url, "anna", "old").close();
      DriverManager.getConnection(url, "bert", "b").close();
      Files.writeString(bert, "c");
      assertEquals(List.of(), pooler.reload(before.replace("size: 1", "size: 2")));
      DriverManager.getConnection(url, "anna", "new").close();
      assertTrue(pooler.get("/pools").body().contains("\"size\": 2"));
    } finally {
      Files.deleteIfExists(anna);
      Files.deleteIfExists(bert);
      Files.delete(secrets);
    }
  }

  @Test
  @Tag("case-92")
  void anotherHostReplacesThePoolAndNewClientsAreToldOfTheNewServer() throws Exception {
    try (EmbeddedPostgres other =
            EmbeddedPostgres.builder().setting("TimeZone", "Asia/Tokyo").start();
        PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 2, "1s"));
        RawPgClient busy = pooler.session("postgres");
        RawPgClient idle = pooler.session("postgres")) {
      busy.query("begin; select 1");
      assertEquals(List.of(), pooler.reload(database("unix:" + other.socket(), 2, "10s")));
      assertEquals(
          "" + server.port(), busy.value("show port"), "a transaction ends where it began");
      assertEquals("CZ", RawPgClient.types(busy.query("commit")));
      idle.send(PgBytes.query("select 1"));
      assertEquals("57P01", idle.readToEnd().getLast().sqlState());
      try (RawPgClient fresh = pooler.raw()) {
        Map<String, String> told =
            RawPgClient.parameters(fresh.login(Map.of("user", "postgres", "database", "postgres")));
        assertEquals("" + other.port(), fresh.value("show port"));
        assertEquals("Asia/Tokyo", fresh.value("show TimeZone"));
        assertEquals("Asia/Tokyo", told.get("TimeZone"), "not what the old server had told");
      }
      try (RawPgClient direct =
          RawPgClient.session(
              UnixDomainSocketAddress.of(server.socket()), "postgres", "postgres")) {
        PoolerFixture.awaitNone(
            "the old backends are gone",
            () -> SharedServer.activity(direct, "backend_type = 'client backend'"));
      }
    }
  }

  @Test
  @Tag("case-91")
  void aRemovedDatabaseIsUnknownAndANewOneIsServed() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, database("unix:${PG}", 2, "1s"));
        RawPgClient old = pooler.session("postgres")) {
      old.value("select 1");
      String renamed =
          database("unix:${PG}", 2, "1s").replace("postgres: {", "app: {database: postgres, ");
      assertEquals(List.of(), pooler.reload(renamed));
      try (RawPgClient fresh = pooler.session("app");
          RawPgClient unknown = pooler.raw()) {
        assertEquals("postgres", fresh.value("select current_database()"));
        unknown.send(
            PgBytes.startup(
                PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "postgres")));
        assertEquals("3D000", unknown.readToEnd().getLast().sqlState());
      }
      old.send(PgBytes.query("select 1"));
      assertEquals("57P01", old.readToEnd().getLast().sqlState());
    }
  }

  @Test
  @Tag("case-98")
  void aStaleSocketFileIsReplacedAndOneInUseIsNot() throws Exception {
    String config = database("unix:${PG}", 1, "1s");
    Path directory = Files.createTempDirectory("pooler-socket");
    Path socket = directory.resolve("s");
    String listen =
        "listen: [{address: \"unix:"
            + socket
            + "\", auth: trust, mode: \"0600\"}]\nhttp: {address: \"127.0.0.1:${HTTP}\"}\n"
            + config;
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket));
    }
    assertTrue(Files.exists(socket), "left over");
    try (PoolerFixture first = PoolerFixture.start(server, listen)) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
      IOException second =
          assertThrows(IOException.class, () -> PoolerFixture.start(server, listen).close());
      assertTrue(String.valueOf(second.getMessage()).contains("another process"), second::toString);
      try (RawPgClient client =
          RawPgClient.session(UnixDomainSocketAddress.of(socket), "postgres", "postgres")) {
        assertEquals("1", client.value("select 1"), "the first still listens: " + first.socket());
      }
    }
    assertFalse(Files.exists(socket));
    Files.writeString(socket, "no socket");
    IOException file =
        assertThrows(IOException.class, () -> PoolerFixture.start(server, listen).close());
    assertTrue(String.valueOf(file.getMessage()).contains("no socket"), file::toString);
    Files.delete(socket);
    Files.delete(directory);
  }

  @Test
  void readyIs503WhileTheTargetIsDownAndClientsGoOnAfterwards() throws Exception {
    try (EmbeddedPostgres own = EmbeddedPostgres.started();
        PoolerFixture pooler = PoolerFixture.ofPoolSize(own, 2)) {
      PoolerFixture.await("ready", () -> pooler.get("/ready").statusCode() == 200);
      assertEquals(1, pooler.metric("pooler_target_up"));
      own.stop();
      PoolerFixture.await("not ready", () -> pooler.get("/ready").statusCode() == 503);
      assertTrue(pooler.get("/ready").body().contains(own.socket().toString()));
      assertEquals(0, pooler.metric("pooler_target_up"));
      assertEquals(200, pooler.get("/live").statusCode());
      own.start();
      PoolerFixture.await("ready again", () -> pooler.get("/ready").statusCode() == 200);
      try (RawPgClient client = pooler.session("postgres")) {
        assertEquals("1", client.value("select 1"));
      }
    }
  }

  private static void assertRefused(PoolerFixture pooler, String user, String database)
      throws IOException {
    try (RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", user, "database", database)));
      assertEquals("E", RawPgClient.types(client.readToEnd()));
    }
  }

  /** Needs refused logins to count against their database, and for all only with no other. */
  @Test
  void aDatabaseWhoseLoginsAreRefusedIsNotUpAndReadyIs503WithoutAnother() throws Exception {
    String host = "{hosts: [\"unix:${PG}\"], database: postgres, user: %s, pool: {min-idle: 0}}";
    String refused = "databases:\n  app: " + host.formatted("nobody") + "\n";
    String both = refused + "  other: " + host.formatted("postgres") + "\n";
    try (PoolerFixture pooler = PoolerFixture.start(server, both)) {
      PoolerFixture.await("both are up", () -> pooler.metric("pooler_target_up") == 2);
      assertRefused(pooler, "any", "app");
      assertEquals(0, pooler.metric("pooler_target_up", "database=\"app\""));
      assertEquals(1, pooler.metric("pooler_target_up", "database=\"other\""));
      assertEquals(200, pooler.get("/ready").statusCode());
      assertEquals(List.of(), pooler.reload(refused));
      assertRefused(pooler, "any", "app");
      assertEquals(503, pooler.get("/ready").statusCode());
      String why = pooler.get("/ready").body();
      assertTrue(why.contains("app") && why.contains("\"nobody\""), why);
    }
  }

  /** Needs a name that only its client chose to say nothing of the others. */
  @Test
  void whoIsNobodyAtTheServerChangesNothingForReady() throws Exception {
    String any = "databases: {\"*\": {hosts: [\"unix:${PG}\"], pool: {min-idle: 0}}}\n";
    try (PoolerFixture pooler = PoolerFixture.start(server, any)) {
      PoolerFixture.await("ready", () -> pooler.get("/ready").statusCode() == 200);
      assertRefused(pooler, "nobody", "postgres");
      assertRefused(pooler, "postgres", "nowhere");
      assertTrue(pooler.get("/pools").body().contains("nowhere"), "its trouble is known");
      assertEquals(200, pooler.get("/ready").statusCode());
      assertEquals(1, pooler.metric("pooler_target_up"));
    }
  }

  @Test
  void aTargetThatAReloadRemovedIsNotInTheMetricsAnyMore() throws Exception {
    String two = database("unix:${PG}\", \"unix:${DIR}/nobody", 1, "1s");
    try (PoolerFixture pooler = PoolerFixture.start(server, two)) {
      PoolerFixture.await("probed", () -> pooler.metric("pooler_target_up") == 1);
      assertEquals(2, pooler.samples("pooler_target_up").size());
      assertEquals(
          2,
          pooler.samples("pooler_target_up").stream()
              .filter(line -> line.contains("database=\"postgres\""))
              .count());
      assertEquals(List.of(), pooler.reload(database("unix:${PG}", 1, "1s")));
      assertEquals(1, pooler.samples("pooler_target_up").size());
      assertEquals(1, pooler.metric("pooler_target_up"));
      assertEquals(List.of(), pooler.reload(two));
      assertEquals(2, pooler.samples("pooler_target_up").size());
    }
  }

  @Test
  @Tag("case-96")
  void theMetricsOfTheContractAreThereWithTheirLabelsAndMove() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.ofPoolSize(server, 2);
        RawPgClient idle = pooler.session("postgres");
        RawPgClient busy = pooler.session("postgres")) {
      String pool = "database=\"postgres\"";
      busy.query("begin; select 1");
      assertEquals(1, pooler.metric("pooler_clients", pool, "state=\"active\""));
      assertEquals(1, pooler.metric("pooler_clients", pool, "state=\"idle\""));
      assertEquals(0, pooler.metric("pooler_clients", pool, "state=\"waiting\""));
      assertEquals(1, pooler.metric("pooler_backends", pool, "state=\"active\""));
      busy.query("commit");
      idle.query("select repeat('x', 100000)");
      idle.query("create temp table pinned (x int)");
      assertEquals(3, pooler.metric("pooler_transactions_total", pool));
      assertTrue(pooler.metric("pooler_bytes_total", pool, "direction=\"out\"") > 100_000);
      double in = pooler.metric("pooler_bytes_total", pool, "direction=\"in\"");
      assertTrue(in > 50 && in < 1_000, "in: " + in);
      assertTrue(pooler.metric("pooler_acquire_seconds_count", pool) >= 3);
      assertFalse(pooler.samples("pooler_acquire_seconds_bucket").isEmpty());
      assertEquals(0, pooler.metric("pooler_acquire_timeouts_total", pool));
      assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"temporary_object\""));
      idle.send(PgBytes.terminate());
      assertTrue(idle.atEnd());
      PoolerFixture.await(
          "counted",
          () -> pooler.metric("pooler_sessions_closed_total", "reason=\"client_terminated\"") == 1);
      for (String name :
          List.of(
              "pooler_evictions_total",
              "pooler_target_up",
              "hikaricp_connections_active",
              "hikaricp_connections_max",
              "jvm_memory_used_bytes",
              "jvm_threads_live_threads")) {
        assertFalse(pooler.samples(name).isEmpty(), name);
      }
      for (String line : pooler.get("/metrics").body().split("\n", -1)) {
        if (line.startsWith("pooler_") && line.contains("{")) {
          assertTrue(line.contains("protocol=\"postgres\""), line);
        }
      }
      String pools = pooler.get("/pools").body();
      assertTrue(pools.contains("\"mode\": \"transaction\""), pools);
      assertTrue(pools.contains("\"size\": 2"), pools);
    }
  }
}
