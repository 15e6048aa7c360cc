package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL as its own image has it, over TCP with SCRAM, for whoever has Docker. */
@Timeout(600)
class ContainerTest {
  private static final String IMAGE = "postgres:18-alpine";

  @Test
  void aConversationWithTheOfficialImageIsAsWithAnyServer(@TempDir Path directory)
      throws Exception {
    String missing = missing();
    if (missing != null) {
      System.out.println("ContainerTest is skipped: " + missing);
      Assumptions.abort(missing);
    }
    try (var server = new PostgreSQLContainer(IMAGE)) {
      server.start();
      String login =
          "user: \"%s\", password: \"%s\"".formatted(server.getUsername(), server.getPassword());
      String host = server.getHost() + ":" + server.getMappedPort(5432);
      try (RunningPooler pooler =
              RunningPooler.start(directory, host, server.getDatabaseName(), login);
          Connection connection = DriverManager.getConnection(pooler.jdbcUrl())) {
        converse(connection);
      }
    }
  }

  private static void converse(Connection connection) throws SQLException {
    assertEquals("42", ask(connection, "select 6 * 7"));
    assertEquals(
        "22012",
        assertThrows(SQLException.class, () -> ask(connection, "select 1/0")).getSQLState());
    connection.setAutoCommit(false);
    try (var statement = connection.createStatement()) {
      statement.execute("create table t as select generate_series(1, 1000) n");
    }
    assertEquals("1000", ask(connection, "select count(*) from t"));
    connection.rollback();
    assertEquals("0", ask(connection, "select count(*) from pg_tables where tablename = 't'"));
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /**
   * Why there is no Docker, or null. Looks for its socket first: Testcontainers, asked on a machine
   * without one, takes seconds to say so, with stack traces.
   */
  private static @Nullable String missing() {
    String home = System.getProperty("user.home");
    boolean likely =
        System.getenv("DOCKER_HOST") != null
            || Stream.of(
                    "/var/run/docker.sock",
                    System.getenv("XDG_RUNTIME_DIR") + "/docker.sock",
                    home + "/.docker/run/docker.sock",
                    home + "/.testcontainers.properties")
                .anyMatch(file -> Files.exists(Path.of(file)));
    if (!likely) {
      return "no DOCKER_HOST and no Docker socket here";
    }
    Logger itsOwn = Logger.getLogger("org.testcontainers");
    Level before = itsOwn.getLevel();
    itsOwn.setLevel(Level.OFF);
    try {
      return DockerClientFactory.instance().isDockerAvailable() ? null : "Docker does not answer";
    } finally {
      itsOwn.setLevel(before);
    }
  }
}
