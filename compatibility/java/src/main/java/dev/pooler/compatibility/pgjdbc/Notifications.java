package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** LISTEN on one connection, NOTIFY on another. */
final class Notifications extends Part {
  Notifications(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() throws SQLException {
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
}
