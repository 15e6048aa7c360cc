package dev.pooler.demo;

import java.net.URI;
import java.nio.file.Path;

/**
 * Where everything of one demo is.
 *
 * @param directory pooler's socket and the two servers' directories are in it
 * @param poolSize most backends at once
 * @param httpPort pooler's, at 127.0.0.1
 */
record DemoPlan(Path directory, int poolSize, PoolMode poolMode, int httpPort) {
  /** PgBouncer's port by custom: next to a PostgreSQL at 5432 it collides with nothing. */
  static final int POOLED_PORT = 6432;

  static final String DATABASE = "demo";

  /** The database that is pooler itself. */
  static final String CONSOLE = "pooler";

  static final String USER = "postgres";

  Path pooledSocket() {
    return directory.resolve(".s.PGSQL." + POOLED_PORT);
  }

  /** What pooler is started from, and a file to begin with for those who look. */
  Path configFile() {
    return directory.resolve("pooler.yaml");
  }

  Path postgresDirectory() {
    return directory.resolve("postgres");
  }

  Path mariaDbDirectory() {
    return directory.resolve("mariadb");
  }

  URI http(String path) {
    return URI.create("http://127.0.0.1:" + httpPort + path);
  }

  /**
   * pooler's configuration file: one socket for everyone on this machine, every database of one
   * PostgreSQL.
   */
  String yaml(Path postgresSocket) {
    return """
    listen:
      - {protocol: postgres, address: %s, mode: "0777", auth: trust}
    http: {address: "127.0.0.1:%d"}
    admin: {users: [%s]}
    databases:
      "*":
        protocol: postgres
        hosts: [%s]
        user: %s
        pool: {mode: %s, size: %d}
    limits: {drain: 3s}
    """
        .formatted(
            quoted("unix:" + pooledSocket()),
            httpPort,
            USER,
            quoted("unix:" + postgresSocket),
            USER,
            poolMode,
            poolSize);
  }

  /** A YAML double-quoted scalar. */
  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
