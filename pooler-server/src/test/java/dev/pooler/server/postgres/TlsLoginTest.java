package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.util.TlsServerEndpoint;
import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What TLS between a client and pooler adds: binding, direct TLS, certificates of clients. */
@Timeout(60)
class TlsLoginTest {
  private static final String ALPN = "postgresql";
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;
  private static PoolerFixture certificates;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
    try (RawPgClient admin = SharedServer.direct(server)) {
      admin.value("create role app login");
    }
    ServerCertificates ours = ServerCertificates.cached();
    String tls = "cert: " + ours.certificateFile() + ", key: " + ours.keyFile();
    String databases =
        """
        http: {address: "127.0.0.1:${HTTP}"}
        databases: {d: {hosts: ["unix:${PG}"], database: postgres, pool: {min-idle: 0}}}
        """;
    pooler =
        PoolerFixture.start(
            server,
            "listen: [{address: \"tcp:127.0.0.1:${TCP}\", auth: scram-sha-256, tls: {"
                + tls
                + "}}]\n"
                + databases
                + "users: [{name: app, password: right}]\n");
    certificates =
        PoolerFixture.start(
            server,
            "listen: [{address: \"tcp:127.0.0.1:${TCP}\", auth: cert, tls: {"
                + tls
                + ", ca: "
                + ours.caFile()
                + "}}]\n"
                + databases);
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    certificates.close();
    server.close();
  }

  private static void assertIn(String url) throws SQLException {
    try (Connection client = DriverManager.getConnection(url, "app", "right");
        var row = client.createStatement().executeQuery("select current_user")) {
      row.next();
      assertEquals("app", row.getString(1));
    }
  }

  private static String secure(String more) throws IOException {
    return pooler.tcpUrl("d")
        + "?sslmode=verify-full&sslrootcert="
        + ServerCertificates.cached().caFile()
        + more;
  }

  private static ScramClient client(List<String> mechanisms, byte[] binding) {
    ScramClient.FinalBuildStage stage =
        ScramClient.builder()
            .advertisedMechanisms(mechanisms)
            .username("*")
            .password("right".toCharArray());
    if (binding.length > 0) {
      stage.channelBinding("tls-server-end-point", binding);
    }
    return stage.build();
  }

  private static void assertState(String sqlState, String message) {
    assertTrue(message.startsWith("E") && message.contains("\0C" + sqlState + "\0"), message);
  }

  /** Needs the offer of SCRAM-SHA-256-PLUS over TLS, and the hash of our certificate. */
  @Test
  @Tag("case-25")
  void aClientMayInsistOnChannelBinding() throws Exception {
    assertIn(secure("&channelBinding=require"));
    assertIn(secure("&channelBinding=prefer"));
    assertIn(secure("&channelBinding=disable"));
    try (TlsPgClient client = TlsPgClient.negotiated(pooler.tcp())) {
      assertEquals("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", client.startup("app", "d").request(10));
    }
    try (RawPgClient clear = RawPgClient.connect(pooler.tcp())) {
      clear.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "d")));
      assertEquals(
          "\0\0\0\nSCRAM-SHA-256\0\0",
          new String(clear.read().body(), StandardCharsets.ISO_8859_1));
    }
  }

  /** Needs {@code ScramSha256.checkFlag} and the binding data in the check of the last message. */
  @Test
  @Tag("case-25")
  void theFlagOfTheClientMustFitWhatWasOffered() throws Exception {
    List<String> plus = List.of("SCRAM-SHA-256-PLUS");
    List<String> plain = List.of("SCRAM-SHA-256");
    try (TlsPgClient right = TlsPgClient.negotiated(pooler.tcp())) {
      byte[] binding =
          TlsServerEndpoint.getChannelBindingData((X509Certificate) right.certificate());
      String end = right.startup("app", "d").scram(client(plus, binding));
      assertTrue(end.startsWith("R\0\0\0\f"), end);
      binding[0]++;
      try (TlsPgClient elsewhere = TlsPgClient.negotiated(pooler.tcp())) {
        // Bound to another certificate: somebody sits in between.
        assertState("28000", elsewhere.startup("app", "d").scram(client(plus, binding)));
      }
      try (TlsPgClient deceived = TlsPgClient.negotiated(pooler.tcp())) {
        // 'y': it could bind, and somebody has told it that we can't.
        assertState("28000", deceived.startup("app", "d").scram(client(plain, binding)));
      }
    }
    try (TlsPgClient simple = TlsPgClient.negotiated(pooler.tcp())) {
      String end = simple.startup("app", "d").scram(client(plain, new byte[0]));
      assertTrue(end.startsWith("R\0\0\0\f"), end);
    }
    Map<String, String> wrong =
        Map.of(
            "SCRAM-SHA-256-PLUS n,,n=,r=x", "08P01",
            "SCRAM-SHA-256-PLUS y,,n=,r=x", "08P01",
            "SCRAM-SHA-256-PLUS p=tls-unique,,n=,r=x", "08P01",
            "SCRAM-SHA-256 p=tls-server-end-point,,n=,r=x", "0A000");
    for (Map.Entry<String, String> first : wrong.entrySet()) {
      String[] parts = first.getKey().split(" ", 2);
      try (TlsPgClient client = TlsPgClient.negotiated(pooler.tcp())) {
        client.startup("app", "d").request(10);
        client.send(PgBytes.saslInitial(parts[0], parts[1]));
        assertState(first.getValue(), client.read());
      }
    }
  }

  /** In the clear nothing is offered to bind to: 'y' is then the truth, 'p' can't be. */
  @Test
  @Tag("case-25")
  void inTheClearYIsTakenAndPIsNot() throws Exception {
    for (Map.Entry<String, Character> first :
        Map.of("y,,n=,r=x", 'R', "n,,n=,r=x", 'R', "p=tls-server-end-point,,n=,r=x", 'E')
            .entrySet()) {
      try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
        client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "d")));
        client.read();
        PgMessage answer = client.send(PgBytes.saslInitial("SCRAM-SHA-256", first.getKey())).read();
        assertEquals(first.getValue(), answer.type(), first::getKey);
      }
    }
  }

  /** Needs {@code EncryptionRequests.takesDirect}. */
  @Test
  @Tag("case-02")
  void aClientMayBeginWithTlsWhereItNamesTheProtocol() throws Exception {
    assertIn(secure("&sslNegotiation=direct"));
    assertIn(secure("&sslNegotiation=direct&channelBinding=require"));
    try (TlsPgClient client = TlsPgClient.direct(pooler.tcp(), "http/1.1", ALPN)) {
      assertEquals(ALPN, client.protocol());
      client.startup("app", "d").request(10);
    }
  }

  /** Needs the look at {@code SslHandler.applicationProtocol} after the handshake. */
  @Test
  @Tag("case-02")
  void withoutTheProtocolsNameDirectTlsIsRefused() throws Exception {
    try (TlsPgClient client = TlsPgClient.direct(pooler.tcp())) {
      assertState("08P01", client.startup("app", "d").read());
    }
    assertThrows(SSLException.class, () -> TlsPgClient.direct(pooler.tcp(), "http/1.1"));
    try (TlsPgClient client = TlsPgClient.direct(pooler.tcp(), ALPN)) {
      assertState("08P01", client.send(PgBytes.sslRequest()).read());
    }
    // Who has asked has to wait for the answer, and who is inside can't begin again.
    try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
      PgMessage refused = client.send(PgBytes.gssEncRequest(), new byte[] {0x16, 3, 1}).read();
      assertEquals('E', refused.type());
    }
    assertIn(secure(""));
  }

  /** Needs {@code behind.isReadable()} in {@code EncryptionRequests.onTls}: TLS would take them. */
  @Test
  @Tag("case-03")
  @Tag("advisory-CVE-2021-3935")
  @Tag("advisory-CVE-2021-43766")
  void clearBytesBehindARequestForTlsAreNotTakenForEncryptedOnes() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "d"));
    try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
      PgMessage refused = client.send(PgBytes.sslRequest(), login).read();
      assertEquals('E', refused.type());
      assertEquals("08P01", refused.sqlState());
    }
  }

  private static KeyManager[] keys(String client) throws Exception {
    KeyStore store = ServerCertificates.cached().clientKeys(client);
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  @Test
  void withAuthCertTheCommonNameIsTheUser() throws Exception {
    try (TlsPgClient client = TlsPgClient.negotiated(certificates.tcp(), keys("app"))) {
      client.startup("app", "d").request(0);
    }
    try (TlsPgClient other = TlsPgClient.negotiated(certificates.tcp(), keys("app"))) {
      String refused = other.startup("postgres", "d").read();
      assertState("28000", refused);
      assertTrue(refused.contains("certificate authentication failed for user \"postgres\""));
    }
    try (TlsPgClient none = TlsPgClient.negotiated(certificates.tcp())) {
      String refused = none.startup("app", "d").read();
      assertState("28000", refused);
      assertTrue(refused.contains("requires a valid client certificate"), refused);
    }
    try (RawPgClient clear = RawPgClient.connect(certificates.tcp())) {
      clear.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app", "database", "d")));
      assertEquals("28000", clear.read().sqlState());
    }
    // Signed by itself: TLS refuses it, at the handshake or (TLS 1.3) at the first read.
    assertThrows(
        IOException.class,
        () -> {
          try (TlsPgClient stranger =
              TlsPgClient.negotiated(certificates.tcp(), keys("stranger"))) {
            stranger.startup("app", "d").request(0);
          }
        });
  }

  /** Needs {@code SslHandler.setWrapDataSize}: Netty fills records up to 16 KB. */
  @Test
  @Tag("case-54")
  void noRecordIsLargerThanWhatLibpqReadsAtOnce() throws Exception {
    try (Recorder recorder = new Recorder(pooler.tcpUrl("d").replaceAll("\\D+(\\d+).*", "$1"))) {
      String url = "jdbc:postgresql://localhost:" + recorder.port() + "/d?sslmode=require";
      try (Connection client = DriverManager.getConnection(url, "app", "right");
          var row = client.createStatement().executeQuery("select repeat('x', 1000000)")) {
        row.next();
        assertEquals(1_000_000, row.getString(1).length());
      }
      int largest = recorder.largestRecord();
      assertTrue(largest > 8_000, () -> "records of " + largest);
      assertTrue(largest <= 8192 + 256, () -> "a record of " + largest + " bytes");
    }
  }

  /** Between a client and pooler: keeps what pooler sends. */
  private static final class Recorder implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private final Thread thread;

    Recorder(String target) throws IOException {
      thread = Thread.startVirtualThread(() -> serve(Integer.parseInt(target)));
    }

    int port() {
      return listener.getLocalPort();
    }

    private void serve(int target) {
      try (Socket client = listener.accept();
          Socket pooler = new Socket(InetAddress.getLoopbackAddress(), target)) {
        Thread up =
            Thread.startVirtualThread(() -> {
              try {
                client.getInputStream().transferTo(pooler.getOutputStream());
                pooler.shutdownOutput();
              } catch (IOException e) {
                // the client has gone
              }
            });
        byte[] buffer = new byte[65536];
        int read;
        while ((read = pooler.getInputStream().read(buffer)) > 0) {
          seen.write(buffer, 0, read);
          client.getOutputStream().write(buffer, 0, read);
        }
        up.join();
      } catch (IOException | InterruptedException e) {
        // one side has gone
      }
    }

    int largestRecord() throws InterruptedException {
      thread.join();
      byte[] bytes = seen.toByteArray();
      int largest = 0;
      int at = 1; // the answer to SSLRequest
      while (at + 5 <= bytes.length) {
        int length = (bytes[at + 3] & 0xff) << 8 | (bytes[at + 4] & 0xff);
        largest = Math.max(largest, length);
        at += 5 + length;
      }
      return largest;
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }
}
