package dev.pooler.compatibility;

import static dev.pooler.compatibility.Report.step;

import java.io.StringWriter;
import java.sql.Connection;
import java.util.logging.Level;
import java.util.logging.Logger;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;

import liquibase.changelog.FastCheckService;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;

/** Liquibase 4: update, rollback, tags, a failing change set, loadData, its lock table, the SQL it would run. */
public final class LiquibaseChanges {
  private LiquibaseChanges() {}

  private interface Work {
    Object on(Liquibase liquibase) throws Exception;
  }

  /**
   * Runs all of it.
   *
   * @param arguments none
   * @throws Exception when its scope can't be entered
   */
  public static void main(String... arguments) throws Exception {
    Logger.getLogger("").setLevel(Level.OFF);
    Scope.child(Scope.Attr.ui, new LoggerUIService(), LiquibaseChanges::all);
  }

  private static void all() {
    step("status", () -> with("changes.xml", l -> l.listUnrunChangeSets(new Contexts(), new LabelExpression()).size()));
    step("update by two", () -> with("changes.xml", l -> { l.update(2, ""); return ran(l); }));
    step("tag", () -> with("changes.xml", l -> { l.tag("two"); return l.tagExists("two"); }));
    step("update", () -> with("changes.xml", l -> { l.update(""); return ran(l); }));
    step("again", () -> with("changes.xml", l -> { l.update(""); return ran(l); }));
    step("validate", () -> with("changes.xml", l -> { l.validate(); return "valid"; }));
    step("what is there", () -> with("changes.xml", l -> query("select owner, kind from account order by id")));
    step("a failing change set", () -> with("failing.xml", l -> { l.update(""); return "updated"; }));
    step("no lock is left", () -> with("changes.xml", l -> l.listLocks().length));
    step("roll back to the tag", () -> with("changes.xml", l -> { l.rollback("two", ""); return ran(l); }));
    step("the SQL of the rest", () -> with("changes.xml", l -> {
      StringWriter out = new StringWriter();
      l.update("", out);
      return out.toString().lines().filter(s -> s.startsWith("CREATE") || s.startsWith("ALTER")).toList();
    }));
    step("forth again", () -> with("changes.xml", l -> { l.update(""); return ran(l); }));
    step("drop all", () -> with("changes.xml", l -> { l.dropAll(); return query("select count(*) from pg_tables where schemaname = 'public'"); }));
  }

  private static Object with(String file, Work work) throws Exception {
    try (Connection c = Database.of().getConnection()) {
      var database = DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(c));
      Liquibase liquibase = new Liquibase("liquibase/" + file, new ClassLoaderResourceAccessor(), database);
      Scope.getCurrentScope().getSingleton(FastCheckService.class).clearCache(); // it would remember what a rollback undid
      liquibase.setShowSummary(UpdateSummaryEnum.OFF);
      return work.on(liquibase);
    }
  }

  private static Object ran(Liquibase liquibase) throws Exception {
    return liquibase.getDatabase().getRanChangeSetList().stream().map(s -> s.getId() + " " + s.getExecType()).toList();
  }

  private static Object query(String text) throws Exception {
    try (Connection c = Database.of().getConnection(); var s = c.createStatement()) {
      return Report.rows(s.executeQuery(text));
    }
  }
}
