package dev.pooler.testkit.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A server's process and its log. Any thread; one caller at a time. */
final class ServerProcess {
  /**
   * The kernel ties a process to the life of the thread that started it (prctl(2),
   * PR_SET_PDEATHSIG), so one thread that lives as long as the JVM starts them all.
   */
  private static final ExecutorService STARTER =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().daemon().name("server-starter").unstarted(task));

  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
  private static final long POLL_NANOS = Duration.ofMillis(5).toNanos();

  private final Process process;
  private final Path log;
  private final long logStart;

  private ServerProcess(Process process, Path log, long logStart) {
    this.process = process;
    this.log = log;
    this.logStart = logStart;
  }

  /**
   * What to start: the command runs as the user, in a directory it owns, with its output appended
   * to the log.
   */
  record Launch(
      ServerUser user, String deathSignal, Path directory, Path log, List<String> command) {

    ServerProcess start() throws IOException {
      long logStart = Files.exists(log) ? Files.size(log) : 0;
      return new ServerProcess(
          spawn(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())), log, logStart);
    }

    /**
     * Runs to the end with the file as its input; a status other than 0 is an error with the log's
     * end.
     */
    void run(Path input) throws IOException {
      var done = new ServerProcess(spawn(ProcessBuilder.Redirect.from(input.toFile())), log, 0);
      done.awaitExit();
      if (done.process.exitValue() != 0) {
        throw new IOException(
            command.getFirst()
                + " failed with "
                + done.process.exitValue()
                + ":\n"
                + done.logTail());
      }
    }

    private Process spawn(ProcessBuilder.Redirect input) throws IOException {
      var builder =
          new ProcessBuilder(user.command(deathSignal, command))
              .directory(directory.toFile())
              .redirectInput(input)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder
          .environment()
          .keySet()
          .removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
      builder.environment().put("LC_ALL", "C");
      try {
        return CompletableFuture.supplyAsync(() -> started(builder), STARTER).join();
      } catch (CompletionException e) {
        throw new IOException("can't start " + command.getFirst(), e.getCause());
      }
    }

    private static Process started(ProcessBuilder builder) {
      try {
        return builder.start();
      } catch (IOException e) {
        throw new CompletionException(e);
      }
    }
  }

  /** The wanted TCP port was taken between our look and the server's bind. */
  static final class PortTaken extends IOException {
    PortTaken(String message) {
      super(message);
    }
  }

  interface Readiness {
    boolean reached() throws IOException;
  }

  /**
   * Waits until the server serves; if it ends or takes longer than 90 s it is killed and the log's
   * end told.
   */
  void awaitReady(Readiness readiness) throws IOException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!readiness.reached()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        kill();
        String end = logTail();
        String message = "the server did not start; its log ends with:\n" + end;
        throw end.contains("Address already in use")
            ? new PortTaken(message)
            : new IOException(message);
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /** Asks for an orderly end (SIGTERM) and waits for it. */
  void terminate() {
    process.destroy();
    awaitExit();
  }

  /** Ends it as a crash would (SIGKILL). */
  void kill() {
    process.destroyForcibly();
    awaitExit();
  }

  /** Waits for the process's end, and kills it after 60 s. */
  void awaitExit() {
    boolean interrupted = false;
    long deadline = System.nanoTime() + STOP_LIMIT.toNanos();
    while (process.isAlive()) {
      try {
        if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          process.destroyForcibly();
          deadline = System.nanoTime() + STOP_LIMIT.toNanos();
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  boolean alive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** What the server has written since this start, at most the last 8 KiB. */
  String logTail() throws IOException {
    byte[] all = Files.readAllBytes(log);
    int from = (int) Math.max(logStart, all.length - 8192);
    return new String(all, from, Math.max(0, all.length - from), StandardCharsets.UTF_8);
  }

  /** A TCP port of 127.0.0.1 that was free a moment ago. */
  static int freePort() throws IOException {
    try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }
}
