package dev.pooler.testkit.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A real database server on a Unix socket and a port of 127.0.0.1, ended by {@link #close} and at
 * the latest with the JVM. The caller closes it; a temporary directory goes with it. Any thread:
 * changes of state are synchronized.
 */
public abstract sealed class EmbeddedServer implements AutoCloseable
    permits EmbeddedPostgres, EmbeddedMariaDb {
  private static final int PORT_ATTEMPTS = 5;

  final ServerUser user;
  final ServerHome home;
  private final boolean portFixed;
  private final boolean closeAtExit;
  private final Thread atExit = new Thread(this::closeAtExit, "embedded-server-exit");
  private volatile int port;
  private @Nullable ServerProcess process;
  private boolean closed;

  EmbeddedServer(ServerUser user, ServerHome home, @Nullable Integer port, boolean closeAtExit)
      throws IOException {
    this.user = user;
    this.home = home;
    this.closeAtExit = closeAtExit;
    this.portFixed = port != null;
    this.port = port == null ? ServerProcess.freePort() : port;
  }

  /** Writes what depends on the port and starts the process. */
  abstract ServerProcess launch() throws IOException;

  abstract boolean ready(ServerProcess process) throws IOException;

  /** Ends open connections, flushes the data and waits for the end. */
  abstract void shutDown(ServerProcess process) throws IOException;

  /** The first start, after which the server ends with the JVM. */
  final void open() throws IOException {
    if (closeAtExit) {
      Runtime.getRuntime().addShutdownHook(atExit);
    }
    try {
      begin();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private synchronized void begin() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        var started = launch();
        process = started;
        started.awaitReady(() -> ready(started));
        return;
      } catch (ServerProcess.PortTaken e) {
        process = null;
        if (portFixed || attempt == PORT_ATTEMPTS) {
          throw e;
        }
        port = ServerProcess.freePort();
      }
    }
  }

  /**
   * Starts the stopped server again, on the same port unless another process has taken it.
   *
   * @throws IOException with the end of the server's log
   */
  public final synchronized void start() throws IOException {
    if (closed || running()) {
      throw new IllegalStateException(closed ? "closed" : "already running");
    }
    begin();
  }

  /** An orderly end that disconnects the clients; the data stay for {@link #start}. */
  public final synchronized void stop() throws IOException {
    if (process != null && process.alive()) {
      shutDown(process);
    }
    process = null;
  }

  public final synchronized void restart() throws IOException {
    stop();
    start();
  }

  /**
   * The end of the whole server without a farewell to its clients, as after a power cut; {@link
   * #start} recovers.
   */
  public final synchronized void crash() {
    if (process != null) {
      process.kill();
    }
    process = null;
  }

  public final synchronized boolean running() {
    return process != null && process.alive();
  }

  /** The process id of the server (of PostgreSQL: the postmaster). */
  public final synchronized long pid() {
    return runningProcess().pid();
  }

  final synchronized ServerProcess runningProcess() {
    if (process == null) {
      throw new IllegalStateException("not running");
    }
    return process;
  }

  /** The TCP port at 127.0.0.1. */
  public final int port() {
    return port;
  }

  /** The Unix socket, under 100 bytes long. */
  public abstract Path socket();

  public final Path socketDirectory() {
    return home.path();
  }

  public abstract Path dataDirectory();

  /** The file with everything the server has written since its directory was made. */
  public final Path log() {
    return home.path().resolve("server.log");
  }

  /** The server's TCP address as a JDBC URL for one of its databases. */
  public abstract String jdbcUrl(String database);

  @Override
  public final synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    if (home.temporary()) {
      crash();
    } else {
      stop();
    }
    home.discard();
    forgetAtExit();
  }

  private void forgetAtExit() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is going down already: the hook finds the server closed.
    }
  }

  private void closeAtExit() {
    try {
      close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
