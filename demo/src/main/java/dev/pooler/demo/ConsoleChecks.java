package dev.pooler.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.StringJoiner;

/** What pooler's console shows of its clients. */
record ConsoleChecks(DemoPlan plan) {
  private static final int LOOKS = 50;
  private static final int PAUSE_MILLIS = 100;

  void run(Checks checks) {
    checks.expect("console: SHOW POOLS has the pool", DemoPlan.DATABASE, () -> shown("pools"));
    if (plan.poolMode() == PoolMode.session) {
      checks.skip("console: SHOW PINS", "in pool mode session none is needed");
    } else {
      checks.expect(
          "console: SHOW PINS has a temporary table for as long as it is there",
          "temporary_object then nothing",
          this::pinned);
    }
  }

  private String shown(String table) throws SQLException {
    try (var console = connect(DemoPlan.CONSOLE)) {
      return column(console, "show " + table, "database");
    }
  }

  private String pinned() throws SQLException, InterruptedException {
    try (var console = connect(DemoPlan.CONSOLE);
        var client = connect(DemoPlan.DATABASE);
        var statement = client.createStatement()) {
      statement.execute("create temporary table check_pinned (n int)");
      String during = pins(console, "temporary_object");
      statement.execute("drop table check_pinned");
      return during + " then " + pins(console, "nothing");
    }
  }

  /** What there is; the server is asked what is left when the client has its answer already. */
  private static String pins(Connection console, String expected)
      throws SQLException, InterruptedException {
    String reasons = column(console, "show pins", "reason");
    for (int i = 0; i < LOOKS && !reasons.equals(expected); i++) {
      Thread.sleep(PAUSE_MILLIS);
      reasons = column(console, "show pins", "reason");
    }
    return reasons;
  }

  /** One value for each row, or {@code nothing}. */
  private static String column(Connection console, String sql, String name) throws SQLException {
    var values = new StringJoiner(" ").setEmptyValue("nothing");
    try (var statement = console.createStatement();
        var rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(name));
      }
    }
    return values.toString();
  }

  private Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(SocketUrls.postgres(plan.pooledSocket(), database));
  }
}
