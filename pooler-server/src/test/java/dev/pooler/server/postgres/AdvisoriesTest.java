package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What other poolers fell to before anybody had logged in. */
@Timeout(60)
class AdvisoriesTest {
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    server = EmbeddedPostgres.started();
    try (RawPgClient direct = SharedServer.direct(server)) {
      direct.query("create role app login");
    }
    pooler =
        PoolerFixture.start(
            server,
            """
            listen:
              - {address: "unix:${SOCKET}", auth: scram-sha-256}
              - {address: "tcp:127.0.0.1:${TCP}", auth: trust}
            http: {address: "127.0.0.1:${HTTP}"}
            databases: {"*": {hosts: ["unix:${PG}"], pool: {min-idle: 0}}}
            users: [{name: app, password: right}, {name: postgres, password: other}]
            admin: {users: [postgres]}
            """);
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  private static Connection login(String database, String user, String password)
      throws SQLException {
    String url = pooler.jdbcUrl(database).replace("&user=postgres", "");
    return DriverManager.getConnection(url, user, password);
  }

  private static void assertRefused(String database, String user, String password) {
    SQLException told =
        assertThrows(SQLException.class, () -> login(database, user, password).close());
    assertEquals("28P01", told.getSQLState(), told::toString);
  }

  /** Needs each phase of a login to take its own messages and no others. */
  @Test
  @Tag("advisory-CVE-2015-4054")
  void messagesOfALoginInAnyOrderAreAnErrorOfThatClient() throws Exception {
    byte[] startup =
        PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "postgres"));
    List<byte[]> messages =
        List.of(
            PgBytes.password("right"),
            PgBytes.saslInitial("SCRAM-SHA-256", "n,,n=,r=abcdefgh"),
            PgBytes.query("select 1"),
            PgBytes.parse("", "select 1"),
            PgBytes.sync(),
            PgBytes.copyDone());
    for (byte[] message : messages) {
      try (RawPgClient client = pooler.raw()) {
        assertEquals("08P01", client.send(message).readToEnd().getLast().sqlState());
      }
    }
    byte[] disguised = messages.get(1).clone();
    disguised[0] = 'Q';
    List<byte[]> insteadOfAPassword =
        List.of(
            disguised,
            messages.get(2),
            messages.get(3),
            messages.get(4),
            messages.get(5),
            startup,
            PgBytes.sslRequest(),
            PgBytes.gssEncRequest());
    for (byte[] message : insteadOfAPassword) {
      try (RawPgClient client = pooler.raw()) {
        assertEquals('R', client.send(startup).read().type());
        List<PgMessage> said = client.send(message).readToEnd();
        assertEquals("E", RawPgClient.types(said));
        assertEquals("08P01", said.getFirst().sqlState(), said::toString);
      }
    }
    login("postgres", "app", "right").close();
  }

  /** Needs names to be cut as the server cuts them: what a client makes up is a metric's label. */
  @Test
  @Tag("advisory-CVE-2012-4575")
  void aNameOfAnyLengthIsThatOfAnUnknownDatabase() throws Exception {
    for (int length : new int[] {63, 64, 65, 1_000, 9_900}) {
      try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
        String name = "d".repeat(length);
        client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", name)));
        assertEquals("3D000", client.readToEnd().getLast().sqlState(), "" + length);
      }
    }
    for (String line : pooler.get("/metrics").body().split("\n", -1)) {
      assertTrue(line.length() < 1_000, () -> line.substring(0, 1_000));
    }
    login("postgres", "app", "right").close();
  }

  /** Needs the console to stand behind the same authentication as everything else. */
  @Test
  @Tag("advisory-pgdog-0fd0364a")
  void theConsoleIsNobodysWithoutItsPassword() throws Exception {
    assertRefused("pooler", "postgres", "wrong");
    assertRefused("pooler", "postgres", "right");
    assertRefused("pooler", "postgres", " ");
    login("pooler", "postgres", "other").close();
  }

  /** Needs the name that is logged in to be the one whose password was shown. */
  @Test
  @Tag("advisory-CVE-2025-46801")
  void onesOwnPasswordOpensNobodyElsesName() throws Exception {
    assertRefused("postgres", "postgres", "right");
    assertRefused("postgres", "app", "other");
    assertRefused("postgres", "nobody", "right");
    try (Connection app = login("postgres", "app", "right");
        var row = app.createStatement().executeQuery("select current_user, session_user")) {
      row.next();
      assertEquals("app app", row.getString(1) + " " + row.getString(2));
    }
  }
}
