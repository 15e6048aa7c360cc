package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that may not open another file. */
@Timeout(120)
class FileLimitTest {
  /** Long enough for a loop that never rests to show. */
  private static final Duration SOME_TIME = Duration.ofSeconds(4);

  @TempDir Path directory;

  private static int status(HttpClient web, int port) throws IOException, InterruptedException {
    HttpRequest ready =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/ready"))
            .timeout(Duration.ofSeconds(10))
            .build();
    return web.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  /**
   * Needs accepting to pause when it fails, or the loop does nothing else; and the trouble to be
   * told from the target's, or nobody is sent here any more.
   */
  @Test
  @Tag("case-95")
  @Tag("case-102")
  void sessionsGoOnAndTheTargetIsNotBlamed() throws Exception {
    int port = PoolerFixture.freePort();
    Path config =
        Files.writeString(
            directory.resolve("p.yaml"),
            """
            listen: [{address: "unix:%s", auth: trust}]
            http: {address: "127.0.0.1:%d"}
            databases:
              postgres: {hosts: ["unix:%s"], user: postgres, pool: {size: 2, min-idle: 0}}
            """
                .formatted(directory.resolve("s"), port, SharedServer.get().socket()));
    SocketAddress socket = UnixDomainSocketAddress.of(directory.resolve("s"));
    List<RawPgClient> flood = new ArrayList<>();
    try (PoolerProcess pooler = PoolerProcess.start(config);
        HttpClient web = HttpClient.newHttpClient();
        RawPgClient busy = RawPgClient.session(socket, "postgres", "postgres")) {
      busy.query("begin");
      PoolerFixture.await("it is ready", () -> ready(web, port) == 200);
      pooler.limitFiles(pooler.openFiles() + 10);
      for (int i = 0; i < 50; i++) {
        flood.add(RawPgClient.connect(socket));
      }
      long cpu = pooler.cpuMillis();
      long begun = System.nanoTime();
      PoolerFixture.await(
          "it notices: " + pooler.log(),
          () -> {
            try {
              assertEquals("1", busy.value("select 1"));
            } catch (IOException e) {
              throw new IOException(pooler.log(), e);
            }
            return pooler.hasLogged("may not open more files")
                && System.nanoTime() - begun > SOME_TIME.toNanos();
          });
      assertEquals(200, status(web, port), "on the connection that it has");
      assertFalse(pooler.hasLogged("can't be reached"), pooler::log);
      long wall = Duration.ofNanos(System.nanoTime() - begun).toMillis();
      long used = pooler.cpuMillis() - cpu;
      assertTrue(used < wall / 4 + 300, used + " ms of " + wall);
      for (RawPgClient client : flood) {
        client.close();
      }
      try (RawPgClient fresh = RawPgClient.connect(socket).timeout(Duration.ofSeconds(20))) {
        fresh.login(java.util.Map.of("user", "postgres", "database", "postgres"));
        assertEquals("2", fresh.value("select 2"));
      }
      busy.query("commit");
    }
  }

  private static int ready(HttpClient web, int port) throws IOException {
    try {
      return status(web, port);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
