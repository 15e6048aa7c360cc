package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.util.TlsServerEndpoint;
import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.sql.DriverManager;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Certificates and keys are read with a reload: all of them, or nothing is changed. */
@Timeout(60)
class CertificateReloadTest {
  private static final String PID = "select pg_backend_pid() where true";
  private static EmbeddedPostgres server;

  @TempDir static Path directory;

  private final Path ca = directory.resolve("ca.crt");
  private final Path cert = directory.resolve("tls.crt");
  private final Path key = directory.resolve("tls.key");
  private final Path password = directory.resolve("anna");

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().tls(true).start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @BeforeEach
  void filesAreRight() throws IOException {
    ServerCertificates ours = ServerCertificates.cached();
    Files.writeString(ca, Files.readString(ours.caFile()));
    Files.writeString(cert, Files.readString(ours.certificateFile()));
    Files.writeString(key, Files.readString(ours.keyFile()));
    Files.writeString(password, "old");
  }

  private String yaml() {
    return """
    listen:
      - {address: "unix:${SOCKET}", auth: trust}
      - address: "tcp:127.0.0.1:${TCP}"
        auth: scram-sha-256
        tls: {cert: "%s", key: "%s"}
    http: {address: "127.0.0.1:${HTTP}"}
    databases:
      clear: {hosts: ["unix:${PG}"], database: postgres, user: postgres, pool: {size: 1}}
      secure:
        hosts: ["localhost:${PG_PORT}"]
        database: postgres
        user: postgres
        tls: {mode: verify-full, ca: "%s"}
        pool: {size: 2, min-idle: 0}
    users: [{name: anna, password: {file: "%s"}}]
    """
        .formatted(cert, key, ca, password);
  }

  private static void assertRefused(PoolerFixture pooler, String yaml, String why)
      throws IOException {
    List<String> problems = pooler.reload(yaml);
    assertEquals(1, problems.size(), problems::toString);
    assertTrue(problems.getFirst().startsWith(why), problems::toString);
  }

