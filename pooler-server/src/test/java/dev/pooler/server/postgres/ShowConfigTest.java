package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SHOW CONFIG has every key that docs/configuration.md has, because both are made of one table. */
@Timeout(60)
class ShowConfigTest {
  private static final String YAML =
      """
      databases:
        postgres:
          hosts: ["unix:${PG}", "127.0.0.1:${PG_PORT}"]
          user: postgres
          password: hunter2
          pool: {size: 2, min-idle: 0, max-wait: 5s}
      limits: {clients: 50, drain: 3s}
      users:
        - {name: app, password: hunter2}
        - {name: old, verifier: md50123456789abcdef0123456789abcdef}
      admin: {users: [postgres], stats-users: [metrics]}
      """;

  private PoolerFixture pooler;

  @BeforeEach
  void start() throws IOException {
    pooler = PoolerFixture.start(SharedServer.get(), YAML);
  }

  @AfterEach
  void stop() throws IOException {
    pooler.close();
  }

  @Test
  void itHasTheKeysOfTheConfigurationPageWithTheirDefaults() throws Exception {
    Map<String, Map<String, @Nullable String>> shown = shown();
    Map<String, String> documented = documented();
    assertTrue(documented.size() > 80, documented::toString);
    documented.forEach((key, fallback) -> {
      Map<String, @Nullable String> row = shown.get(key);
      assertNotNull(row, key);
      assertEquals(fallback, Objects.requireNonNullElse(row.get("default"), "required"), key);
    });
  }

  @Test
  void valuesAreThoseInUseAndSecretsAreNotAmongThem() throws Exception {
    assertEquals("2", value("databases.postgres.pool.size"));
    assertEquals("5s", value("databases.postgres.pool.max-wait"));
    assertEquals("30m", value("databases.postgres.pool.max-lifetime"));
    assertEquals("64MiB", value("limits.memory"));
    assertEquals("pin", value("databases.postgres.pool.pins.temporary-object"));
    assertEquals("false", value("databases.postgres.replication"));
    assertEquals("trust", value("listen[1].auth"));
    assertEquals("app", value("users[0].name"));
    String hosts = value("databases.postgres.hosts");
    assertTrue(hosts.matches("unix:/.*,tcp:127\\.0\\.0\\.1:\\d+"), hosts);
    assertEquals("***", value("databases.postgres.password"));
    assertEquals("***", value("users[0].password"));
    assertEquals("***", value("users[1].verifier"));
    assertEquals("", value("http.token"));
    assertFalse(shown().toString().contains("hunter2"));
    assertFalse(shown().toString().contains("md50123"));
  }

  @Test
  void aReloadChangesWhatIsChangeableAndShowsTheOldValueOfWhatIsNot() throws Exception {
    assertEquals("yes", changeable("databases.postgres.pool.size"));
    assertEquals("yes", changeable("limits.drain"));
    assertEquals("no", changeable("limits.clients"));
    assertEquals("no", changeable("listen[0].address"));
    assertEquals("no", changeable("http.address"));
    assertEquals("no", changeable("io.event-loops"));
    String now = YAML.replace("size: 2", "size: 3").replace("drain: 3s", "drain: 4s");
    pooler.reload(now.replace("clients: 50", "clients: 60"));
    assertEquals("3", value("databases.postgres.pool.size"));
    assertEquals("4s", value("limits.drain"));
    assertEquals("50", value("limits.clients"));
  }

  private String value(String key) throws IOException {
    return String.valueOf(row(key).get("value"));
  }

  private String changeable(String key) throws IOException {
    return String.valueOf(row(key).get("changeable"));
  }

  private Map<String, @Nullable String> row(String key) throws IOException {
    Map<String, @Nullable String> row = shown().get(key);
    assertNotNull(row, key);
    return row;
  }

  private Map<String, Map<String, @Nullable String>> shown() throws IOException {
    Map<String, Map<String, @Nullable String>> rows = new LinkedHashMap<>();
    try (RawPgClient console = RawPgClient.session(pooler.unix(), "metrics", "pooler")) {
      ConsoleTest.rows(console, "CONFIG")
          .forEach(row -> rows.put(String.valueOf(row.get("key")), row));
    }
    return rows;
  }

  /** The page's keys but for sections, as they are here, with what the page says is the default. */
  private static Map<String, String> documented() throws IOException {
    Path page = Path.of(System.getProperty("pooler.root", ".."), "docs", "configuration.md");
    Pattern heading = Pattern.compile("## (The file|`(.+)`|.*)");
    Pattern line = Pattern.compile("\\| `([^`]+)` \\| (.+?) \\| (.+?) \\| .*");
    Map<String, String> keys = new TreeMap<>();
    String path = null;
    for (String text : Files.readAllLines(page)) {
      Matcher head = heading.matcher(text);
      Matcher row = line.matcher(text);
      if (head.matches()) {
        String section = head.group(2);
        path =
            text.equals("## The file")
                ? ""
                : section == null
                    ? null
                    : section.replace("[]", "[0]").replace("NAME", "postgres") + ".";
      } else if (path != null && row.matches() && !isSection(row.group(2))) {
        keys.put(path + row.group(1), row.group(3).replaceAll("^`(.*)`$", "$1"));
      }
    }
    return keys;
  }

  private static boolean isSection(String allowed) {
    return allowed.equals("keys") || allowed.equals("list") || allowed.equals("names");
  }
}
