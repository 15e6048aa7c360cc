package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.Executors;

/** Cancel requests: by a timeout of the driver, and by another thread. */
final class Cancels extends Part {
  Cancels(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() {
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
}
