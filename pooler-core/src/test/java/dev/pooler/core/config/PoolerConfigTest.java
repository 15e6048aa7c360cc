package dev.pooler.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PoolerConfigTest {
  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);

  @Test
  void noSecretIsInTheText() {
    UserConfig verified = new UserConfig("app", "SCRAM-SHA-256$geheim", null);
    UserConfig literal = new UserConfig("app", null, new Secret.Literal("geheim"));
    Secret command = new Secret.FromCommand(List.of("vault", "geheim"), FIVE_SECONDS);

    String text =
        verified
            + " "
            + literal
            + " "
            + database("app", new Secret.Literal("geheim"))
            + " "
            + command;

    assertFalse(text.contains("geheim"), text);
    assertTrue(text.contains("***"), text);
  }

  @Test
  void aNameWithoutAnEntryOfItsOwnIsServedByTheStar() {
    Map<String, DatabaseConfig> databases = new LinkedHashMap<>();
    databases.put("*", database("*", null));
    databases.put("app", database("app", null));

    PoolerConfig config = config(databases);

    DatabaseConfig other = config.database("other");
    DatabaseConfig app = config.database("app");
    assertNotNull(other);
    assertNotNull(app);
    assertTrue(other.isAny());
    assertEquals("app", app.name());
    assertEquals(List.of("*", "app"), List.copyOf(config.databases().keySet()));
    assertNull(config(Map.of()).database("other"));
  }

  @Test
  void aFileModeIsTheSamePermissions() {
    assertEquals(PosixFilePermissions.fromString("rw-rw----"), new FileMode(0660).permissions());
    assertEquals("0660", new FileMode(0660).toString());
    assertEquals("0007", new FileMode(07).toString());
    assertTrue(new FileMode(0777).worldWritable());
    assertFalse(new FileMode(0775).worldWritable());
  }

  @Test
  void onlyALoopbackLiteralOrLocalhostIsLoopback() {
    assertTrue(new TcpAddress("127.0.0.1", 1).isLoopback());
    assertTrue(new TcpAddress("127.1.2.3", 1).isLoopback());
    assertTrue(new TcpAddress("::1", 1).isLoopback());
    assertTrue(new TcpAddress("localhost", 1).isLoopback());
    assertFalse(new TcpAddress("127.example.org", 1).isLoopback());
    assertFalse(new TcpAddress("0.0.0.0", 1).isLoopback());
    assertEquals("tcp:[::1]:5432", new TcpAddress("::1", 5432).toString());
    assertEquals("unix:/a/b", new UnixAddress(Path.of("/a/b")).toString());
  }

  private static PoolerConfig config(Map<String, DatabaseConfig> databases) {
    return new PoolerConfig(
        List.of(),
        null,
        databases,
        new LimitsConfig(5000, 64L << 20, 32L << 20, FIVE_SECONDS),
        new IoConfig(Transport.AUTO, 0),
        Map.of(),
        AdminConfig.NONE);
  }

  private static DatabaseConfig database(String name, @Nullable Secret password) {
    return new DatabaseConfig(
        name,
        Protocol.POSTGRES,
        List.of(new TcpAddress("localhost", 5432)),
        null,
        "app",
        password,
        ClientTls.PREFER,
        new PoolConfig(
            PoolMode.TRANSACTION,
            16,
            1,
            FIVE_SECONDS,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            256),
        new TimeoutsConfig(FIVE_SECONDS, FIVE_SECONDS, Duration.ZERO, Duration.ZERO, Duration.ZERO),
        null,
        ListenGap.CLOSE);
  }
}
