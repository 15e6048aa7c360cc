package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.pool.PinReason;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each reason to pin is one that a session can have, and is told of where operators look. */
@Timeout(60)
class PinReasonsTest {
  private static final Path OPERATIONS =
      Path.of(System.getProperty("pooler.root")).resolve("docs/operations.md");

  /** What a session does that is pinned for a reason. */
  private static List<String> statements(PinReason reason) {
    return switch (reason) {
      case SETTING -> List.of("select set_config('app.doc', repeat('x', 70000), false)");
      case PREPARED_STATEMENT -> List.of("prepare p as select 1");
      case LISTEN -> List.of("set client_encoding = 'LATIN1'", "listen x");
      case TEMPORARY_OBJECT -> List.of("create temp table pinned_here (i int)");
      case HOLD_CURSOR -> List.of("declare c cursor with hold for select 1");
      case ADVISORY_LOCK -> List.of("select pg_advisory_lock(7)");
      case LOADED_LIBRARY -> List.of("load 'plpgsql'");
      case RANDOM_SEED -> List.of("select setseed(0.5)");
      case SEQUENCE_VALUE ->
          List.of(
              "create sequence if not exists pin_numbers",
              "select nextval('pin_numbers')",
              "other: select nextval('pin_numbers')",
              "select currval('pin_numbers')", // refused, and remembered
              "insert into pin_rows select nextval('pin_numbers')");
      case CODE -> List.of("do $$ begin execute 'select 1'; end $$");
      case LARGE_STATEMENT -> List.of("select length('" + "x".repeat(4 << 20) + "')");
      case REPLICATION -> List.of("replication: IDENTIFY_SYSTEM");
      case UNKNOWN -> List.of("select pg_replication_origin_session_setup('nobody')");
    };
  }

  @ParameterizedTest
  @EnumSource(PinReason.class)
  void eachOfThemPins(PinReason reason) throws Exception {
    String metric = "reason=\"" + reason.label() + "\"";
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("create table if not exists pin_rows (i bigint)");
    }
    try (PoolerFixture pooler =
            PoolerFixture.start(
                SharedServer.get(),
                "databases: {postgres: {hosts: [\"unix:${PG}\"], user: postgres,"
                    + " replication: true, pool: {size: 1, min-idle: 0}}}\n");
        RawPgClient a = session(pooler, "a", "false");
        RawPgClient other = session(pooler, "b", "false");
        RawPgClient replicates = session(pooler, "c", "true")) {
      for (String statement : statements(reason)) {
        if (statement.startsWith("other: ")) {
          other.query(statement.substring(7));
        } else if (statement.startsWith("replication: ")) {
          replicates.query(statement.substring(13));
        } else {
          a.query(statement);
        }
      }
      PoolerFixture.await(metric, () -> pooler.metric("pooler_pins_total", metric) > 0);
    }
  }

  private static RawPgClient session(PoolerFixture pooler, String program, String replication)
      throws IOException {
    RawPgClient client = pooler.raw();
    client.login(
        Map.of(
            "user",
            "postgres",
            "database",
            "postgres",
            "application_name",
            program,
            "replication",
            replication));
    return client;
  }

  @Test
  void theMetricIsSaidToHaveThemAndNoOthers() throws IOException {
    String row =
        Files.readAllLines(OPERATIONS).stream()
            .filter(line -> line.startsWith("| `pins_total{reason}` |"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        Arrays.stream(PinReason.values()).map(PinReason::label).toList(),
        List.of(row.split("\\|")[2].strip().split(", ")));
  }

  @Test
  void whyOneHasNoKeyIsSaid() throws IOException {
    String text = Files.readString(OPERATIONS).replaceAll("\\s+", " ");
    int begin = text.indexOf("reasons have no key: ");
    assertTrue(begin > 0);
    String without = text.substring(begin, text.indexOf(" - **", begin));
    for (PinReason reason : PinReason.values()) {
      assertEquals(
          !reason.hasPolicy(), without.contains("`" + reason.label() + "`"), reason.label());
    }
  }
}
