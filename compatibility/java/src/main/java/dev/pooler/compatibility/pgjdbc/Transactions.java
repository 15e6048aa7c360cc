package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;

/** Transactions as an application without a framework drives them: savepoints, isolation, read only. */
final class Transactions extends Part {
  Transactions(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
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
}
