package dev.pooler.compatibility.pgjdbc;

import static dev.pooler.compatibility.Report.step;

import dev.pooler.compatibility.Database;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;

/** Settings, the schema and the role of a session, and the end of all of them. */
final class Settings extends Part {
  Settings(Database database, Connection c) {
    super(database, c);
  }

  @Override
  void play() {
    step("set", () -> {
      run("set work_mem = '777kB'");
      run("set timezone = 'Asia/Kolkata'");
      return query("select current_setting('work_mem'), current_setting('timezone'), ?::timestamptz::text", "2026-01-01 00:00+00");
    });
    step("set_config", () -> query("select set_config('app.tenant', ?, false)", "red"));
    step("read back", () -> query("select current_setting('app.tenant')"));
    step("schema", () -> {
      run("create schema other");
      run("create table other.item (only_here int)");
      List<Object> got = new ArrayList<>();
      for (int n = 0; n < 7; n++) {
        got.add(query("select count(*) from item where ? > 0", 1).getFirst());
      }
      c.setSchema("other");
      got.add(c.getSchema());
      for (int n = 0; n < 7; n++) {
        got.add(query("select count(*) from item where ? > 0", 1).getFirst());
      }
      c.setSchema("public");
      return got;
    });
    step("role", () -> {
      run("set role auditor");
      List<Object> got = query("select current_user");
      run("reset role");
      got.addAll(query("select current_user"));
      return got;
    });
    step("application name", () -> {
      c.setClientInfo("ApplicationName", "renamed");
      return List.of(c.getClientInfo("ApplicationName"), query("show application_name"));
    });
    step("local", () -> {
      c.setAutoCommit(false);
      run("set local app.tenant = 'blue'");
      List<Object> got = query("select current_setting('app.tenant')");
      c.commit();
      c.setAutoCommit(true);
      got.addAll(query("select current_setting('app.tenant')"));
      return got;
    });
    step("reset", () -> {
      run("reset timezone");
      run("reset all");
      return query("select current_setting('work_mem')");
    });
    step("discard all", () -> {
      run("discard all");
      return query("select count(*) from item");
    });
  }
}
