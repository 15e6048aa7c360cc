package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How clients show who they are: each method, right and wrong. */
@Timeout(60)
class ClientLoginTest {
  private static final String WORD = "pässwort-§-1";
  private static EmbeddedPostgres server;
  private static PoolerFixture scram;
  private static PoolerFixture md5;

  @BeforeAll
  static void start() throws Exception {
    server = EmbeddedPostgres.started();
    String verifier;
    try (Connection direct = DriverManager.getConnection(server.jdbcUrl("postgres"));
        var statement = direct.createStatement()) {
      statement.execute("create role verified login password '" + WORD + "'");
      statement.execute("create role plain login");
      statement.execute("create role old login");
      try (var row =
          statement.executeQuery("select rolpassword from pg_authid where rolname = 'verified'")) {
        row.next();
        verifier = row.getString(1);
      }
    }
    ServerCertificates certificates = ServerCertificates.cached();
    String rest =
        """
        databases: {"*": {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
        users:
          - {name: verified, verifier: "%s"}
          - {name: plain, password: "%s"}
        """
            .formatted(verifier, WORD);
    String listen =
        """
        listen:
          - {address: "unix:${SOCKET}", auth: %s}
          - {address: "tcp:127.0.0.1:${TCP}", auth: %s, tls: {cert: %s, key: %s}}
        http: {address: "127.0.0.1:${HTTP}"}
        """;
    Path cert = certificates.certificateFile();
    Path key = certificates.keyFile();
    scram =
        PoolerFixture.start(
            server, listen.formatted("scram-sha-256", "scram-sha-256", cert, key) + rest);
    md5 =
        PoolerFixture.start(
            server,
            listen.formatted("md5", "md5", cert, key)
                + rest
                + "  - {name: old, verifier: \"md5"
                + md5Of(WORD + "old")
                + "\"}\n");
  }

