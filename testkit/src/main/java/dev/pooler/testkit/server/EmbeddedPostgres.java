package dev.pooler.testkit.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL 18. Everyone is trusted unless {@link Builder#hba} says otherwise; durability
 * is off. As root it runs as {@code nobody}. A data directory that already has a cluster (of an
 * earlier start, or copied for a standby) is used as it is.
 */
public final class EmbeddedPostgres extends EmbeddedServer {
  private final PostgresBinaries binaries;
  private final Path data;
  private final Map<String, String> settings;
  private final List<String> hba;
  private final @Nullable ServerCertificates certificates;

  private EmbeddedPostgres(Builder builder, ServerUser user, ServerHome home) throws IOException {
    super(user, home, builder.port, builder.closeAtExit);
    this.binaries = PostgresBinaries.unpacked(user);
    this.data = builder.data == null ? home.path().resolve("data") : builder.data.toAbsolutePath();
    this.settings = Map.copyOf(builder.settings);
    this.hba = List.copyOf(builder.hba);
    this.certificates = builder.tls ? ServerCertificates.cached(user) : null;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Nothing but defaults. */
  public static EmbeddedPostgres started() throws IOException {
    return builder().start();
  }

  /** What differs from the defaults. */
  public static final class Builder {
    private final Map<String, String> settings =
        new LinkedHashMap<>(
            Map.of(
                "fsync", "off",
                "full_page_writes", "off",
                "synchronous_commit", "off",
                "shared_buffers", "32MB",
                "max_connections", "100",
                "log_line_prefix", "%m [%p] %q%u@%d "));
    private List<String> hba =
        List.of(
            "local all all trust",
            "local replication all trust",
            "host all all 127.0.0.1/32 trust",
            "host replication all 127.0.0.1/32 trust");
    private @Nullable Path directory;
    private @Nullable Path data;
    private @Nullable Integer port;
    private boolean closeAtExit = true;
    private boolean tls;

    private Builder() {}

    /** A setting of postgresql.conf, unquoted. */
    public Builder setting(String name, String value) {
      settings.put(name, value);
      return this;
    }

    /** The whole of pg_hba.conf instead of trust for everyone. */
    public Builder hba(List<String> lines) {
      hba = List.copyOf(lines);
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

    /** The TCP port, which also names the socket; default: a free one. */
    public Builder port(int number) {
      port = number;
      return this;
    }

    /** Offers TLS with a certificate for localhost and 127.0.0.1. */
    public Builder tls(boolean on) {
      tls = on;
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
    public EmbeddedPostgres start() throws IOException {
      var user = ServerUser.current();
      var server = new EmbeddedPostgres(this, user, ServerHome.open(directory, "pooler-pg", user));
      server.open();
      return server;
    }
  }

  @Override
  ServerProcess launch() throws IOException {
    home.socket(".s.PGSQL." + port());
    if (!Files.exists(data.resolve("PG_VERSION"))) {
      Files.createDirectories(data);
      new FileTree(binaries.template(user)).copyTo(data, user);
    }
    configure();
    new FileTree(data).ownedBy(user);
    return launchOf("postgres", "-D", data.toString()).start();
  }

  private void configure() throws IOException {
    var all = new LinkedHashMap<>(settings);
    all.put("port", "" + port());
    all.put("listen_addresses", "127.0.0.1");
    all.put("unix_socket_directories", home.path().toString());
    if (certificates != null) {
      certificates.copyTo(data, user);
      all.put("ssl", "on");
      all.put("ssl_ca_file", "ca.crt");
    }
    Files.write(data.resolve("pg_hba.conf"), hba);
    Files.writeString(data.resolve(PostgresBinaries.SETTINGS_FILE), file(all));
  }

  private static String file(Map<String, String> settings) {
    return settings.entrySet().stream()
        .map(setting -> setting.getKey() + " = '" + setting.getValue().replace("'", "''") + "'\n")
        .collect(Collectors.joining());
  }

  private ServerProcess.Launch launchOf(String program, String... arguments) {
    var command = new ArrayList<>(List.of(binaries.program(program)));
    command.addAll(List.of(arguments));
    // SIGQUIT is "immediate shutdown" to the postmaster: it takes its children with it.
    return new ServerProcess.Launch(user, "QUIT", home.path(), log(), command);
  }

  /**
   * The postmaster keeps its state in the eighth line of postmaster.pid
   * (src/include/utils/pidfile.h).
   */
  @Override
  boolean ready(ServerProcess process) throws IOException {
    Path file = data.resolve("postmaster.pid");
    if (!Files.exists(file)) {
      return false;
    }
    List<String> lines = Files.readAllLines(file);
    return lines.size() >= 8
        && lines.get(0).equals("" + process.pid())
        && List.of("ready", "standby").contains(lines.get(7).strip());
  }

  @Override
  void shutDown(ServerProcess process) throws IOException {
    signal("INT", process.pid());
    process.awaitExit();
  }

  /** Makes the server read its configuration files again. */
  public void reload() throws IOException {
    signal("HUP", pid());
  }

  /** Kills one backend process with SIGKILL; the postmaster then ends all others and recovers. */
  public void kill(long backendPid) throws IOException {
    signal("KILL", ours(backendPid));
  }

  /** Ends one backend with SIGTERM: its client gets FATAL 57P01. */
  public void terminate(long backendPid) throws IOException {
    signal("TERM", ours(backendPid));
  }

  private long ours(long backendPid) {
    long parent =
        ProcessHandle.of(backendPid)
            .flatMap(ProcessHandle::parent)
            .map(ProcessHandle::pid)
            .orElse(0L);
    if (parent != pid()) {
      throw new IllegalArgumentException(backendPid + " is no process of this server");
    }
    return backendPid;
  }

  private void signal(String name, long pid) throws IOException {
    launchOf("pg_ctl", "kill", name, "" + pid).run(Path.of("/dev/null"));
  }

  public String superuser() {
    return "postgres";
  }

  @Override
  public Path socket() {
    return home.path().resolve(".s.PGSQL." + port());
  }

  @Override
  public Path dataDirectory() {
    return data;
  }

  /**
   * The certificate of the authority that signed the server's; the server must have been built with
   * TLS.
   */
  public Path caFile() {
    if (certificates == null) {
      throw new IllegalStateException("started without TLS");
    }
    return certificates.caFile();
  }

  @Override
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port() + "/" + database + "?user=" + superuser();
  }
}