  /** In PEM, as from an issuer. */
  private static String pem(String label, byte[] content) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
  }

  /** Needs every file to be read before anything is changed. */
  @Test
  @Tag("case-91")
  void oneThatIsRefusedForAFileChangesNothing() throws Exception {
    try (PoolerFixture pooler = PoolerFixture.start(server, yaml());
        RawPgClient clear = RawPgClient.session(pooler.unix(), "any", "clear");
        RawPgClient secure = RawPgClient.session(pooler.unix(), "any", "secure")) {
      String pid = clear.value(PID);
      secure.query("begin; select 1");
      Files.writeString(password, "new");
      String other = yaml().replace("size: 1}", "size: 3}").replace("size: 2", "size: 4");
      // Another name of the database: its pool would be replaced.
      other = other.replace("  secure:\n", "  secure:\n    timeouts: {connect: 7s}\n");
      String key = "databases.secure.tls.ca: " + ca + " ";
      Files.writeString(ca, "no certificate");
      assertRefused(pooler, other, key + "has no certificate in PEM");
      Files.delete(ca);
      assertRefused(pooler, other, key + "does not exist; put it there");
      assertEquals("1", secure.value("select 1"));
      assertEquals("CZ", RawPgClient.types(secure.query("commit")));
      assertEquals(pid, clear.value(PID));
      String pools = pooler.get("/pools").body();
      assertFalse(pools.contains("\"size\": 3") || pools.contains("\"size\": 4"), pools);
      String url = pooler.tcpUrl("clear") + "?sslmode=require";
      DriverManager.getConnection(url, "anna", "old").close();
      // The old configuration goes on, with the files as they were: a new backend is connected.
      secure.query("begin; select 1");
      try (RawPgClient another = RawPgClient.session(pooler.unix(), "any", "secure")) {
        assertEquals("TDCZ", RawPgClient.types(another.query("select 1")));
      }
      secure.query("commit");
      filesAreRight();
      Files.writeString(password, "new");
      assertEquals(List.of(), pooler.reload(other));
      DriverManager.getConnection(url, "anna", "new").close();
      assertTrue(pooler.get("/pools").body().contains("\"size\": 3"));
    }
  }

  /** Needs the file to be read for a pool whose configuration is the same. */
  @Test
  @Tag("case-91")
  void backendsOfPoolsThatStayAreConnectedByTheFilesAsTheyAreNow() throws Exception {
    KeyStore stranger = ServerCertificates.cached().clientKeys("stranger");
    byte[] theirs = Objects.requireNonNull(stranger.getCertificate("stranger")).getEncoded();
    try (PoolerFixture pooler = PoolerFixture.start(server, yaml());
        RawPgClient a = RawPgClient.session(pooler.unix(), "any", "secure");
        RawPgClient b = RawPgClient.session(pooler.unix(), "any", "secure")) {
      a.query("begin; select 1");
      Files.writeString(ca, pem("CERTIFICATE", theirs));
      assertEquals(List.of(), pooler.reload(yaml().replace("size: 2", "size: 2, max-wait: 500ms")));
      PoolerFixture.await("the server is not trusted", () -> "08001".equals(refusal(b)));
      assertEquals("CZ", RawPgClient.types(a.query("commit")), "what is open goes on");
      filesAreRight();
      assertEquals(List.of(), pooler.reload(yaml()));
      a.query("begin; select 1");
      assertEquals("1", b.value("select 1"));
    }
  }

  /** Of a query; one that waits for less than the first attempt takes hears of its wait alone. */
  private static String refusal(RawPgClient client) throws IOException {
    List<PgMessage> said = client.query("select 1");
    assertEquals("EZ", RawPgClient.types(said));
    return said.getFirst().sqlState();
  }

  /** Needs the files of listeners to be read with a reload, and a key to be its certificate's. */
  @Test
  @Tag("case-91")
  void aListenerShowsTheCertificateThatWasReadLast() throws Exception {
    KeyStore app = ServerCertificates.cached().clientKeys("app");
    Certificate renewed = Objects.requireNonNull(app.getCertificate("app"));
    byte[] itsKey = Objects.requireNonNull(app.getKey("app", new char[0])).getEncoded();
    try (PoolerFixture pooler = PoolerFixture.start(server, yaml())) {
      Certificate first = shown(pooler);
      Files.writeString(cert, pem("CERTIFICATE", renewed.getEncoded()));
      String address = "listen tcp:" + pooler.tcp().toString().replaceAll(".*/", "");
      assertRefused(
          pooler, yaml(), address + ": tls.key: " + key + " is not the key of the certificate in ");
      assertEquals(first, shown(pooler));
      Files.writeString(key, pem("PRIVATE KEY", Objects.requireNonNull(itsKey)));
      try (TlsPgClient before = TlsPgClient.negotiated(pooler.tcp())) {
        assertEquals(List.of(), pooler.reload(yaml()));
        assertTrue(before.startup("anna", "clear").scram(bound(first)).startsWith("R\0\0\0\f"));
      }
      assertEquals(renewed, shown(pooler));
      String url = pooler.tcpUrl("clear") + "?sslmode=require&channelBinding=require";
      DriverManager.getConnection(url, "anna", "old").close();
      Files.delete(cert);
      String moved = yaml().replace(cert.toString(), key.toString());
      assertEquals(List.of(), pooler.reload(moved), "listen is looked at with the next start");
      assertEquals(renewed, shown(pooler));
    }
  }

  /** A login that is bound to this certificate. */
  private static ScramClient bound(Certificate shown) throws CertificateEncodingException {
    return ScramClient.builder()
        .advertisedMechanisms(List.of("SCRAM-SHA-256-PLUS"))
        .username("*")
        .password("old".toCharArray())
        .channelBinding(
            "tls-server-end-point",
            TlsServerEndpoint.getChannelBindingData((X509Certificate) shown))
        .build();
  }

  private static Certificate shown(PoolerFixture pooler) throws IOException {
    try (TlsPgClient client = TlsPgClient.negotiated(pooler.tcp())) {
      return client.certificate();
    }
  }

  /** Needs the files to be read at the start: the first client would be told, and nobody else. */
  @Test
  void aStartWithABadFileSaysSo() throws Exception {
    for (Map.Entry<Path, String> bad :
        Map.of(ca, "databases.secure.tls.ca: ", key, ": tls.key: ").entrySet()) {
      filesAreRight();
      Files.writeString(bad.getKey(), "nothing");
      IOException refused =
          assertThrows(IOException.class, () -> PoolerFixture.start(server, yaml()).close());
      String why = String.valueOf(refused.getMessage());
      assertTrue(why.contains(bad.getValue() + bad.getKey() + " has no "), why);
    }
  }
}
