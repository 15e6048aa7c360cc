package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Users that the configuration does not name are looked up at the server. */
@Timeout(60)
class AuthQueryTest {
  private static EmbeddedPostgres server;
  private static RawPgClient admin;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedPostgres.builder()
            .hba(
                List.of(
                    "local all postgres trust",
                    "host all postgres 127.0.0.1/32 trust",
                    "host all asker 127.0.0.1/32 scram-sha-256",
                    "host all all 127.0.0.1/32 scram-sha-256"))
            .start();
    admin = SharedServer.direct(server);
    for (String sql :
        List.of(
            "create role asker superuser login password 'ask'",
            "create role app login password 'right'",
            "create role late login password 'right' valid until '2020-01-01'",
            "create role early login password 'right' valid until '2200-01-01'",
            "create role nopassword login",
            // Whoever could choose the search_path would have any verifier found.
            "create schema evil",
            "create view evil.pg_shadow as select 'app'::name usename, passwd, null::timestamptz"
                + " valuntil from pg_catalog.pg_shadow where usename = 'asker'",
            "grant usage on schema evil to public",
            "grant select on evil.pg_shadow to public",
            "alter role asker set search_path = evil, pg_catalog")) {
      admin.value(sql);
    }
    pooler = PoolerFixture.start(server, yaml(""));
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    admin.close();
    server.close();
  }

  private static String yaml(String more) {
    return """
    listen:
      - {address: "unix:${SOCKET}", auth: scram-sha-256}
      - {address: "tcp:127.0.0.1:${TCP}", auth: scram-sha-256}
    http: {address: "127.0.0.1:${HTTP}"}
    databases:
      d: {hosts: ["127.0.0.1:${PG_PORT}"], database: postgres, auth-user: asker,
          auth-password: ask, pool: {min-idle: 0, max-wait: 2s}%s}
    """
        .formatted(more);
  }

  private static void assertIn(PoolerFixture where, String user, String password)
      throws SQLException {
    try (Connection client = DriverManager.getConnection(where.tcpUrl("d"), user, password);
        var row = client.createStatement().executeQuery("select current_user")) {
      row.next();
      assertEquals(user, row.getString(1));
    }
  }

  private static SQLException refusal(PoolerFixture where, String user, String password) {
    return assertThrows(
        SQLException.class,
        () -> DriverManager.getConnection(where.tcpUrl("d"), user, password).close());
  }

  @Test
  void aUserOfTheServerIsLetInAndItsKeysArePassedOn() throws Exception {
    assertIn(pooler, "app", "right");
    SQLException wrong = refusal(pooler, "app", "wrong");
    assertEquals("28P01", wrong.getSQLState());
    assertIn(pooler, "app", "right");
  }

  /** Needs the unknown name to be asked for again behind the refusal. */
  @Test
  void aUserWhoIsCreatedAfterARefusedLoginIsFoundAtOnce() throws Exception {
    assertEquals("28P01", refusal(pooler, "born", "right").getSQLState());
    admin.value("create role born login password 'right'");
    assertIn(pooler, "born", "right");
    admin.value("alter role born password 'changed'");
    assertEquals("28P01", refusal(pooler, "born", "wrong").getSQLState());
    assertIn(pooler, "born", "changed");
  }

  /** Needs {@code valuntil} in {@code AuthQueryConfig.QUERY} (CVE-2025-2291). */
  @Test
  @Tag("case-24")
  @Tag("advisory-CVE-2025-2291")
  void aPasswordThatHasExpiredOpensNothing() throws Exception {
    assertIn(pooler, "early", "right");
    SQLException expired = refusal(pooler, "late", "right");
    assertEquals("28P01", expired.getSQLState());
    assertEquals(
        String.valueOf(refusal(pooler, "early", "wrong").getMessage()).replace("early", "late"),
        expired.getMessage());
  }

  /** Needs {@code UserStore.mockScram}: without it an unknown user has no salt to be sent. */
  @Test
  @Tag("case-21")
  void anUnknownUserGoesThroughTheWholeExchange() throws Exception {
    for (String user : List.of("app", "nobody", "nopassword", "x' or '1'='1", "n".repeat(70))) {
      try (RawPgClient client = pooler.raw()) {
        client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", user, "database", "d")));
        assertEquals(10, client.read().firstInt());
        client.send(PgBytes.saslInitial("SCRAM-SHA-256", "n,,n=,r=mine"));
        PgMessage challenge = client.read();
        assertEquals(11, challenge.firstInt(), challenge::toString);
        String text = new String(challenge.body(), StandardCharsets.US_ASCII).substring(4);
        assertTrue(text.matches("r=mine[^,]{24},s=[A-Za-z0-9+/]{22}==,i=4096"), text);
        String proof = "A".repeat(43) + "=";
        String last = "c=biws," + text.split(",", -1)[0] + ",p=" + proof;
        List<PgMessage> said =
            client.send(PgBytes.message('p', last.getBytes(StandardCharsets.US_ASCII))).readToEnd();
        assertEquals("E", RawPgClient.types(said));
        assertEquals("28P01", said.getFirst().sqlState());
        String name = user.substring(0, Math.min(63, user.length())); // as the server cuts it
        assertEquals(
            "password authentication failed for user \"" + name + "\"", said.getFirst().field('M'));
      }
    }
  }

  /** Needs the count of the users that were found: 4096 alone would tell who is unknown. */
  @Test
  @Tag("case-21")
  void anUnknownUserHasTheIterationsOfThoseThatWereFound() throws Exception {
    admin.query("set scram_iterations = 5000; create role strong login password 'right'");
    admin.query("alter role asker set scram_iterations = 4200");
    try (PoolerFixture own = PoolerFixture.start(server, yaml(""))) {
      assertEquals("i=4200", iterations(own, "nobody"), "the server's own, before one was found");
      assertEquals("i=5000", iterations(own, "strong"));
      assertEquals("i=5000", iterations(own, "nobody"));
      assertEquals("i=4096", iterations(own, "app"));
    } finally {
      admin.query("reset scram_iterations; drop role strong");
      admin.query("alter role asker reset scram_iterations");
    }
  }

  private static String iterations(PoolerFixture where, String user) throws IOException {
    try (RawPgClient client = where.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", user, "database", "d")));
      assertEquals(10, client.read().firstInt());
      client.send(PgBytes.saslInitial("SCRAM-SHA-256", "n,,n=,r=mine"));
      String text = new String(client.read().body(), StandardCharsets.US_ASCII);
      return text.substring(text.lastIndexOf(',') + 1);
    }
  }

  /**
   * Needs {@code AuthQuery.SETTINGS} (CVE-2025-12819): a search_path of our own, and a backend that
   * no client's settings reach.
   */
  @Test
  @Tag("case-26")
  @Tag("advisory-CVE-2025-12819")
  void noSearchPathOfAClientOrOfARoleLeadsTheQueryAstray() throws Exception {
    String unqualified =
        ", auth-query: \"select usename, passwd, valuntil from pg_shadow where usename = $1\"";
    try (PoolerFixture naive = PoolerFixture.start(server, yaml(unqualified))) {
      // evil.pg_shadow gives app the password of asker.
      String url = naive.tcpUrl("d") + "?options=-c%20search_path=evil&currentSchema=evil";
      SQLException refused =
          assertThrows(
              SQLException.class, () -> DriverManager.getConnection(url, "app", "ask").close());
      assertEquals("28P01", refused.getSQLState());
      try (Connection client = DriverManager.getConnection(url, "app", "right");
          var row = client.createStatement().executeQuery("show search_path")) {
        row.next();
        assertEquals("evil", row.getString(1));
      }
    }
  }

  /** Needs the comparison of the name in {@code AuthQueryHandler.onRow} (CVE-2015-6817). */
  @Test
  @Tag("advisory-CVE-2015-6817")
  void anotherUsersRowLetsNobodyIn() throws Exception {
    String careless =
        ", auth-query: \"select usename, passwd, valuntil from pg_shadow"
            + " where usename = $1 or usename = 'asker'\"";
    try (PoolerFixture naive = PoolerFixture.start(server, yaml(careless))) {
      assertEquals("28P01", refusal(naive, "nobody", "ask").getSQLState());
      assertIn(naive, "asker", "ask");
    }
  }

  /** Needs the lookup to be left out: whoever owns a target could say who the administrator is. */
  @Test
  void noServerSaysWhoMayUseTheConsole() throws Exception {
    String verifier = admin.value("select rolpassword from pg_authid where rolname = 'early'");
    String any =
        yaml("").replace("  d: {", "  \"*\": {").replace("database: postgres, ", "")
            + "users: [{name: early, verifier: \""
            + verifier
            + "\"}]\nadmin: {users: [app, early]}\n";
    try (PoolerFixture all = PoolerFixture.start(server, any)) {
      String url = all.tcpUrl("pooler") + "?preferQueryMode=simple";
      SQLException refused =
          assertThrows(
              SQLException.class, () -> DriverManager.getConnection(url, "app", "right").close());
      assertEquals("28P01", refused.getSQLState());
      DriverManager.getConnection(url, "early", "right").close();
      DriverManager.getConnection(all.tcpUrl("postgres"), "app", "right").close();
    }
  }

  @Test
  void aStormOfLoginsAsksOverOneBackend() throws Exception {
    List<Future<Boolean>> logins = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 60; i++) {
        String user = "stranger" + i % 20;
        logins.add(threads.submit(() -> "28P01".equals(refusal(pooler, user, "x").getSQLState())));
      }
      for (Future<Boolean> login : logins) {
        assertTrue(login.get());
      }
    }
    assertEquals("1", admin.value("select count(*) from pg_stat_activity where usename = 'asker'"));
  }

  /** Needs the failure to be told: the query would be taken to be connecting for ever. */
  @Test
  void aSecretWithAZeroByteIsToldAndAChangedOneIsTaken() throws Exception {
    Path file = Files.createTempFile("secret", "");
    Files.writeString(file, "a\0sk");
    String yaml = yaml("").replace("auth-password: ask", "auth-password: {file: " + file + "}");
    try (PoolerFixture pooler = PoolerFixture.start(server, yaml)) {
      for (int i = 0; i < 2; i++) {
        SQLException refused = refusal(pooler, "app", "right");
        assertEquals("08006", refused.getSQLState(), refused::getMessage);
      }
      Files.writeString(file, "ask");
      assertIn(pooler, "app", "right");
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void aLostBackendOfTheQueryIsReplaced() throws Exception {
    assertIn(pooler, "app", "right");
    PoolerFixture.await(
        "no backend asks",
        () ->
            "0"
                .equals(
                    admin.value(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                            + " where usename = 'asker'")));
    assertEquals("28P01", refusal(pooler, "somebody", "x").getSQLState());
  }

  @Test
  void whereNobodyCanBeAskedTheClientIsToldSoAndUsersOfTheFileGetIn() throws Exception {
    String verifier = admin.value("select rolpassword from pg_authid where rolname = 'early'");
    for (String bad :
        List.of("auth-password: wrong", "auth-query: \"select $1::int\", auth-password: ask")) {
      String broken =
          yaml("").replace("auth-password: ask", bad)
              + "users: [{name: early, verifier: \""
              + verifier
              + "\"}]\n";
      try (PoolerFixture pooler = PoolerFixture.start(server, broken)) {
        SQLException refused = refusal(pooler, "app", "right");
        assertEquals("08006", refused.getSQLState());
        assertTrue(String.valueOf(refused.getMessage()).contains("could not be looked up"));
        assertIn(pooler, "early", "right");
        assertEquals(1, pooler.metric("pooler_auth_failures_total", "reason=\"lookup_failed\""));
      }
    }
  }
}
