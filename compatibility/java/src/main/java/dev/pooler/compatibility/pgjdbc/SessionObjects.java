package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.util.List;

/** What a session keeps on its backend: temporary tables, advisory locks, statements prepared by text. */
final class SessionObjects extends Part {
  SessionObjects(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() {
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
}
