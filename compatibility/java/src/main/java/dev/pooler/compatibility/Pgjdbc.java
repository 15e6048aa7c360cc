package dev.pooler.compatibility;

import static dev.pooler.compatibility.Report.rows;
import static dev.pooler.compatibility.Report.step;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** pgjdbc as applications use it; arguments are connection properties, such as {@code prepareThreshold=1}. */
public final class Pgjdbc {
  private final Database database;
  private final Connection c;

  private Pgjdbc(Database database) throws SQLException {
    this.database = database;
    this.c = database.getConnection();
  }

  /**
   * Runs all of it.
   *
   * @param properties connection properties
   * @throws Exception when it can't connect or a part between two steps fails
   */
  public static void main(String... properties) throws Exception {
    Pgjdbc all = new Pgjdbc(Database.of(properties));
    all.statements();
    all.errors();
    all.batches();
    all.transactions();
    all.cursors();
    all.settings();
    all.copy();
    all.largeObjects();
    all.functions();
    all.notifications();
    all.cancel();
    all.metadata();
    all.temporary();
    all.c.close();
    all.manyConnections();
  }

  private void run(String text) throws SQLException {
    try (Statement s = c.createStatement()) {
      s.execute(text);
    }
  }

  private List<Object> query(String text, Object... values) throws SQLException {
    return query(c, text, values);
  }

