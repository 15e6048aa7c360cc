package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A cancel comes over TLS or in the clear, whatever its session does, and goes on as that one's.
 */
@Timeout(60)
class CancelOverTlsTest {
  /** SSLRequest's code. */
  private static final int SSL = 80877103;

  private static EmbeddedPostgres server;
  private static Wire wire;
  private static PoolerFixture pooler;

  /** Between pooler and the server; keeps how each connection begins. */
  private static final class Wire implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Integer> codes = new CopyOnWriteArrayList<>();
    private final int target;

    /** What comes now is never answered. */
    private volatile boolean mute;

    private final AtomicInteger unanswered = new AtomicInteger();

    Wire(int target) throws IOException {
      this.target = target;
      Thread.startVirtualThread(() -> {
        try {
          while (true) {
            Socket client = listener.accept();
            Thread.startVirtualThread(() -> pass(client));
          }
        } catch (IOException e) {
          // closed: the end
        }
      });
    }

    private void pass(Socket client) {
      try (client;
          Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
        Thread.startVirtualThread(() -> copy(server, client));
        byte[] first = client.getInputStream().readNBytes(8);
        if (first.length == 8) {
          codes.add(ByteBuffer.wrap(first).getInt(4));
        }
        if (mute) {
          unanswered.incrementAndGet();
          client.getInputStream().transferTo(OutputStream.nullOutputStream());
          return;
        }
        server.getOutputStream().write(first);
        client.getInputStream().transferTo(server.getOutputStream());
      } catch (IOException e) {
        // one side has closed, so both are
      }
    }

    private static void copy(Socket from, Socket to) {
      try (from;
          to) {
        from.getInputStream().transferTo(to.getOutputStream());
      } catch (IOException e) {
        // as above
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().tls(true).start();
    wire = new Wire(server.port());
    ServerCertificates ours = ServerCertificates.cached();
    pooler =
        PoolerFixture.start(
            server,
            """
            listen: [{address: "tcp:127.0.0.1:${TCP}", auth: trust, tls: {cert: %s, key: %s}}]
            http: {address: "127.0.0.1:${HTTP}"}
            databases:
              postgres: {hosts: ["127.0.0.1:%d"], user: postgres, tls: {mode: require},
                         pool: {size: 1, min-idle: 0, max-wait: 30s}}
            """
                .formatted(ours.certificateFile(), ours.keyFile(), wire.listener.getLocalPort()));
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    wire.close();
    server.close();
  }

  private static void awaitRunning() throws Exception {
    try (RawPgClient observer = SharedServer.direct(server)) {
      PoolerFixture.await(
          "it runs", () -> !SharedServer.activity(observer, "wait_event = 'PgSleep'").isEmpty());
    }
  }

  /** Needs a cancel to be taken behind the handshake as before it, and to be sent in TLS. */
  @Test
  @Tag("case-79")
  void aSessionInTheClearIsCancelledOverTls() throws Exception {
    try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
      List<PgMessage> welcome = client.login(Map.of("user", "postgres", "database", "postgres"));
      byte[] key = welcome.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().body();
      client.send(PgBytes.query("select pg_sleep(30)"));
      awaitRunning();
      try (TlsPgClient request = TlsPgClient.negotiated(pooler.tcp())) {
        assertEquals("", request.send(PgBytes.cancelRequest(key)).read());
      }
      List<PgMessage> said = client.readUntil('Z');
      assertEquals("57014", said.get(said.size() - 2).sqlState());
    }
    nothingInTheClear();
  }

  /** Needs a listener with TLS to take a cancel without it: libpq before 17 sends it so. */
  @Test
  @Tag("case-79")
  void aSessionInTlsIsCancelledInTheClear() throws Exception {
    try (TlsPgClient client = TlsPgClient.negotiated(pooler.tcp())) {
      client.startup("postgres", "postgres");
      byte[] key = new byte[0];
      for (String said = client.read(); !said.startsWith("Z"); said = client.read()) {
        if (said.startsWith("K")) {
          key = said.substring(1).getBytes(StandardCharsets.ISO_8859_1);
        }
      }
      client.send(PgBytes.query("select pg_sleep(30)"));
      awaitRunning();
      try (RawPgClient request = RawPgClient.connect(pooler.tcp())) {
        assertTrue(request.send(PgBytes.cancelRequest(key)).atEnd());
      }
      String last = "";
      for (String said = client.read(); !said.startsWith("Z"); said = client.read()) {
        last = said;
      }
      assertTrue(last.startsWith("E") && last.contains("57014"), last);
    }
    nothingInTheClear();
  }

  /**
   * Needs {@code PgCancel} to count its time from the connection on: the request for TLS may not be
   * answered either. What it was meant for is over by then, and pooler has nothing to ask about it.
   */
  @Test
  @Tag("case-79")
  void aCancelWhoseTlsNeverComesAboutKeepsNoBackendForEver() throws Exception {
    cancelledInVain("select pg_sleep(30)");
  }

  /** Needs the same where pooler asks the server first what the session has left. */
  @Test
  @Tag("case-79")
  void aCancelThatIsLostKeepsNoBackendForWhatIsNotKnownOfIt() throws Exception {
    cancelledInVain("do $$ begin perform pg_sleep(30); end $$");
  }

  private static void cancelledInVain(String sql) throws Exception {
    double before = pooler.metric("pooler_evictions_total", "reason=\"cancel_uncertain\"");
    int unanswered = wire.unanswered.get();
    Map<String, String> user = Map.of("user", "postgres", "database", "postgres");
    try (RawPgClient a = RawPgClient.connect(pooler.tcp()).timeout(Duration.ofSeconds(20));
        RawPgClient b = RawPgClient.connect(pooler.tcp()).timeout(Duration.ofSeconds(20));
        RawPgClient request = RawPgClient.connect(pooler.tcp());
        RawPgClient observer = SharedServer.direct(server)) {
      List<PgMessage> welcome = a.login(user);
      b.login(user);
      // What pooler asks behind the first statement of all is over, and its answer fresh.
      assertEquals("1", a.value("select 1"));
      assertEquals("1", b.value("select 1"));
      byte[] key = welcome.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow().body();
      a.send(PgBytes.query(sql));
      awaitRunning();
      wire.mute = true;
      request.send(PgBytes.cancelRequest(key));
      PoolerFixture.await("it is passed on", () -> wire.unanswered.get() > unanswered);
      wire.mute = false;
      observer.query(
          "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
      assertTrue(RawPgClient.types(a.readUntil('Z')).endsWith("EZ"));
      assertEquals("1", b.value("select 1"));
      assertEquals("1", a.value("select 1"), "it has lost nothing");
      assertEquals(
          before + 1, pooler.metric("pooler_evictions_total", "reason=\"cancel_uncertain\""));
    }
  }

  private static void nothingInTheClear() {
    assertFalse(wire.codes.isEmpty());
    assertTrue(wire.codes.stream().allMatch(code -> code == SSL), wire.codes::toString);
  }
}
