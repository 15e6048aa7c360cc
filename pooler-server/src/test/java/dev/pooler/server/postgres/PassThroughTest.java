package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No password in the configuration: what a client's SCRAM login shows opens the backend. */
@Timeout(60)
class PassThroughTest {
  private static EmbeddedPostgres server;
  private static RawPgClient admin;
  private String verifier;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedPostgres.builder()
            .hba(
                List.of(
                    "local all postgres trust",
                    "host all postgres 127.0.0.1/32 trust",
                    "host all all 127.0.0.1/32 scram-sha-256"))
            .start();
    admin = SharedServer.direct(server);
    admin.value("create role app login");
  }

  @AfterAll
  static void stop() throws IOException {
    admin.close();
    server.close();
  }

  @BeforeEach
  void password() throws IOException {
    verifier = alter("first");
  }

  /** Sets app's password at the server; the new verifier. */
  private static String alter(String password) throws IOException {
    admin.value("alter role app password '" + password + "'");
    return String.valueOf(admin.value("select rolpassword from pg_authid where rolname = 'app'"));
  }

  private static String yaml(String secret) {
    return """
    listen:
      - {address: "unix:${SOCKET}", auth: trust}
      - {address: "tcp:127.0.0.1:${TCP}", auth: scram-sha-256}
    databases:
      d: {hosts: ["127.0.0.1:${PG_PORT}"], database: postgres, pool: {min-idle: 0, max-wait: 2s}}
      e: {hosts: ["127.0.0.1:${PG_PORT}"], database: postgres, pool: {min-idle: 0, max-wait: 2s}}
    users:
      - {name: app, %s}
    """
        .formatted(secret);
  }

  private PoolerFixture pooler() throws IOException {
    return PoolerFixture.start(server, yaml("verifier: \"" + verifier + "\""));
  }

  private static Connection login(PoolerFixture pooler, String password) throws SQLException {
    return DriverManager.getConnection(pooler.tcpUrl("d"), "app", password);
  }

  private static void assertServed(Connection connection) throws SQLException {
    try (var row = connection.createStatement().executeQuery("select current_user")) {
      row.next();
      assertEquals("app", row.getString(1));
    }
  }

  private static String told(PoolerFixture pooler, String database) {
    return String.valueOf(
        assertThrows(
                IOException.class,
                () -> RawPgClient.session(pooler.unix(), "app", database).close())
            .getMessage());
  }

  private static void endBackends() throws IOException, SQLException {
    PoolerFixture.await(
        "app has no backend",
        () ->
            "0"
                .equals(
                    admin.value(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                            + " where usename = 'app'")));
  }

  /** Needs the ClientKey that a right proof shows ({@code AuthStep.Granted.keys}). */
  @Test
  @Tag("case-22")
  void theKeysThatAClientShowsOpenItsBackendsAndReopenThem() throws Exception {
    try (PoolerFixture pooler = pooler();
        Connection client = login(pooler, "first")) {
      assertServed(client);
      endBackends();
      assertServed(client);
      // Its pool is its user's: who is let in as that user by another listener shares it.
      try (RawPgClient trusted = RawPgClient.session(pooler.unix(), "app", "d")) {
        assertEquals("app", trusted.value("select current_user"));
      }
    }
  }

  /** Needs the keys to be kept for one entry alone: the other may be another server. */
  @Test
  @Tag("case-22")
  void beforeAUsersFirstLoginForADatabaseItsClientsAreToldWhatIsMissing() throws Exception {
    try (PoolerFixture pooler = pooler()) {
      String before = told(pooler, "d");
      assertTrue(before.contains("28000") && before.contains("scram-sha-256"), before);
      try (Connection client = login(pooler, "first")) {
        assertServed(client);
      }
      try (RawPgClient trusted = RawPgClient.session(pooler.unix(), "app", "d")) {
        assertEquals("app", trusted.value("select current_user"));
      }
      String other = told(pooler, "e");
      assertTrue(other.contains("28000"), other);
    }
  }

  /** Needs {@code Credentials.derived}: the salt is ours, no backend's verifier has it. */
  @Test
  @Tag("case-22")
  void aPasswordInUsersShowsNoKeysForABackend() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, yaml("password: first"))) {
      SQLException refused = assertThrows(SQLException.class, () -> login(pooler, "first").close());
      assertEquals("28000", refused.getSQLState());
      assertTrue(
          String.valueOf(refused.getMessage()).contains("the backend asks for a password"),
          refused::getMessage);
    }
  }

  /** Needs the reload to forget keys of a verifier that is no longer the user's. */
  @Test
  @Tag("case-22")
  @Tag("case-27")
  void keysAreReplacedWhenTheVerifierChanges() throws Exception {
    try (PoolerFixture pooler = pooler()) {
      try (Connection client = login(pooler, "first")) {
        assertServed(client);
        String changed = alter("second");
        endBackends();
        // The backend has another salt now: the keys are not even sent.
        assertThrows(SQLException.class, () -> assertServed(client));
        String stale = told(pooler, "d");
        assertTrue(stale.contains("another SCRAM verifier"), stale);
        assertEquals(List.of(), pooler.reload(yaml("verifier: \"" + changed + "\"")));
      }
      String forgotten = told(pooler, "d");
      assertTrue(forgotten.contains("asks for a password"), forgotten);
      assertEquals(
          "28P01",
          assertThrows(SQLException.class, () -> login(pooler, "first").close()).getSQLState());
      try (Connection client = login(pooler, "second")) {
        assertServed(client);
      }
    }
  }
}
