package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real process: ready line, signals, exit codes, systemd's socket. */
@Timeout(60)
class RunProcessTest {
  @TempDir Path directory;

  private record Running(Process process, BufferedReader output, BufferedReader log)
      implements AutoCloseable {
    void signal(String name) throws Exception {
      List<String> kill = List.of("kill", "-" + name, Long.toString(process.pid()));
      assertEquals(0, new ProcessBuilder(kill).inheritIO().start().waitFor());
    }

    /** Reads the log up to a line with {@code part}. */
    boolean logged(String part) throws IOException {
      for (String line = log.readLine(); line != null; line = log.readLine()) {
        if (line.contains(part)) {
          assertTrue(line.startsWith("{\"time\":\""), "JSON where there is no terminal: " + line);
          return true;
        }
      }
      return false;
    }

    int exitCode() throws InterruptedException {
      assertTrue(process.waitFor(30, TimeUnit.SECONDS));
      return process.exitValue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  @Test
  void itIsReadyReloadsAndDrains() throws Exception {
    int port = freePort();
    try (Running pooler = start(port, null)) {
      String ready = pooler.output().readLine();
      assertTrue(
          ready.matches(
              "pooler ready in \\d+ ms: (postgres unix:\\S+, )?http 127\\.0\\.0\\.1:" + port),
          ready);

      Files.writeString(directory.resolve("p.yaml"), "limit: 1\n");
      pooler.signal("HUP");
      assertTrue(pooler.logged("unknown key"), "a reload with an error is told");
      assertTrue(pooler.logged("the old configuration stays"), "and refused");
      write(port);
      pooler.signal("HUP");
      assertTrue(pooler.logged("configuration reloaded"), "a right one is taken");

      pooler.signal("TERM");
      assertEquals(Main.DONE, pooler.exitCode());
    }
  }

  @Test
  void systemdIsToldEachStep() throws Exception {
    assertTrue(Epoll.isAvailable(), "native epoll is part of the build");
    Path notify = directory.resolve("notify");
    Socket systemd = Socket.newSocketDomainDgram();
    systemd.bind(new DomainSocketAddress(notify.toString()));
    try (Running pooler = start(freePort(), notify)) {
      assertEquals("READY=1", received(systemd));
      pooler.signal("HUP");
      assertTrue(received(systemd).matches("RELOADING=1\nMONOTONIC_USEC=\\d+"));
      assertEquals("READY=1", received(systemd));
      pooler.signal("TERM");
      assertEquals("STOPPING=1", received(systemd));
    } finally {
      systemd.close();
    }
  }

  @Test
  void anAddressThatIsTakenIsOneLineAndExitCodeOne() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Running pooler = start(taken.getLocalPort(), null)) {
      String line = pooler.log().readLine();
      while (line != null && line.startsWith("{")) {
        line = pooler.log().readLine(); // log lines, as JSON where nobody watches
      }

      assertNotNull(line);
      assertTrue(line.startsWith("pooler run: http.address: can't listen on tcp:127.0.0.1:"), line);
      assertEquals(Main.FAILED, pooler.exitCode());
    }
  }

  private Running start(int port, @Nullable Path notify) throws IOException {
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder builder =
        new ProcessBuilder(
            // Whoever runs this test under nohup has SIGHUP ignored, and its children too.
            "env",
            "--default-signal=HUP",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            classes,
            "dev.pooler.server.Main",
            "run",
            "--config",
            write(port).toString());
    if (notify != null) {
      builder.environment().put("NOTIFY_SOCKET", notify.toString());
    }
    Process process = builder.start();
    return new Running(
        process,
        process.inputReader(StandardCharsets.UTF_8),
        process.errorReader(StandardCharsets.UTF_8));
  }

  private Path write(int port) throws IOException {
    return Files.writeString(
        directory.resolve("p.yaml"),
        """
        listen: [{address: "unix:%s/s"}]
        http: {address: "127.0.0.1:%d"}
        databases: {app: {hosts: ["127.0.0.1:1"], pool: {min-idle: 0}}}
        """
            .formatted(directory, port));
  }

  /**
   * Non-blocking, as all of Netty's sockets: asks until something is there; the class's timeout
   * bounds it.
   */
  private static String received(Socket socket) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(256);
    while (true) {
      var from = socket.recvFromDomainSocket(buffer, 0, buffer.capacity());
      if (from != null) {
        byte[] bytes = new byte[from.receivedAmount()];
        buffer.get(0, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
