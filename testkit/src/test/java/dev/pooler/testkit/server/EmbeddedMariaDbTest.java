package dev.pooler.testkit.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf(
    value = "dev.pooler.testkit.server.EmbeddedMariaDb#supported",
    disabledReason = "there is no MariaDB artifact for this processor")
final class EmbeddedMariaDbTest {
  private static EmbeddedMariaDb server;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedMariaDb.builder()
            .user("app", "it's")
            .database("shop")
            .setting("max-connections", "41")
            .start();
  }

  @AfterAll
  static void close() throws IOException {
    server.close();
  }

  @Test
  void aDriverConnectsAsRootAndSeesTheSettings() throws SQLException {
    assertEquals("41", ask(server.jdbcUrl("shop"), "select @@max_connections"));
    assertTrue(ask(server.jdbcUrl("shop"), "select version()").startsWith("11.4."));
  }

  @Test
  void aUserNeedsItsPassword() throws SQLException {
    String url = "jdbc:mysql://127.0.0.1:" + server.port() + "/shop?user=app&password=";
    assertEquals("app@%", ask(url + "it's", "select current_user()"));
    var error = assertThrows(SQLException.class, () -> ask(url + "wrong", "select 1"));
    assertEquals(1045, error.getErrorCode());
  }

  @Test
  void itsOwnClientConnectsOverTheSocket() throws Exception {
    var command =
        List.of(
            server.client().toString(),
            "--no-defaults",
            "-uroot",
            "-N",
            "--socket=" + server.socket(),
            "-e",
            "select 6 * 7");
    Process client = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals("42", said.strip());
  }

  @Test
  void dataOutliveARestartAndACrash() throws Exception {
    try (var own =
        EmbeddedMariaDb.builder()
            .database("kept")
            .setting("innodb-flush-log-at-trx-commit", "1")
            .start()) {
      run(own.jdbcUrl("kept"), "create table t as select 42 as n");
      own.restart();
      assertEquals("42", ask(own.jdbcUrl("kept"), "select n from t"));
      own.crash();
      assertThrows(SQLException.class, () -> ask(own.jdbcUrl("kept"), "select 1"));
      own.start();
      assertEquals("42", ask(own.jdbcUrl("kept"), "select n from t"));
    }
  }

  @Test
  void closingRemovesTheTemporaryDirectoryAndTheProcess() throws IOException {
    var own = EmbeddedMariaDb.started();
    long pid = own.pid();
    Path directory = own.socketDirectory();
    own.close();
    assertFalse(Files.exists(directory));
    assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
  }

  private static String ask(String url, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url);
        var statement = connection.createStatement();
        var result = statement.executeQuery(sql)) {
      assertTrue(result.next());
      return result.getString(1);
    }
  }

  private static void run(String url, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
