package dev.pooler.testkit.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class EmbeddedPostgresTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().setting("max_connections", "37").tls(true).start();
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
  }

  @Test
  void aDriverConnectsOverTcpAndSeesTheSettings() throws SQLException {
    assertEquals("37", ask(server.jdbcUrl("postgres"), "show max_connections"));
    assertTrue(ask(server.jdbcUrl("postgres"), "select version()").startsWith("PostgreSQL 18."));
  }

  @Test
  void itListensOnItsSocket() throws IOException {
    assertTrue(Files.exists(server.socket()), server.socket()::toString);
    assertTrue(server.socket().toString().getBytes(StandardCharsets.UTF_8).length < 100);
  }

  @Test
  void aDriverVerifiesItsCertificateFully() throws SQLException {
    String url = server.jdbcUrl("postgres") + "&sslmode=verify-full&sslrootcert=" + server.caFile();
    assertEquals("t", ask(url, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
  }

  @Test
  void aTerminatedBackendSaysFarewellToItsClient() throws Exception {
    try (var connection = DriverManager.getConnection(server.jdbcUrl("postgres"))) {
      long pid = Long.parseLong(ask(connection, "select pg_backend_pid()"));
      server.terminate(pid);
      var error = assertThrows(SQLException.class, () -> ask(connection, "select pg_sleep(10)"));
      assertEquals("57P01", error.getSQLState());
    }
  }

  @Test
  void aProcessOfSomeoneElseIsNotKilled() {
    long ours = ProcessHandle.current().pid();
    assertThrows(IllegalArgumentException.class, () -> server.kill(ours));
  }

  @Test
  void dataOutliveARestartAndACrash() throws Exception {
    try (var own = EmbeddedPostgres.started()) {
      ask(own.jdbcUrl("postgres"), "create table kept as select 42 as n; select 1");
      own.restart();
      assertEquals("42", ask(own.jdbcUrl("postgres"), "select n from kept"));
      own.crash();
      assertThrows(SQLException.class, () -> ask(own.jdbcUrl("postgres"), "select 1"));
      own.start();
      assertEquals("42", ask(own.jdbcUrl("postgres"), "select n from kept"));
    }
  }

  @Test
  void closingRemovesTheTemporaryDirectoryAndTheProcess() throws IOException {
    var own = EmbeddedPostgres.started();
    long pid = own.pid();
    Path directory = own.socketDirectory();
    own.close();
    assertFalse(Files.exists(directory));
    assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
  }

  @Test
  void passwordsAreAskedForWhereHbaSaysSo() throws Exception {
    var hba =
        List.of(
            "local all all trust",
            "host all postgres 127.0.0.1/32 trust",
            "host all all 127.0.0.1/32 scram-sha-256");
    try (var own = EmbeddedPostgres.builder().hba(hba).start()) {
      ask(own.jdbcUrl("postgres"), "create user app password 'secret'; select 1");
      String url = "jdbc:postgresql://127.0.0.1:" + own.port() + "/postgres?user=app&password=";
      assertEquals("app", ask(url + "secret", "select current_user"));
      var error = assertThrows(SQLException.class, () -> ask(url + "wrong", "select 1"));
      assertEquals("28P01", error.getSQLState());
    }
  }

  @Test
  void aSettingThatTheServerRefusesIsToldWithItsLog() {
    var error =
        assertThrows(
            IOException.class, () -> EmbeddedPostgres.builder().setting("no_such", "1").start());
    assertTrue(error.toString().contains("no_such"), error::toString);
  }

  private static String ask(String url, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url)) {
      return ask(connection, sql);
    }
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      boolean rows = statement.execute(sql);
      while (!rows) {
        rows = statement.getMoreResults();
      }
      try (var result = statement.getResultSet()) {
        assertTrue(result.next());
        return result.getString(1);
      }
    }
  }
}
