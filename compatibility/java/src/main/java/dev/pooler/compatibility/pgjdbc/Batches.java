package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.rows;
import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** Batches that go well and that fail, in a transaction and without one. */
final class Batches extends Part {
  Batches(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
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
}