  private static List<Object> query(Connection c, String text, Object... values) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(text)) {
      for (int n = 0; n < values.length; n++) {
        s.setObject(n + 1, values[n]);
      }
      return s.execute() ? rows(s.getResultSet()) : List.of(s.getUpdateCount());
    }
  }

  private void statements() throws SQLException {
    run("create table item (id serial primary key, name text unique, price numeric, made timestamptz, day date, raw bytea, ref uuid, words text[], flag boolean)");
    step("insert", () -> {
      try (PreparedStatement s = c.prepareStatement("insert into item (name, price, made, day, raw, ref, words, flag) values (?, ?, ?, ?, ?, ?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
        s.setString(1, "lamp");
        s.setBigDecimal(2, new BigDecimal("12.50"));
        s.setObject(3, OffsetDateTime.parse("2026-01-02T03:04:05Z"));
        s.setObject(4, LocalDate.of(2026, 1, 2));
        s.setBytes(5, new byte[] {0, -1, 39});
        s.setObject(6, new UUID(0, 7));
        s.setArray(7, c.createArrayOf("text", new String[] {"a", "b c"}));
        s.setBoolean(8, true);
        s.executeUpdate();
        return rows(s.getGeneratedKeys()).size();
      }
    });
    step("read", () -> query("select id, name, price, made, day, ref, words, flag from item"));
    step("raw", () -> {
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select raw from item")) {
        r.next();
        return r.getBytes(1);
      }
    });
    step("the same one twelve times", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?::int * 2, count(*) from item where id > ?")) {
        for (int n = 0; n < 12; n++) {
          s.setInt(1, n);
          s.setInt(2, n % 2);
          got.add(rows(s.executeQuery()).getFirst());
        }
      }
      return got;
    });
    step("other types in the same place", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?")) {
        for (int n = 0; n < 7; n++) {
          s.setObject(1, n);
          got.add(rows(s.executeQuery()).getFirst());
          s.setObject(1, "t" + n);
          got.add(rows(s.executeQuery()).getFirst());
        }
      }
      return got;
    });
    step("sixty texts, six times", () -> {
      long sum = 0;
      for (int round = 0; round < 6; round++) {
        for (int n = 0; n < 60; n++) {
          sum += ((Number) ((List<?>) query("select " + n + " + ?::int", round).getFirst()).getFirst()).longValue();
        }
      }
      return sum;
    });
    step("the table changes", () -> {
      for (int n = 0; n < 6; n++) {
        query("select name, price from item where id = ?", 1);
      }
      run("alter table item alter column price type numeric(20, 3)");
      run("alter table item add column extra int");
      return query("select extra from item where id = ?", 1);
    });
    step("several in one", () -> {
      List<Object> got = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("select ?::int as a; update item set extra = ? where id = 1; select extra from item")) {
        s.setInt(1, 4);
        s.setInt(2, 5);
        boolean isRows = s.execute();
        while (isRows || s.getUpdateCount() >= 0) {
          got.add(isRows ? rows(s.getResultSet()) : s.getUpdateCount());
          isRows = s.getMoreResults();
        }
      }
      return got;
    });
    step("described", () -> {
      try (PreparedStatement s = c.prepareStatement("select id, name from item where price > ? and name = ?")) {
        return List.of(s.getParameterMetaData().getParameterTypeName(1), s.getParameterMetaData().getParameterTypeName(2), s.getMetaData().getColumnName(2));
      }
    });
    step("updatable", () -> {
      try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
          ResultSet r = s.executeQuery("select id, name, price from item")) {
        r.next();
        r.updateString("name", "lamp 2");
        r.updateRow();
        r.moveToInsertRow();
        r.updateString("name", "desk");
        r.insertRow();
        return query("select name from item order by id");
      }
    });
  }

  private void errors() {
    for (int n = 0; n < 7; n++) {
      step("duplicate", () -> query("insert into item (name) values (?)", "desk"));
    }
    step("no such table", () -> query("select * from nowhere where n = ?", 1));
    step("division", () -> query("select 1 / ?::int", 0));
    step("division goes well", () -> query("select 1 / ?::int", 1));
    step("warnings", () -> {
      try (Statement s = c.createStatement()) {
        s.execute("do $$ begin raise warning 'careful'; end $$");
        return s.getWarnings().getMessage();
      }
    });
    step("valid", () -> c.isValid(5));
  }

  private void batches() throws SQLException {
    run("create table line (id bigserial primary key, n int, t text check (t <> 'bad'))");
    step("batch", () -> batch(500, -1));
    step("batch again", () -> batch(129, -1));
    step("batch in a transaction", () -> {
      c.setAutoCommit(false);
      Object got = batch(300, -1);
      c.commit();
      c.setAutoCommit(true);
      return got;
    });
    step("a batch with an error", () -> batch(50, 20));
    step("a batch with an error in a transaction", () -> {
      c.setAutoCommit(false);
      try {
        return batch(50, 20);
      } finally {
        c.rollback();
        c.setAutoCommit(true);
      }
    });
    step("keys of a batch", () -> {
      try (PreparedStatement s = c.prepareStatement("insert into line (n, t) values (?, ?)", new String[] {"n"})) {
        for (int n = 0; n < 40; n++) {
          s.setInt(1, n);
          s.setString(2, "keyed");
          s.addBatch();
        }
        s.executeBatch();
        return rows(s.getGeneratedKeys());
      }
    });
    step("a batch of texts", () -> {
      try (Statement s = c.createStatement()) {
        s.addBatch("update line set t = 'x' where n = 1");
        s.addBatch("delete from line where n = 2");
        s.addBatch("insert into line (n) values (-1)");
        return s.executeBatch();
      }
    });
    step("a large batch", () -> {
      try (PreparedStatement s = c.prepareStatement("insert into line (n, t) values (?, ?)")) {
        for (int n = 0; n < 300; n++) {
          s.setInt(1, n);
          s.setString(2, "y".repeat(5000));
          s.addBatch();
        }
        return s.executeBatch().length;
      }
    });
    step("what is there", () -> query("select count(*), sum(n), sum(length(t)) from line"));
  }

  private Object batch(int size, int bad) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("insert into line (n, t) values (?, ?)")) {
      for (int n = 0; n < size; n++) {
        s.setInt(1, n);
        s.setString(2, n == bad ? "bad" : "t" + n);
        s.addBatch();
      }
      return s.executeBatch().length;
    } catch (BatchUpdateException e) {
      return "failed: " + e.getNextException().getSQLState() + " of " + e.getUpdateCounts().length;
    }
  }

  private void transactions() throws SQLException {
    c.setAutoCommit(false);
    step("an error in a transaction", () -> query("select nothing"));
    step("and behind it", () -> query("select ?::int", 1));
    c.rollback();
    step("savepoints", () -> {
      query("insert into line (n, t) values (?, ?)", 1000, "kept");
      Savepoint s = c.setSavepoint("s");
      query("insert into line (n, t) values (?, ?)", 1001, "undone");
      c.rollback(s);
      Savepoint unnamed = c.setSavepoint();
      query("insert into line (n, t) values (?, ?)", 1002, "kept too");
      c.releaseSavepoint(unnamed);
      c.commit();
      return query("select n, t from line where n >= 1000 order by n");
    });
    step("rolled back", () -> {
      query("delete from line");
      c.rollback();
      return query("select count(*) > 0 from line");
    });
    c.commit();
    c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    step("serializable", () -> query("select current_setting('transaction_isolation')"));
    c.commit();
    c.setReadOnly(true);
    step("read only", () -> query("delete from line"));
    c.rollback();
    c.setReadOnly(false);
    c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    step("back again", () -> query("select current_setting('transaction_isolation'), current_setting('transaction_read_only')"));
    c.commit();
    c.setAutoCommit(true);
  }

  private void cursors() throws SQLException {
    c.setAutoCommit(false);
    step("fetch size", () -> {
      try (PreparedStatement s = c.prepareStatement("select n, 'row ' || n from generate_series(1, ?) n")) {
        s.setFetchSize(70);
        s.setInt(1, 1000);
        return rows(s.executeQuery()).getLast();
      }
    });
    step("two at once", () -> {
      try (Statement a = c.createStatement(); Statement b = c.createStatement()) {
        a.setFetchSize(10);
        b.setFetchSize(7);
        ResultSet first = a.executeQuery("select generate_series(1, 100)");
        ResultSet second = b.executeQuery("select generate_series(1, 100)");
        long sum = 0;
        while (first.next() && second.next()) {
          sum += first.getInt(1) * second.getInt(1);
        }
        return sum;
      }
    });
    step("left early", () -> {
      try (Statement s = c.createStatement()) {
        s.setFetchSize(5);
        ResultSet r = s.executeQuery("select generate_series(1, 100000)");
        r.next();
        return r.getInt(1);
      }
    });
    step("a refcursor", () -> {
      run("create function items() returns refcursor language plpgsql as $$ declare c refcursor; begin open c for select name from item order by id; return c; end $$");
      try (CallableStatement s = c.prepareCall("{? = call items()}")) {
        s.registerOutParameter(1, Types.REF_CURSOR);
        s.execute();
        return rows((ResultSet) s.getObject(1));
      }
    });
    c.commit();
    c.setAutoCommit(true);
    step("fetch size in autocommit", () -> {
      try (Statement s = c.createStatement()) {
        s.setFetchSize(10);
        return rows(s.executeQuery("select generate_series(1, 35)")).getLast();
      }
    });
    step("at most", () -> {
      try (Statement s = c.createStatement()) {
        s.setMaxRows(4);
        return rows(s.executeQuery("select generate_series(1, 100)"));
      }
    });
    step("with hold", () -> {
      try (Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, ResultSet.HOLD_CURSORS_OVER_COMMIT)) {
        s.execute("begin; declare h cursor with hold for select generate_series(1, 10); commit");
        List<Object> some = query("fetch 2 from h");
        some.addAll(query("fetch 2 from h"));
        run("close h");
        return some;
      }
    });
  }

  private void settings() {
    step("set", () -> {
      run("set work_mem = '777kB'");
      run("set timezone = 'Asia/Kolkata'");
      return query("select current_setting('work_mem'), current_setting('timezone'), ?::timestamptz::text", "2026-01-01 00:00+00");
    });
    step("set_config", () -> query("select set_config('app.tenant', ?, false)", "red"));
    step("read back", () -> query("select current_setting('app.tenant')"));
    step("schema", () -> {
      run("create schema other");
      run("create table other.item (only_here int)");
      List<Object> got = new ArrayList<>();
      for (int n = 0; n < 7; n++) {
        got.add(query("select count(*) from item where ? > 0", 1).getFirst());
      }
      c.setSchema("other");
      got.add(c.getSchema());
      for (int n = 0; n < 7; n++) {
        got.add(query("select count(*) from item where ? > 0", 1).getFirst());
      }
      c.setSchema("public");
      return got;
    });
    step("role", () -> {
      run("set role auditor");
      List<Object> got = query("select current_user");
      run("reset role");
      got.addAll(query("select current_user"));
      return got;
    });
    step("application name", () -> {
      c.setClientInfo("ApplicationName", "renamed");
      return List.of(c.getClientInfo("ApplicationName"), query("show application_name"));
    });
    step("local", () -> {
      c.setAutoCommit(false);
      run("set local app.tenant = 'blue'");
      List<Object> got = query("select current_setting('app.tenant')");
      c.commit();
      c.setAutoCommit(true);
      got.addAll(query("select current_setting('app.tenant')"));
      return got;
    });
    step("reset", () -> {
      run("reset timezone");
      run("reset all");
      return query("select current_setting('work_mem')");
    });
    step("discard all", () -> {
      run("discard all");
      return query("select count(*) from item");
    });
  }

  private void copy() throws SQLException {
    CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
    step("copy in", () -> copy.copyIn("copy item (name, price) from stdin with (format csv)", new StringReader("copied,1\n\"also, copied\",2\n")));
    step("copy in fails", () -> copy.copyIn("copy item (name, price) from stdin", new StringReader("x\tone\n")));
    step("copy out", () -> {
      StringWriter out = new StringWriter();
      copy.copyOut("copy (select name, price from item where name like '%copied' order by id) to stdout", out);
      return out.toString().replace("\n", "|");
    });
    step("binary", () -> {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      copy.copyOut("copy (select n, repeat('b', 300) from generate_series(1, 5000) n) to stdout with (format binary)", out);
      run("create table copied (n int, t text)");
      return List.of(out.size(), copy.copyIn("copy copied from stdin with (format binary)", new ByteArrayInputStream(out.toByteArray())));
    });
    step("given up", () -> {
      var into = copy.copyIn("copy copied from stdin");
      into.writeToCopy(new byte[] {'1', '\t', 'x', '\n'}, 0, 4);
      into.cancelCopy();
      return query("select count(*) from copied");
    });
  }

  private void largeObjects() throws SQLException {
    c.setAutoCommit(false);
    step("large object", () -> {
      LargeObjectManager objects = c.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO();
      try (LargeObject o = objects.open(oid, LargeObjectManager.READWRITE)) {
        o.write("0123456789".repeat(30000).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        o.seek(299_995);
      }
      c.commit();
      List<Object> got = new ArrayList<>();
      try (LargeObject o = objects.open(oid, LargeObjectManager.READWRITE)) {
        o.seek64(299_995, LargeObject.SEEK_SET);
        got.add(new String(o.read(20), java.nio.charset.StandardCharsets.US_ASCII));
        o.truncate(100);
        got.add(o.size());
        got.add(o.getInputStream().readAllBytes().length);
      }
      c.commit();
      objects.delete(oid);
      c.commit();
      return got;
    });
    step("large object that isn't", () -> c.unwrap(PGConnection.class).getLargeObjectAPI().open(1L, LargeObjectManager.READ));
    c.rollback();
    step("blob", () -> {
      run("create table pictures (id int, picture oid)");
      try (PreparedStatement s = c.prepareStatement("insert into pictures values (1, ?)")) {
        s.setBlob(1, new ByteArrayInputStream(new byte[50_000]));
        s.executeUpdate();
      }
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select picture from pictures")) {
        r.next();
        return r.getBlob(1).length();
      }
    });
    c.commit();
    c.setAutoCommit(true);
  }

  private void functions() throws SQLException {
    run("create function twice(inout n int, out t text) language sql as $$ select n * 2, 'twice' $$");
    run("create procedure put(name text) language plpgsql as $$ begin insert into line (t) values (name); commit; insert into line (t) values (name); end $$");
    step("function", () -> {
      try (CallableStatement s = c.prepareCall("{call twice(?, ?)}")) {
        s.setInt(1, 21);
        s.registerOutParameter(1, Types.INTEGER);
        s.registerOutParameter(2, Types.VARCHAR);
        s.execute();
        return List.of(s.getInt(1), s.getString(2));
      }
    });
    step("procedure", () -> {
      query("call put(?)", "by procedure");
      return query("select count(*) from line where t = 'by procedure'");
    });
  }

  private void notifications() throws SQLException {
    try (Connection listener = database.getConnection()) {
      try (Statement s = listener.createStatement()) {
        s.execute("listen news");
      }
      run("notify news, 'one'");
      query("select pg_notify('news', ?), pg_notify('other', 'no')", "two");
      step("heard", () -> {
        List<Object> got = new ArrayList<>();
        for (int n = 0; n < 50 && got.size() < 2; n++) {
          PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(100);
          for (PGNotification each : some == null ? new PGNotification[0] : some) {
            got.add(each.getName() + "/" + each.getParameter() + "/" + (each.getPID() == c.unwrap(PGConnection.class).getBackendPID()));
          }
        }
        return got;
      });
    }
  }

  private void cancel() {
    step("query timeout", () -> {
      try (Statement s = c.createStatement()) {
        s.setQueryTimeout(1);
        return s.execute("select pg_sleep(20)");
      }
    });
    step("after it", () -> query("select ?::int", 1));
    step("cancel", () -> {
      try (Statement s = c.createStatement(); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        threads.submit(() -> {
          Thread.sleep(300);
          s.cancel();
          return 0;
        });
        return s.execute("select pg_sleep(20)");
      }
    });
    step("after it", () -> query("select ?::int", 2));
  }

  private void metadata() {
    step("tables", () -> column(c.getMetaData().getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME"));
    step("columns", () -> column(c.getMetaData().getColumns(null, "public", "item", "%"), "TYPE_NAME"));
    step("keys", () -> column(c.getMetaData().getPrimaryKeys(null, "public", "item"), "PK_NAME"));
    step("indexes", () -> column(c.getMetaData().getIndexInfo(null, "public", "item", true, true), "INDEX_NAME"));
    step("functions", () -> column(c.getMetaData().getFunctions(null, "public", "%"), "FUNCTION_NAME"));
    step("product", () -> c.getMetaData().getDatabaseProductName() + " " + c.getMetaData().getDatabaseMajorVersion());
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> all = new ArrayList<>();
    try (rows) {
      while (rows.next()) {
        all.add(rows.getString(name));
      }
    }
    return all;
  }

  private void temporary() {
    step("temporary", () -> {
      run("create temporary table scratch (n int)");
      for (int n = 0; n < 7; n++) {
        query("insert into scratch values (?)", n);
      }
      List<Object> got = query("select sum(n) from scratch");
      run("drop table scratch");
      return got;
    });
    step("advisory lock", () -> {
      query("select pg_advisory_lock(?)", 5);
      return query("select pg_advisory_unlock(?)", 5);
    });
    step("text prepare", () -> {
      run("prepare plan (int) as select $1 * 2");
      List<Object> got = query("execute plan(21)");
      run("deallocate plan");
      return got;
    });
  }

  /** More connections than there are backends, each of them busy for a while, as an application's own pool has them. */
  private void manyConnections() {
    step("six connections", () -> {
      List<Callable<String>> work = new ArrayList<>();
      for (int n = 0; n < 6; n++) {
        int mine = n;
        work.add(() -> worker(mine));
      }
      List<Object> got = new ArrayList<>();
      try (var threads = Executors.newFixedThreadPool(6)) {
        for (var each : threads.invokeAll(work)) {
          got.add(each.get());
        }
      }
      return got;
    });
  }

  private String worker(int mine) {
    try (Connection own = database.getConnection(); Statement s = own.createStatement()) {
      s.execute("set app.tenant = 'tenant " + mine + "'");
      long sum = 0;
      for (int n = 0; n < 40; n++) {
        List<?> row = (List<?>) query(own, "select ?::int, current_setting('app.tenant')", n).getFirst();
        if (!row.get(1).equals("tenant " + mine)) {
          return "saw " + row.get(1) + " in place of tenant " + mine;
        }
        sum += (Integer) row.getFirst();
      }
      own.setAutoCommit(false);
      query(own, "insert into line (n, t) values (?, ?)", mine, "worker");
      own.commit();
      return "tenant " + mine + " " + sum;
    } catch (SQLException e) {
      return Report.told(e);
    }
  }
}
