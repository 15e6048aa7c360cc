package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.rows;
import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.List;

/** Results that are fetched in parts, in portals and in cursors. */
final class Cursors extends Part {
  Cursors(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
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
}
