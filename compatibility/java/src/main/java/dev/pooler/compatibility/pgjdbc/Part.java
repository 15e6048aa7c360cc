package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.rows;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** A part of the script. All parts run on one connection, one after the other, and use the tables of those before. */
abstract class Part {
  final Database database;
  final Connection c;

  Part(Database database, Connection c) {
    this.database = database;
    this.c = c;
  }

  /** Prints its steps; throws when something fails between two of them. */
  abstract void play() throws SQLException;

  void run(String text) throws SQLException {
    try (Statement s = c.createStatement()) {
      s.execute(text);
    }
  }

  List<Object> query(String text, Object... values) throws SQLException {
    return query(c, text, values);
  }

  static List<Object> query(Connection c, String text, Object... values) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(text)) {
      for (int n = 0; n < values.length; n++) {
        s.setObject(n + 1, values[n]);
      }
      return s.execute() ? rows(s.getResultSet()) : List.of(s.getUpdateCount());
    }
  }
}
