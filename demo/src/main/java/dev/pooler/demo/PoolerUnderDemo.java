package dev.pooler.demo;

import dev.pooler.server.Pooler;
import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/**
 * pooler itself, in this JVM, from the file that the demo wrote: what users run, short of the
 * launcher. Closed after the load and before the servers.
 */
record PoolerUnderDemo(Pooler pooler) implements AutoCloseable {

  /**
   * Writes the configuration file and starts from it; returns when clients are served.
   *
   * @throws IOException with one line: what could not be written, bound or used
   */
  static PoolerUnderDemo start(Path file, String yaml) throws IOException {
    Files.writeString(file, yaml);
    return new PoolerUnderDemo(
        Pooler.start(read(file), () -> ConfigFile.read(file, System::getenv)));
  }

  private static ConfigFile.Ok read(Path file) throws IOException {
    return switch (ConfigFile.read(file, System::getenv)) {
      case ConfigFile.Ok ok -> ok;
      case ConfigFile.Invalid invalid ->
          throw new IOException(
              invalid.problems().stream()
                  .map(ConfigProblem::toString)
                  .collect(Collectors.joining("; ")));
    };
  }

  /** io_uring, epoll or nio. */
  String transport() {
    return pooler.transportName();
  }

  /** Drains, within the file's {@code limits.drain}; the socket file is gone afterwards. */
  @Override
  public void close() {
    pooler.drain();
    try {
      pooler.awaitEnd();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      pooler.close();
    }
  }
}