  private static String md5Of(String text) throws Exception {
    return java.util.HexFormat.of()
        .formatHex(
            java.security.MessageDigest.getInstance("MD5")
                .digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  @AfterAll
  static void stop() throws IOException {
    scram.close();
    md5.close();
    server.close();
  }

  private static void assertIn(String url, String user, String password) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url, user, password);
        var row = connection.createStatement().executeQuery("select current_user")) {
      row.next();
      assertEquals(user, row.getString(1));
    }
  }

  private static SQLException refusal(String url, String user, String password) {
    return assertThrows(
        SQLException.class, () -> DriverManager.getConnection(url, user, password).close());
  }

  private static String unixUrl(PoolerFixture pooler) {
    return pooler.jdbcUrl("db").replace("&user=postgres", "");
  }

  @Test
  @Tag("case-29")
  void theRightPasswordIsLetInByEachMethodOnEachSocket() throws Exception {
    for (String url : List.of(unixUrl(scram), scram.tcpUrl("db"))) {
      assertIn(url, "verified", WORD);
      assertIn(url, "plain", WORD);
    }
    for (String url : List.of(unixUrl(md5), md5.tcpUrl("db"))) {
      assertIn(url, "plain", WORD);
      assertIn(url, "old", WORD);
      // PostgreSQL too asks a user with a SCRAM verifier for SCRAM where the method is md5.
      assertIn(url, "verified", WORD);
    }
  }

  @Test
  @Tag("case-21")
  void aWrongPasswordAndAnUnknownUserAreToldTheSame() throws Exception {
    for (PoolerFixture pooler : List.of(scram, md5)) {
      double before = pooler.metric("pooler_auth_failures_total");
      String wrong = String.valueOf(refusal(unixUrl(pooler), "plain", "wrong").getMessage());
      SQLException unknown = refusal(unixUrl(pooler), "nobody", "wrong");
      assertEquals("28P01", unknown.getSQLState());
      assertEquals(wrong.replace("plain", "nobody"), unknown.getMessage());
      assertEquals("28P01", refusal(unixUrl(pooler), "verified", "wrong").getSQLState());
      assertEquals(before + 3, pooler.metric("pooler_auth_failures_total"));
      assertIn(unixUrl(pooler), "plain", WORD);
    }
  }

  @Test
  @Tag("case-25")
  void theExchangeIsKeptInOrder() throws Exception {
    Map<String, String> asked = Map.of("user", "plain", "database", "db");
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, asked);
    String first = "n,,n=,r=clientnonce";
    List<byte[]> wrong =
        List.of(
            PgBytes.query("select 1"),
            PgBytes.saslInitial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=x"),
            PgBytes.saslInitial("NO-SUCH-MECHANISM", first),
            PgBytes.saslInitial("SCRAM-SHA-256", "y"),
            PgBytes.message('p', new byte[0]),
            PgBytes.lying('p', -1, new byte[4]),
            PgBytes.lying('p', 100_000_000, new byte[4]),
            PgBytes.password("not sasl"));
    for (byte[] message : wrong) {
      try (RawPgClient client = scram.raw()) {
        assertEquals(10, client.send(login).read().firstInt());
        List<PgMessage> said = client.send(message).readToEnd();
        assertEquals("E", RawPgClient.types(said));
        assertEquals("FATAL", said.getFirst().field('S'));
        assertEquals("08P01", said.getFirst().sqlState(), said::toString);
      }
    }
    try (RawPgClient client = scram.raw()) {
      assertEquals(10, client.send(login).read().firstInt());
      PgMessage challenge =
          client.sendByteByByte(PgBytes.saslInitial("SCRAM-SHA-256", first)).read();
      assertEquals(11, challenge.firstInt());
      byte[] proof = "c=biws,r=stolen,p=AAAA".getBytes(StandardCharsets.UTF_8);
      assertEquals(1, client.send(PgBytes.message('p', proof)).readToEnd().size());
    }
  }

  @Test
  @Tag("case-28")
  void ourOwnUidIsLetInAsAnyUserByPeer() throws Exception {
    try (PoolerFixture peer = peer("");
        RawPgClient client = RawPgClient.session(peer.unix(), "plain", "db")) {
      assertEquals("plain", client.value("select current_user"));
    }
  }

  @Test
  @Tag("case-28")
  void anotherUidIsLetInAsItsUserOnlyAndARefusalNamesIt() throws Exception {
    assumeTrue(
        new ProcessBuilder("id", "-u").start().inputReader().readLine().equals("0"),
        "only root can connect as somebody else");
    try (PoolerFixture peer = peer(", mode: \"0666\", allow-uids: {65534: plain}")) {
      Files.setPosixFilePermissions(peer.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
      assertEquals("R", asUid(65534, "plain", peer).substring(0, 1));
      String asOther = asUid(65534, "old", peer);
      assertTrue(asOther.contains("28000") && asOther.contains("65534"), asOther);
      String refused = asUid(12345, "plain", peer);
      assertTrue(refused.contains("28000") && refused.contains("uid 12345"), refused);
      assertTrue(refused.contains("allow-uids"), refused);
      assertEquals(1, peer.metric("pooler_auth_failures_total", "reason=\"peer_uid\""));
      assertEquals(1, peer.metric("pooler_auth_failures_total", "reason=\"peer_user\""));
    }
  }

  private static PoolerFixture peer(String more) throws IOException {
    return PoolerFixture.start(
        server,
        """
        listen: [{address: "unix:${SOCKET}", auth: peer%s}]
        http: {address: "127.0.0.1:${HTTP}"}
        databases: {"*": {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
        """
            .formatted(more));
  }

  /** What the first answer to a login is, for a process of another user. */
  private static String asUid(int uid, String user, PoolerFixture pooler) throws Exception {
    Path source =
        Files.writeString(
            pooler.directory().resolve("AsUid.java"),
            """
            import java.net.*;
            import java.nio.*;
            import java.nio.channels.*;
            import java.nio.charset.StandardCharsets;

            class AsUid {
              static void main(String[] args) throws Exception {
                byte[] body = ("user\\0" + args[1] + "\\0\\0").getBytes(StandardCharsets.UTF_8);
                ByteBuffer login = ByteBuffer.allocate(8 + body.length);
                login.putInt(8 + body.length).putInt(3 << 16).put(body).flip();
                try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(args[0]))) {
                  channel.write(login);
                  ByteBuffer answer = ByteBuffer.allocate(4096);
                  channel.read(answer);
                  String text = new String(answer.array(), 0, answer.position());
                  System.out.println(text.replace((char) 0, ' '));
                }
              }
            }
            """);
    Files.setPosixFilePermissions(source, PosixFilePermissions.fromString("rw-r--r--"));
    Process process =
        new ProcessBuilder(
                "setpriv",
                "--reuid=" + uid,
                "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                source.toString(),
                pooler.socket().toString(),
                user)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  /** Needs the search for the database to come after the authentication. */
  @Test
  @Tag("case-20")
  void whetherADatabaseExistsIsToldAfterTheAuthenticationOnly() throws Exception {
    String file =
        """
        listen: [{address: "unix:${SOCKET}", auth: scram-sha-256}]
        http: {address: "127.0.0.1:${HTTP}"}
        databases: {d: {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
        users: [{name: plain, password: right}]
        """;
    try (PoolerFixture pooler = PoolerFixture.start(server, file)) {
      String url = pooler.jdbcUrl("nowhere").replace("&user=postgres", "");
      assertEquals("28P01", refusal(url, "plain", "wrong").getSQLState());
      assertEquals("3D000", refusal(url, "plain", "right").getSQLState());
    }
  }

  /** Needs the client's password to be hashed, never carried: no buffer bounds it. */
  @Test
  @Tag("case-23")
  void aPasswordOfTensOfKilobytesIsTakenAndAnAnswerLargerThanPostgresTakesIsNot() throws Exception {
    String token = "t".repeat(60_000);
    for (String method : List.of("scram-sha-256", "md5")) {
      try (PoolerFixture pooler = PoolerFixture.start(server, plain(method, token))) {
        assertIn(pooler.jdbcUrl("d").replace("&user=postgres", ""), "plain", token);
        try (RawPgClient client = pooler.raw()) {
          byte[] login =
              PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "plain", "database", "d"));
          client.send(login).read();
          PgMessage refused = client.send(PgBytes.lying('p', 65_540, new byte[0])).read();
          assertEquals("08P01", refused.sqlState());
        }
      }
    }
  }

  private static String plain(String method, String password) {
    return """
    listen: [{address: "unix:${SOCKET}", auth: %s}]
    http: {address: "127.0.0.1:${HTTP}"}
    databases: {d: {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
    users: [{name: plain, password: %s}]
    """
        .formatted(method, password);
  }

  @Test
  void tlsIsGivenToClientsThatAskForItOverTcp() throws Exception {
    String ca = "&sslrootcert=" + ServerCertificates.cached().caFile();
    for (String mode : List.of("require", "verify-ca", "verify-full")) {
      assertIn(scram.tcpUrl("db") + "?sslmode=" + mode + ca, "plain", WORD);
    }
    String otherHost = scram.tcpUrl("db").replace("localhost", "127.0.0.2");
    assertEquals(
        "08001", refusal(otherHost + "?sslmode=verify-full" + ca, "plain", WORD).getSQLState());
    SQLException wrong = refusal(scram.tcpUrl("db") + "?sslmode=require", "plain", "wrong");
    assertEquals("28P01", wrong.getSQLState());
  }

  @Test
  @Tag("case-28")
  void tlsIsNotOfferedOnAUnixSocket() throws Exception {
    ServerCertificates ours = ServerCertificates.cached();
    String withTls =
        """
        listen: [{address: "unix:${SOCKET}", auth: trust, tls: {cert: %s, key: %s}}]
        databases: {d: {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
        """
            .formatted(ours.certificateFile(), ours.keyFile());
    try (PoolerFixture pooler = PoolerFixture.start(server, withTls);
        RawPgClient client = pooler.raw()) {
      assertEquals('N', client.send(PgBytes.sslRequest()).readByte());
    }
  }

  @Test
  void garbageInsteadOfTlsEndsThatConnectionAlone() throws Exception {
    double before = scram.metric("pooler_sessions_closed_total", "reason=\"tls_failed\"");
    for (int i = 0; i < 20; i++) {
      try (RawPgClient client = RawPgClient.connect(scram.tcp())) {
        assertEquals('S', client.send(PgBytes.sslRequest()).readByte());
        client.send("no TLS at all, not even nearly".getBytes(StandardCharsets.UTF_8));
        client.shutdownOutput();
        while (!client.atEnd()) {
          client.readByte(); // an alert
        }
      }
      try (RawPgClient client = RawPgClient.connect(scram.tcp())) {
        assertEquals('S', client.send(PgBytes.sslRequest()).readByte());
      }
    }
    assertEquals(
        before + 20, scram.metric("pooler_sessions_closed_total", "reason=\"tls_failed\""));
    assertIn(scram.tcpUrl("db") + "?sslmode=require", "plain", WORD);
    PoolerFixture.await("all are gone", () -> scram.metric("pooler_connections") == 0);
  }

  @Test
  void noPasswordIsEverLogged() throws Exception {
    List<String> lines = new ArrayList<>();
    Handler listener =
        new Handler() {
          @Override
          public synchronized void publish(LogRecord line) {
            lines.add(line.getMessage() + " " + line.getThrown());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger root = Logger.getLogger("dev.pooler");
    root.addHandler(listener);
    root.setLevel(java.util.logging.Level.ALL);
    try {
      Set<String> said = new HashSet<>();
      said.add(String.valueOf(refusal(unixUrl(scram), "plain", "tip-" + WORD).getMessage()));
      said.add(String.valueOf(refusal(unixUrl(md5), "old", "tip-" + WORD).getMessage()));
      try (RawPgClient client = scram.raw()) {
        client.send(
            PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "plain")), PgBytes.password(WORD));
        client.readToEnd().forEach(message -> said.add(message.toString()));
      }
      assertFalse(lines.isEmpty());
      assertFalse(String.join("\n", lines).contains(WORD), lines::toString);
      assertFalse(String.join("\n", said).contains(WORD), said::toString);
    } finally {
      root.removeHandler(listener);
      root.setLevel(null);
    }
  }
}
