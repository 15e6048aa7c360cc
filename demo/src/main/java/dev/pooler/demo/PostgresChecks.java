package dev.pooler.demo;

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

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
        where + ": a prepared statement with a name", "7 14 21 28, with a name", this::prepared);
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
        () -> manyClients(this::hearsOnlyItsOwn));
    checks.expect(
        where + ": " + CLIENTS + " clients at once, each with its own setting",
        CLIENTS + " right",
        () -> manyClients(this::keepsItsSetting));
    checks.expect(
        where + ": a temporary table is its session's, and goes with it",
        "1 then gone",
        this::temporaryTable);
    checks.expect(where + ": LISTEN hears NOTIFY", "hello", this::notified);
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(url + "&ApplicationName=demo-check");
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

  private String prepared() throws SQLException {
    // From the first time on; pgjdbc's default is the fifth.
    try (var connection = DriverManager.getConnection(url + "&prepareThreshold=1");
        var statement = connection.prepareStatement("select ?::int * 7")) {
      var answers = new StringJoiner(" ");
      for (int i = 1; i <= 4; i++) {
        statement.setInt(1, i);
        try (var rows = statement.executeQuery()) {
          rows.next();
          answers.add(rows.getString(1));
        }
      }
      boolean named = statement.unwrap(PGStatement.class).isUseServerPrepare();
      return answers + (named ? ", with a name" : ", without a name");
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

  /** What one of many clients sees: whether it is right. */
  private interface OneOfMany {
    boolean sees(Connection connection, int own) throws SQLException;
  }

  private String manyClients(OneOfMany client) throws Exception {
    // Not virtual: who waits in junixsocket's native code would keep the carrier from who has the
    // backend.
    try (var threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      List<Future<Boolean>> answers = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int own = i;
        answers.add(
            threads.submit(() -> {
              try (var connection = connect()) {
                return client.sees(connection, own);
              }
            }));
      }
      int right = 0;
      for (var answer : answers) {
        right += answer.get() ? 1 : 0;
      }
      return right + " right";
    }
  }

  private boolean hearsOnlyItsOwn(Connection connection, int own) throws SQLException {
    for (int i = 0; i < 10; i++) {
      String expected = own + "/" + i;
      if (!ask(connection, "select '" + expected + "' from pg_sleep(0.002)").equals(expected)) {
        return false;
      }
    }
    return true;
  }

  private boolean keepsItsSetting(Connection connection, int own) throws SQLException {
    String expected = (own + 1) + "MB";
    try (var statement = connection.createStatement()) {
      statement.execute("set work_mem = '" + expected + "'");
    }
    for (int i = 0; i < 10; i++) {
      if (!ask(connection, "show work_mem").equals(expected)) {
        return false;
      }
    }
    return true;
  }

  private String temporaryTable() throws SQLException {
    String during;
    try (var connection = connect();
        var statement = connection.createStatement()) {
      statement.execute("create temporary table check_temporary as select 1 as n");
      during = ask(connection, "select count(*) from check_temporary");
    }
    try (var connection = connect()) {
      String sql = "select coalesce(to_regclass('check_temporary')::text, 'gone')";
      return during + " then " + ask(connection, sql);
    }
  }

  private String notified() throws SQLException {
    try (var listener = connect();
        var statement = listener.createStatement()) {
      statement.execute("listen demo_check");
      statement.execute("notify demo_check, 'hello'");
      var heard = listener.unwrap(PGConnection.class).getNotifications(5_000);
      return heard == null || heard.length == 0 ? "nothing" : heard[0].getParameter();
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
