package dev.pooler.compatibility;

import static dev.pooler.compatibility.Report.step;

import java.util.Arrays;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/** Flyway 11: its session locks, migrations in and out of transactions, placeholders, a failing one, repair, clean. */
public final class FlywayMigrations {
  private FlywayMigrations() {}

  /**
   * Runs all of it.
   *
   * @param arguments none
   * @throws Exception when it can't connect
   */
  public static void main(String... arguments) throws Exception {
    Flyway good = configured("classpath:flyway/good").load();
    step("migrate", () -> good.migrate().migrationsExecuted);
    step("again", () -> good.migrate().migrationsExecuted);
    step("validate", () -> good.validateWithResult().validationSuccessful);
    step("info", () -> history(good));
    Flyway bad = configured("classpath:flyway/good", "classpath:flyway/bad").load();
    step("a failing one", () -> bad.migrate().migrationsExecuted);
    step("its history", () -> history(bad));
    step("repair", () -> bad.repair().repairActions.size());
    step("left", () -> tables());
    // CREATE INDEX CONCURRENTLY would wait for the transaction that holds Flyway's lock: that is what this setting is for.
    Flyway transactional = configured("classpath:flyway/good", "classpath:flyway/concurrently").outOfOrder(true).configuration(java.util.Map.of("flyway.postgresql.transactional.lock", "false")).load();
    step("with a session lock", () -> transactional.migrate().success);
    step("clean", () -> good.clean().schemasCleaned);
    step("from the start with a session lock", () -> transactional.migrate().migrationsExecuted);
    step("left", () -> tables());
    Flyway grouped = configured("classpath:flyway/good").group(true).mixed(true).defaultSchema("grouped").schemas("grouped").createSchemas(true).baselineVersion("3").baselineOnMigrate(true).load();
    step("grouped, in a schema of its own", () -> grouped.migrate().migrationsExecuted);
    step("baseline", () -> configured("classpath:flyway/good").table("other_history").baselineOnMigrate(true).load().baseline().baselineVersion);
  }

  private static FluentConfiguration configured(String... locations) {
    return Flyway.configure().dataSource(Database.of()).locations(locations).cleanDisabled(false)
        .placeholders(java.util.Map.of("owner", "ada")).initSql("set timezone = 'Europe/Oslo'");
  }

  private static Object history(Flyway flyway) {
    return Arrays.stream(flyway.info().all()).map(m -> m.getVersion() + " " + m.getDescription() + " " + m.getState()).toList();
  }

  private static Object tables() throws java.sql.SQLException {
    try (var c = Database.of().getConnection(); var s = c.createStatement()) {
      return Report.rows(s.executeQuery("select tablename, (select count(*) from accounts) from pg_tables where schemaname = 'public' order by 1"));
    }
  }
}
