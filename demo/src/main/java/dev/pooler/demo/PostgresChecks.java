package dev.pooler.demo;

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/**
 * What a PostgreSQL client does, through one socket.
 *
 * @param where names the socket in the report
 * @param url a JDBC URL of it
 */
record PostgresChecks(String where, String url, PoolMode mode) {
  private static final int COPIED = 1000;
  private static final int CLIENTS = 32;

  void run(Checks checks) {
    checks.expect(where + ": simple query", 42, () -> simple("select 6 * 7"));
    checks.expect(where + ": extended query with a parameter", 42, this::extended);
    checks.expect(
        where + ": an error is an error, and the connection goes on", "22012 then 1", this::error);
    if (mode == PoolMode.statement) {
      checks.skip(where + ": transactions", "pool mode statement allows none");
    } else {
      checks.expect(
          where + ": a transaction rolled back leaves nothing", "1 then 0", this::rollback);
      checks.expect(
          where + ": a failed transaction can be left", "25P02 then 1", this::failedTransaction);
    }
    checks.expect(
        where + ": COPY in and out", COPIED + " in, " + COPIED + " out, equal", this::copy);
    checks.expect(
        where + ": " + CLIENTS + " clients at once, each with its own answers",
        CLIENTS + " right",
        this::manyClients);
  }

  private Connection connect() throws SQLException {
    // 0: named statements belong to one backend.
    return DriverManager.getConnection(url + "&prepareThreshold=0&ApplicationName=demo-check");
  }

  private String simple(String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url + "&preferQueryMode=simple")) {
      return ask(connection, sql);
    }
  }

  private int extended() throws SQLException {
    try (var connection = connect();
        var statement = connection.prepareStatement("select ?::int * 7")) {
      statement.setInt(1, 6);
      try (var rows = statement.executeQuery()) {
        rows.next();
        return rows.getInt(1);
      }
    }
  }

  private String error() throws SQLException {
    try (var connection = connect()) {
      return stateOf(connection, "select 1 / 0") + " then " + ask(connection, "select 1");
    }
  }

  private String rollback() throws SQLException {
    try (var connection = connect();
        var statement = connection.createStatement()) {
      statement.execute("create table if not exists check_rollback (n int)");
      statement.execute("truncate check_rollback");
      connection.setAutoCommit(false);
      statement.execute("insert into check_rollback values (1)");
      String inside = ask(connection, "select count(*) from check_rollback");
      connection.rollback();
      connection.setAutoCommit(true);
      String after = ask(connection, "select count(*) from check_rollback");
      statement.execute("drop table check_rollback");
      return inside + " then " + after;
    }
  }

  private String failedTransaction() throws SQLException {
    try (var connection = connect()) {
      connection.setAutoCommit(false);
      stateOf(connection, "select 1 / 0");
      String state = stateOf(connection, "select 1");
      connection.rollback();
      return state + " then " + ask(connection, "select 1");
    }
  }

  private String copy() throws Exception {
    String sent =
        IntStream.range(0, COPIED)
            .mapToObj(i -> i + "\trow " + i + "\n")
            .collect(Collectors.joining());
    try (var connection = connect();
        var statement = connection.createStatement()) {
      statement.execute("drop table if exists check_copy");
      statement.execute("create table check_copy (id int, name text)");
      var copy = connection.unwrap(PGConnection.class).getCopyAPI();
      long in = copy.copyIn("copy check_copy from stdin", new StringReader(sent));
      var received = new StringWriter();
      long out = copy.copyOut("copy (select * from check_copy order by id) to stdout", received);
      statement.execute("drop table check_copy");
      return in
          + " in, "
          + out
          + " out, "
          + (received.toString().equals(sent) ? "equal" : "different");
    }
  }

  private String manyClients() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> answers = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int own = i;
        answers.add(threads.submit(() -> hearsOnlyItsOwn(own)));
      }
      int right = 0;
      for (var answer : answers) {
        right += answer.get() ? 1 : 0;
      }
      return right + " right";
    }
  }

  private boolean hearsOnlyItsOwn(int own) throws SQLException {
    try (var connection = connect()) {
      for (int i = 0; i < 10; i++) {
        String expected = own + "/" + i;
        if (!ask(connection, "select '" + expected + "' from pg_sleep(0.002)").equals(expected)) {
          return false;
        }
      }
      return true;
    }
  }

  private static String stateOf(Connection connection, String sql) {
    try {
      return "no error but " + ask(connection, sql);
    } catch (SQLException e) {
      return e.getSQLState();
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "no row";
    }
  }
}
