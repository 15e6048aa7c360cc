package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The backend user's password changes while clients are served. */
@Timeout(60)
@Tag("case-27")
class RotatingSecretTest {
  private static EmbeddedPostgres server;
  private static RawPgClient admin;
  private Path file;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedPostgres.builder()
            .hba(List.of("local all postgres trust", "host all app 127.0.0.1/32 scram-sha-256"))
            .start();
    admin = SharedServer.direct(server);
    admin.value("create role app login");
  }

  @AfterAll
  static void stop() throws IOException {
    admin.close();
    server.close();
  }

  @BeforeEach
  void first() throws IOException {
    file = Files.createTempFile("secret", "");
    rotate("first");
  }

  @AfterEach
  void remove() throws IOException {
    Files.delete(file);
  }

  private void rotate(String password) throws IOException {
    admin.value("alter role app password '" + password + "'");
    Files.writeString(file, password + "\n");
  }

  private static PoolerFixture with(int port, String secret) throws IOException {
    return PoolerFixture.start(
        server,
        """
        databases:
          d: {hosts: ["127.0.0.1:%d"], database: postgres, user: app, password: %s,
              pool: {min-idle: 0, max-wait: 2s}}
        """
            .formatted(port, secret));
  }

  private static void endBackends() throws Exception {
    PoolerFixture.await(
        "app has no backend",
        () ->
            "0"
                .equals(
                    admin.value(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                            + " where usename = 'app'")));
  }

  private static long refusals() throws IOException {
    return Files.readString(server.log())
        .lines()
        .filter(line -> line.contains("password authentication failed"))
        .count();
  }

  /** Needs the one retry of {@code PgConnector} with {@code BackendSecrets.fresh}. */
  @Test
  void aCommandsAnswerThatIsRefusedIsAskedForAnewAndNobodyNotices() throws Exception {
    String command = "{command: [cat, " + file + "], refresh: 1h}";
    try (PoolerFixture pooler = with(server.port(), command);
        RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
      for (String password : List.of("second", "third")) {
        rotate(password);
        endBackends();
        assertEquals("app", client.value("select current_user"));
      }
    }
  }

  /** Needs {@code RefusedSecret}. */
  @Test
  void aPasswordThatWasRefusedIsNotSentAgainAndAgainButAChangedOneIsAtOnce() throws Exception {
    Files.writeString(file, "wrong");
    long before = refusals();
    try (PoolerFixture pooler = with(server.port(), "{file: " + file + "}")) {
      for (int i = 0; i < 8; i++) {
        IOException told =
            assertThrows(
                IOException.class, () -> RawPgClient.session(pooler.unix(), "any", "d").close());
        String text = String.valueOf(told.getMessage());
        assertTrue(text.contains("password authentication failed"), text);
      }
      // At once, and 1, 2, 4 and 8 s later: each login waits 2 s at most.
      long asked = refusals() - before;
      assertTrue(asked <= 5, () -> asked + " wrong passwords sent for 8 logins");
      rotate("right");
      try (RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
        assertEquals("app", client.value("select current_user"));
      }
    }
  }
}
