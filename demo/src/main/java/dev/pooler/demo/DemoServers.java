package dev.pooler.demo;

import dev.pooler.testkit.server.EmbeddedMariaDb;
import dev.pooler.testkit.server.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The two database servers, each with an empty database {@code demo}. The owner closes them after
 * everything that uses them.
 *
 * @param mariaDb absent where there is no artifact for this processor
 */
record DemoServers(EmbeddedPostgres postgres, Optional<EmbeddedMariaDb> mariaDb)
    implements AutoCloseable {

  static DemoServers start(DemoPlan plan) throws IOException, SQLException {
    var postgres =
        EmbeddedPostgres.builder()
            .directory(plan.postgresDirectory())
            .setting("max_connections", "" + Math.max(100, plan.poolSize() + 20))
            .setting("shared_buffers", "128MB")
            .closeAtExit(false)
            .start();
    try {
      createDatabase(postgres);
      return new DemoServers(postgres, startMariaDb(plan));
    } catch (IOException | SQLException | RuntimeException e) {
      postgres.close();
      throw e;
    }
  }

  private static Optional<EmbeddedMariaDb> startMariaDb(DemoPlan plan) throws IOException {
    if (!EmbeddedMariaDb.supported()) {
      return Optional.empty();
    }
    return Optional.of(
        EmbeddedMariaDb.builder()
            .directory(plan.mariaDbDirectory())
            .database(DemoPlan.DATABASE)
            .closeAtExit(false)
            .start());
  }

  private static void createDatabase(EmbeddedPostgres postgres) throws SQLException {
    try (var connection =
            DriverManager.getConnection(SocketUrls.postgres(postgres.socket(), "postgres"));
        var statement = connection.createStatement()) {
      var known =
          statement.executeQuery(
              "select from pg_database where datname = '" + DemoPlan.DATABASE + "'");
      if (!known.next()) {
        statement.execute("create database " + DemoPlan.DATABASE);
      }
    }
  }

  Path postgresSocket() {
    return postgres.socket();
  }

  @Override
  public void close() throws IOException {
    try {
      if (mariaDb.isPresent()) {
        mariaDb.get().close();
      }
    } finally {
      postgres.close();
    }
  }
}
