package dev.pooler.server.postgres;

import dev.pooler.server.Pooler;
import dev.pooler.server.config.ConfigFile;
import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A pooler of this process in front of a server, from a configuration's text. In it <code>${DIR}
 * </code> is a directory of our own, <code>${SOCKET}</code> pooler's socket there, <code>${TCP}
 * </code> and <code>${HTTP}</code> free ports, <code>${PG}</code> the server's socket, <code>
 * ${PG_PORT}</code> its port. A text without {@code listen:} gets {@link #LISTEN}. The caller
 * closes it.
 */
final class PoolerFixture implements AutoCloseable {
  /** Both sockets, everyone trusted, HTTP. */
  static final String LISTEN =
      """
      listen:
        - {address: "unix:${SOCKET}", auth: trust}
        - {address: "tcp:127.0.0.1:${TCP}", auth: trust}
      http: {address: "127.0.0.1:${HTTP}"}
      """;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path directory;
  private final Map<String, String> names = new HashMap<>();
  private final HttpClient web = HttpClient.newHttpClient();
  private volatile String yaml;
  private final Pooler pooler;

  private PoolerFixture(EmbeddedPostgres server, String yaml) throws IOException {
    directory = Files.createTempDirectory("pooler-test");
    names.put("DIR", directory.toString());
    names.put("SOCKET", socket().toString());
    try (ServerSocket tcp = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket http = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      names.put("TCP", "" + tcp.getLocalPort()); // both held at once: never the same
      names.put("HTTP", "" + http.getLocalPort());
    }
    names.put("PG", server.socket().toString());
    names.put("PG_PORT", "" + server.port());
    this.yaml = complete(yaml);
    this.pooler =
        switch (configuration()) {
          case ConfigFile.Ok ok -> Pooler.start(ok, this::configuration);
          case ConfigFile.Invalid invalid -> throw new IOException(invalid.problems().toString());
        };
  }

  /** Starts one; see the class for what the text may name. */
  static PoolerFixture start(EmbeddedPostgres server, String yaml) throws IOException {
    return new PoolerFixture(server, yaml);
  }

  /** One pool of this size in transaction mode for the database {@code postgres}. */
  static PoolerFixture ofPoolSize(EmbeddedPostgres server, int size) throws IOException {
    return start(
        server,
        """
        databases:
          postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: %d, min-idle: 0}}
        """
            .formatted(size));
  }

  private static String complete(String yaml) {
    return yaml.startsWith("listen:") || yaml.contains("\nlisten:") ? yaml : LISTEN + yaml;
  }

  private ConfigFile.Result configuration() {
    return ConfigFile.read("pooler.yaml", yaml, directory, this::named);
  }

  private String named(String name) {
    String value = names.get(name);
    if (value == null) {
      throw new IllegalArgumentException("${" + name + "}");
    }
    return value;
  }

  /** Takes another text; the problems, none if it was taken. */
  List<String> reload(String now) {
    edit(now);
    return pooler.reload();
  }

  /** Changes the text that the next reload reads. */
  void edit(String now) {
    yaml = complete(now);
  }

  Pooler pooler() {
    return pooler;
  }

  Path directory() {
    return directory;
  }

  Path socket() {
    return directory.resolve(".s.PGSQL.5432");
  }

  SocketAddress unix() {
    return UnixDomainSocketAddress.of(socket());
  }

  SocketAddress tcp() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(named("TCP")));
  }

  /** Connected to the Unix socket, nothing sent. */
  RawPgClient raw() throws IOException {
    return RawPgClient.connect(unix());
  }

  /** Logged in over the Unix socket as postgres. */
  RawPgClient session(String database) throws IOException {
    return RawPgClient.session(unix(), "postgres", database);
  }

  /** Through junixsocket, with the user postgres. */
  String jdbcUrl(String database) {
    return "jdbc:postgresql://localhost/"
        + database
        + "?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg="
        + URLEncoder.encode(socket().toString(), StandardCharsets.UTF_8)
        + "&user=postgres";
  }

  /** Over TCP, without a user. */
  String tcpUrl(String database) {
    return "jdbc:postgresql://localhost:" + named("TCP") + "/" + database;
  }

  /** pgjdbc over the Unix socket. */
  Connection jdbc(String database) throws SQLException {
    return DriverManager.getConnection(jdbcUrl(database));
  }

  /** The answer to GET: status and body. */
  HttpResponse<String> get(String path) throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + named("HTTP") + path);
    try {
      return web.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /**
   * The sum of a metric's samples that carry all these labels, each as {@code name="value"}; 0
   * without one.
   */
  double metric(String name, String... labels) throws IOException {
    double sum = 0;
    for (String line : samples(name)) {
      if (Stream.of(labels).allMatch(line::contains)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  /** The lines of {@code /metrics} that are samples of this name. */
  List<String> samples(String name) throws IOException {
    List<String> found = new ArrayList<>();
    for (String line : get("/metrics").body().split("\n", -1)) {
      if (line.startsWith(name + "{") || line.startsWith(name + " ")) {
        found.add(line);
      }
    }
    return found;
  }

  /** Sessions of all states, as the metrics have them. */
  double clients() throws IOException {
    return metric("pooler_clients");
  }

  /** What may throw. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws IOException, SQLException;
  }

  /**
   * Whether a session is pinned to the pool's one backend, so that another one waits for it. Asks
   * with a query, which is answered later if so.
   */
  boolean isKeptFrom(RawPgClient other, Duration moment) throws IOException {
    other.send(PgBytes.query("select 1"));
    while (other.quietFor(moment)) { // on a slow machine the server may still be asked
      if (!"[]\n".equals(get("/pins").body())) {
        return true;
      }
    }
    other.readUntil('Z');
    return false;
  }

  /** Returns when it holds; an AssertionError naming it after 20 s. */
  static void await(String what, Condition condition) throws IOException, SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      LockSupport.parkNanos(5_000_000);
    }
  }

  /** What tells what is still there, or an empty string. */
  @FunctionalInterface
  interface Remains {
    String left() throws IOException, SQLException;
  }

  /** Returns when nothing is left; an AssertionError telling what is after 20 s. */
  static void awaitNone(String what, Remains remains) throws IOException, SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    for (String left = remains.left(); !left.isEmpty(); left = remains.left()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + PATIENCE + ": " + what + ": " + left);
      }
      LockSupport.parkNanos(5_000_000);
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws IOException {
    pooler.close();
    web.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
