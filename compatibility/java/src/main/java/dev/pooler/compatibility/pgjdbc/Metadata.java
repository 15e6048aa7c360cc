package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.rows;
import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** DatabaseMetaData, as tools ask it. */
final class Metadata extends Part {
  Metadata(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() {
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
}
