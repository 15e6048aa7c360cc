package dev.pooler.testkit.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A real MariaDB 11.4. The user {@code root} needs no password from this machine; {@link
 * Builder#user} adds others. As root the server runs as {@code nobody}.
 */
public final class EmbeddedMariaDb extends EmbeddedServer {
  private final MariaDbBinaries binaries;
  private final ServerCertificates certificates;
  private final Path data;
  private final Map<String, String> settings;
  private final List<String> sql;

  private EmbeddedMariaDb(Builder builder, ServerUser user, ServerHome home) throws IOException {
    super(user, home, builder.port, builder.closeAtExit);
    this.binaries = MariaDbBinaries.unpacked(user);
    this.certificates = ServerCertificates.cached(user);
    this.data = builder.data == null ? home.path().resolve("data") : builder.data.toAbsolutePath();
    this.settings = Map.copyOf(builder.settings);
    this.sql = List.copyOf(builder.sql);
  }

  /** Whether there is an artifact for this machine: x86_64 only. */
  public static boolean supported() {
    return List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Nothing but defaults. */
  public static EmbeddedMariaDb started() throws IOException {
    return builder().start();
  }

  /** What differs from the defaults. */
  public static final class Builder {
    private final Map<String, String> settings =
        new LinkedHashMap<>(Map.of("max-connections", "200"));
    private final List<String> sql = new ArrayList<>();
    private @Nullable Path directory;
    private @Nullable Path data;
    private @Nullable Integer port;
    private boolean closeAtExit = true;

    private Builder() {}

    /** A server option without its dashes; an empty value is a flag. */
    public Builder setting(String name, String value) {
      settings.put(name, value);
      return this;
    }

    /** A user with all rights from any host. */
    public Builder user(String name, String password) {
      sql.add(
          "CREATE OR REPLACE USER "
              + quoted(name)
              + "@'%' IDENTIFIED BY "
              + quoted(password)
              + ";");
      sql.add("GRANT ALL ON *.* TO " + quoted(name) + "@'%' WITH GRANT OPTION;");
      return this;
    }

    /** A database, unless it exists. */
    public Builder database(String name) {
      sql.add("CREATE DATABASE IF NOT EXISTS `" + name.replace("`", "``") + "`;");
      return this;
    }

    /** Where socket, log and data go and stay; default: a temporary directory, removed by close. */
    public Builder directory(Path path) {
      directory = path;
      return this;
    }

    /** The data directory; default: {@code data} in the directory. It stays. */
    public Builder dataDir(Path path) {
      data = path;
      return this;
    }

    /** The TCP port; default: a free one. */
    public Builder port(int number) {
      port = number;
      return this;
    }

    /**
     * False for a caller that closes it in its own order when the JVM ends. The kernel ends it with
     * the JVM in any case.
     */
    public Builder closeAtExit(boolean on) {
      closeAtExit = on;
      return this;
    }

    /**
     * Starts it and waits until it accepts connections.
     *
     * @throws IOException with the end of the server's log
     */
    public EmbeddedMariaDb start() throws IOException {
      var user = ServerUser.current();
      var server = new EmbeddedMariaDb(this, user, ServerHome.open(directory, "pooler-my", user));
      server.open();
      return server;
    }

    private static String quoted(String text) {
      return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }
  }

  @Override
  ServerProcess launch() throws IOException {
    Path socket = home.socket("mysql.sock");
    if (!Files.exists(data.resolve("mysql"))) {
      Files.createDirectories(data);
      new FileTree(binaries.template(user)).copyTo(data, user);
    }
    Path init = home.path().resolve("init.sql");
    Files.write(init, sql);
    certificates.copyTo(home.path(), user);
    new FileTree(data).ownedBy(user);
    var command =
        binaries.server(
            data,
            "--socket=" + socket,
            "--port=" + port(),
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--pid-file=" + home.path().resolve("server.pid"),
            "--tmpdir=" + data,
            "--init-file=" + init,
            // Without a certificate 11.4 makes an RSA key of 4096 bits at each start: 2 to 40
            // seconds.
            "--ssl-ca=" + home.path().resolve("ca.crt"),
            "--ssl-cert=" + home.path().resolve("server.crt"),
            "--ssl-key=" + home.path().resolve("server.key"));
    settings.forEach(
        (name, value) -> command.add("--" + name + (value.isEmpty() ? "" : "=" + value)));
    return new ServerProcess.Launch(user, "KILL", home.path(), log(), command).start();
  }

  @Override
  boolean ready(ServerProcess process) throws IOException {
    return process.logTail().contains("mariadbd: ready for connections");
  }

  @Override
  void shutDown(ServerProcess process) {
    process.terminate();
  }

  @Override
  public Path socket() {
    return home.path().resolve("mysql.sock");
  }

  @Override
  public Path dataDirectory() {
    return data;
  }

  /** The certificate of the authority that signed the server's. */
  public Path caFile() {
    return certificates.caFile();
  }

  /** The {@code mariadb} command-line client of the same version. */
  public Path client() {
    return binaries.program("mariadb");
  }

  /** For Connector/J, as root. */
  @Override
  public String jdbcUrl(String database) {
    return "jdbc:mysql://127.0.0.1:" + port() + "/" + database + "?user=root&sslMode=PREFERRED";
  }
}
