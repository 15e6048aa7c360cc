package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Signals to the real process while it has clients. */
@Timeout(60)
class ProcessDrainTest {
  @TempDir Path directory;

  @Test
  @Tag("case-94")
  void hangupReloadsAndTermDrainsWithoutAnErrorLine() throws Exception {
    Path socket = directory.resolve("s");
    try (EmbeddedPostgres server = EmbeddedPostgres.started()) {
      Process process = start(write(server, socket, 1));
      var log = process.errorReader(StandardCharsets.UTF_8);
      try {
        String ready = process.inputReader(StandardCharsets.UTF_8).readLine();
        assertTrue(ready.startsWith("pooler ready in "), ready);
        var address = UnixDomainSocketAddress.of(socket);
        try (RawPgClient busy = RawPgClient.session(address, "postgres", "postgres");
            RawPgClient idle = RawPgClient.session(address, "postgres", "postgres")) {
          busy.query("begin; select 1");
          write(server, socket, 2);
          signal(process, "HUP");
          assertEquals("1", idle.value("select 1"), "there is a second backend now");
          signal(process, "TERM");
          assertFatal("57P01", idle.readToEnd());
          assertEquals("2", busy.value("select 2"));
          assertEquals("CZ", RawPgClient.types(busy.query("commit")));
          assertFatal("57P01", busy.readToEnd());
        }
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
        assertFalse(Files.exists(socket));
        for (String line : log.lines().toList()) {
          assertFalse(line.contains("Exception") || line.contains("\"error\""), line);
        }
      } catch (IOException e) {
        process.destroyForcibly();
        throw new AssertionError(String.join("\n", log.lines().toList()), e);
      } finally {
        process.destroyForcibly();
      }
    }
  }

  private static void assertFatal(String sqlState, List<PgMessage> said) {
    assertEquals("E", RawPgClient.types(said));
    assertEquals(sqlState, said.getFirst().sqlState());
  }

  private static void signal(Process process, String name) throws Exception {
    List<String> kill = List.of("kill", "-" + name, Long.toString(process.pid()));
    assertEquals(0, new ProcessBuilder(kill).inheritIO().start().waitFor());
  }

  private Path write(EmbeddedPostgres server, Path socket, int size) throws Exception {
    return Files.writeString(
        directory.resolve("p.yaml"),
        """
        listen: [{address: "unix:%s", auth: trust}]
        databases:
          postgres:
            hosts: ["unix:%s"]
            user: postgres
            pool: {size: %d, min-idle: 0}
        """
            .formatted(socket, server.socket(), size));
  }

  private static Process start(Path config) throws Exception {
    return new ProcessBuilder(
            // Whoever runs this test under nohup has SIGHUP ignored, and its children too.
            "env",
            "--default-signal=HUP",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "dev.pooler.server.Main",
            "run",
            "--config",
            config.toString())
        .start();
  }
}
