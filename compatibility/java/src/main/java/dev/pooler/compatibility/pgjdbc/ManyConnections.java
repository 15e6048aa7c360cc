package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import dev.pooler.compatibility.Report;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/** More connections than there are backends, each of them busy for a while, as an application's own pool has them. */
record ManyConnections(Database database) {
  void play() {
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
        List<?> row = (List<?>) Part.query(own, "select ?::int, current_setting('app.tenant')", n).getFirst();
        if (!row.get(1).equals("tenant " + mine)) {
          return "saw " + row.get(1) + " in place of tenant " + mine;
        }
        sum += (Integer) row.getFirst();
      }
      own.setAutoCommit(false);
      Part.query(own, "insert into line (n, t) values (?, ?)", mine, "worker");
      own.commit();
      return "tenant " + mine + " " + sum;
    } catch (SQLException e) {
      return Report.told(e);
    }
  }
}
