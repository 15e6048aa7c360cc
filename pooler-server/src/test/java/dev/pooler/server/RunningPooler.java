package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pooler.server.config.ConfigFile;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A pooler in this JVM, with one Unix socket that trusts everyone, in front of one target. */
record RunningPooler(Pooler pooler, Path socket) implements AutoCloseable {

  /**
   * Starts it in a directory that others may not enter; {@code host} is a target's address as in
   * the file.
   */
  static RunningPooler start(Path directory, String host, String database, String login)
      throws IOException {
    Path socket = directory.resolve(".s.PGSQL.5432");
    String yaml =
        """
        listen: [{protocol: postgres, address: "unix:%s", auth: trust}]
        http: {address: off}
        databases:
          app: {hosts: ["%s"], database: "%s", %s, pool: {size: 2}}
        """
            .formatted(socket, host, database, login);
    ConfigFile.Result read = ConfigFile.read("test.yaml", yaml, directory, name -> null);
    ConfigFile.Ok ok = assertInstanceOf(ConfigFile.Ok.class, read, read::toString);
    return new RunningPooler(Pooler.start(ok, () -> read), socket);
  }

  /** The URL of README.md's kind. */
  String jdbcUrl() {
    return "jdbc:postgresql://localhost/app?user=app&sslmode=disable&prepareThreshold=0"
        + "&socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg="
        + URLEncoder.encode(socket.toString(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    pooler.close();
  }
}
