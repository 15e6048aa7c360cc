package dev.pooler.demo;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * What pooler says of itself over HTTP, and what PostgreSQL, asked directly, says of pooler; after
 * statements have run.
 */
record PoolerChecks(DemoPlan plan, Path postgresSocket) {

  void run(Checks checks) {
    for (String path : List.of("/live", "/ready", "/pools", "/sessions", "/pins")) {
      checks.expect("pooler: " + path, 200, () -> get(path).statusCode());
    }
    checks.expect("pooler: /metrics has counted transactions", true, this::transactionsCounted);
    checks.expect(
        "PostgreSQL directly: at most %d backends of pooler".formatted(plan.poolSize()),
        true,
        () -> backends() <= plan.poolSize());
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    try (var http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
      var request = HttpRequest.newBuilder(plan.http(path)).timeout(Duration.ofSeconds(5)).build();
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  private boolean transactionsCounted() throws IOException, InterruptedException {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("pooler_transactions_total{"))
        .anyMatch(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)) > 0);
  }

  /** But for the one that listens for all sessions, which is no pool's. */
  private int backends() throws SQLException {
    try (var connection =
        DriverManager.getConnection(SocketUrls.postgres(postgresSocket, "postgres"))) {
      return Integer.parseInt(
          PostgresChecks.ask(
              connection,
              """
              select count(*) from pg_stat_activity
              where backend_type = 'client backend' and pid <> pg_backend_pid()
                and application_name <> 'pooler listener'
              """));
    }
  }
}
