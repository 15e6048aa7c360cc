package dev.pooler.mysql.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.pooler.testkit.server.EmbeddedMariaDb;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/** Our side logs in at a real MariaDB 11.4. */
@Timeout(60)
@EnabledIf(
    value = "dev.pooler.testkit.server.EmbeddedMariaDb#supported",
    disabledReason = "there is no MariaDB artifact for this processor")
class MariaDbLoginTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static EmbeddedMariaDb server;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server =
        EmbeddedMariaDb.builder()
            .user("app", "it's pässword")
            .setting("disconnect-on-expired-password", "ON")
            .start();
    run(
        "CREATE USER other IDENTIFIED VIA mysql_native_password USING PASSWORD('geheim')",
        "CREATE USER open",
        "CREATE USER second IDENTIFIED VIA mysql_native_password USING PASSWORD('first')"
            + " OR mysql_native_password USING PASSWORD('geheim')",
        "CREATE USER expired IDENTIFIED BY 'geheim' PASSWORD EXPIRE",
        "CREATE USER locked IDENTIFIED BY 'geheim' ACCOUNT LOCK");
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
  }

  @Test
  void logsInByMysqlNativePasswordOverTcpAndAUnixSocket() throws IOException {
    for (SocketAddress address : addresses()) {
      try (RawLogin raw = new RawLogin(SocketChannel.open(address))) {
        done(raw.logIn("app", login("app", "it's pässword")));
        assertEquals("app@%", raw.ask("select current_user()"));
      }
    }
  }

  /** The server's accounts are of another method than what is named: it switches. */
  @Test
  void followsASwitchOfTheMethod() throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      EnumSet<AuthMethod> allowed = EnumSet.complementOf(EnumSet.of(AuthMethod.PARSEC));
      BackendLogin login =
          new BackendLogin("other", new Password("geheim"), Line.PLAIN_TCP, allowed, null, false);
      done(raw.logIn("other", new BackendAuthentication(login, RANDOM)));
    }
  }

  @Test
  void followsTheServerThroughTheMethodsOfAnAccount() throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      done(raw.logIn("second", login("second", "geheim")));
      assertEquals("second@%", raw.ask("select current_user()"));
    }
  }

  @Test
  void needsNoPasswordWhereThereIsNone() throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      done(
          raw.logIn(
              "open",
              new BackendAuthentication(
                  BackendLogin.of("open", new NoSecret(), Line.PLAIN_TCP), RANDOM)));
    }
  }

  @Test
  @Tag("mysql-case-104")
  void changesTheUserOfAConnection() throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      done(raw.logIn("app", login("app", "it's pässword")));
      done(raw.changeUser("other", login("other", "geheim")));
      assertEquals("other@%", raw.ask("select current_user()"));
    }
  }

  @Test
  @Tag("mysql-case-102")
  void tellsAnExpiredPasswordFromAWrongOneAndALockedAccount() throws IOException {
    assertEquals(RefusalKind.WRONG_SECRET, refusal("app", "wrong"));
    assertEquals(RefusalKind.WRONG_SECRET, refusal("nobody", "wrong"));
    assertEquals(RefusalKind.EXPIRED_PASSWORD, refusal("expired", "geheim"));
    assertEquals(RefusalKind.ACCOUNT_LOCKED, refusal("locked", "geheim"));
  }

  /** The login ends as one with a wrong password, not as one that broke off. */
  @Test
  @Tag("mysql-case-100")
  void theServerAnswersAFarewell() throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      BackendLogin login =
          new BackendLogin(
              "app",
              new Password("it's pässword"),
              Line.PLAIN_TCP,
              EnumSet.of(AuthMethod.PARSEC),
              null,
              false);
      BackendStep.Failed failed =
          assertInstanceOf(
              BackendStep.Failed.class, raw.logIn("app", new BackendAuthentication(login, RANDOM)));
      assertEquals(BackendFailure.METHOD_NOT_ALLOWED, failed.reason());
      byte[] farewell = failed.farewell();
      assertNotNull(farewell);
      ServerRefusal refusal = ServerRefusal.read(raw.part(farewell));
      assertNotNull(refusal);
      assertEquals(RefusalKind.WRONG_SECRET, refusal.kind());
    }
  }

  @Test
  void logsInByEd25519() throws IOException {
    try {
      run(
          "INSTALL SONAME 'auth_ed25519'",
          "CREATE USER curve IDENTIFIED VIA ed25519 USING PASSWORD('geheim')");
    } catch (SQLException e) {
      String reason = "this MariaDB has no ed25519 plugin: " + e.getMessage();
      System.out.println("MariaDbLoginTest: skipped, " + reason);
      abort(reason);
    }
    try (RawLogin raw = new RawLogin(tcp())) {
      done(raw.logIn("curve", login("curve", "geheim")));
    }
    assertEquals(RefusalKind.WRONG_SECRET, refusal("curve", "wrong"));
  }

  private static RefusalKind refusal(String user, String password) throws IOException {
    try (RawLogin raw = new RawLogin(tcp())) {
      BackendStep step = raw.logIn(user, login(user, password));
      return assertInstanceOf(BackendStep.Refused.class, step).refusal().kind();
    }
  }

  private static void done(BackendStep step) {
    assertInstanceOf(BackendStep.Done.class, step);
  }

  private static BackendAuthentication login(String user, String password) {
    return new BackendAuthentication(
        BackendLogin.of(user, new Password(password), Line.PLAIN_TCP), RANDOM);
  }

  private static SocketChannel tcp() throws IOException {
    return SocketChannel.open(addresses()[0]);
  }

  private static SocketAddress[] addresses() {
    return new SocketAddress[] {
      new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()),
      UnixDomainSocketAddress.of(server.socket())
    };
  }

  private static void run(String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server.jdbcUrl("mysql"));
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
