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

/**
 * LISTEN on one connection, NOTIFY on another and on itself. Of the process ids only this is compared: whether they are the
 * listener's own. By which other session is not, for it may be one that spoke on that backend later.
 */
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
      PGConnection hearing = listener.unwrap(PGConnection.class);
      step("heard", () -> heard(hearing, 2));
      try (Statement s = listener.createStatement()) {
        s.execute("notify news, 'mine'");
      }
      step("to itself", () -> heard(hearing, 1));
    }
  }

  private static List<String> heard(PGConnection listener, int least) throws SQLException {
    List<String> got = new ArrayList<>();
    for (int n = 0; n < 50 && got.size() < least; n++) {
      PGNotification[] some = listener.getNotifications(100);
      for (PGNotification each : some == null ? new PGNotification[0] : some) {
        got.add(each.getName() + "/" + each.getParameter() + "/" + (each.getPID() == listener.getBackendPID()));
      }
    }
    return got;
  }
}
