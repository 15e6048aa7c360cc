package dev.pooler.demo;

import java.sql.DriverManager;
import java.sql.SQLException;

/**
 * What a MySQL client does, through one socket.
 *
 * @param where names the socket in the report
 * @param url a JDBC URL of it
 */
record MariaDbChecks(String where, String url) {

  void run(Checks checks) {
    checks.expect(where + ": query", 42, () -> query("select 6 * 7"));
    checks.expect(where + ": prepared statement", 42, this::prepared);
    checks.expect(
        where + ": an error is an error, and the connection goes on", "1146 then 1", this::error);
    checks.expect(where + ": a transaction rolled back leaves nothing", "1 then 0", this::rollback);
  }

  private String query(String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url)) {
      return PostgresChecks.ask(connection, sql);
    }
  }

  private int prepared() throws SQLException {
    try (var connection = DriverManager.getConnection(url + "&useServerPrepStmts=true");
        var statement = connection.prepareStatement("select ? * 7")) {
      statement.setInt(1, 6);
      try (var rows = statement.executeQuery()) {
        rows.next();
        return rows.getInt(1);
      }
    }
  }

  private String error() throws SQLException {
    try (var connection = DriverManager.getConnection(url)) {
      int code;
      try {
        PostgresChecks.ask(connection, "select * from no_such_table");
        code = 0;
      } catch (SQLException e) {
        code = e.getErrorCode();
      }
      return code + " then " + PostgresChecks.ask(connection, "select 1");
    }
  }

  private String rollback() throws SQLException {
    try (var connection = DriverManager.getConnection(url);
        var statement = connection.createStatement()) {
      statement.execute("create or replace table check_rollback (n int) engine=InnoDB");
      connection.setAutoCommit(false);
      statement.execute("insert into check_rollback values (1)");
      String inside = PostgresChecks.ask(connection, "select count(*) from check_rollback");
      connection.rollback();
      String after = PostgresChecks.ask(connection, "select count(*) from check_rollback");
      statement.execute("drop table check_rollback");
      return inside + " then " + after;
    }
  }
}
