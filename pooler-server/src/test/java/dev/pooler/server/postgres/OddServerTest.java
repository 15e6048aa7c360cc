package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Logins at servers that are not PostgreSQL's own: managed services, poolers, and hostile ones. */
@Timeout(60)
class OddServerTest {
  private static final byte[] OK = PgBytes.message('R', new byte[4]);
  private static final byte[] READY = PgBytes.message('Z', new byte[] {'I'});
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = SharedServer.get();
  }

  /** Answers each connection's first packet, and each later message, with the next part. */
  private record Odd(ServerSocket listener) implements AutoCloseable {
    static Odd saying(boolean byteByByte, byte[]... parts) throws IOException {
      Odd odd = new Odd(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
      Thread.startVirtualThread(() -> {
        try {
          while (true) {
            Socket client = odd.listener().accept();
            Thread.startVirtualThread(() -> talk(client, byteByByte, parts));
          }
        } catch (IOException e) {
          // closed: the end
        }
      });
      return odd;
    }

    private static void talk(Socket client, boolean byteByByte, byte[][] parts) {
      try (client) {
        client.setTcpNoDelay(true);
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readNBytes(in.readInt() - 4);
        for (int i = 0; i < parts.length; i++) {
          if (i > 0) {
            in.readByte();
            in.readNBytes(in.readInt() - 4);
          }
          write(client.getOutputStream(), byteByByte, parts[i]);
        }
        answerProbes(in, client.getOutputStream());
      } catch (IOException e) {
        // pooler has gone
      }
    }

    /** HikariCP tries a new connection; other statements are never answered. */
    private static void answerProbes(DataInputStream in, OutputStream out) throws IOException {
      while (true) {
        int type = in.readUnsignedByte();
        byte[] body = in.readNBytes(in.readInt() - 4);
        if (type == 'S') {
          out.write(READY);
        } else if (type == 'Q' && body.length < 16) {
          out.write(PgBytes.joined(PgBytes.message('I', new byte[0]), READY));
        }
      }
    }

    private static void write(OutputStream out, boolean byteByByte, byte[] part)
        throws IOException {
      int step = byteByByte ? 1 : part.length;
      for (int at = 0; at < part.length; at += step) {
        out.write(part, at, step);
        out.flush();
      }
    }

    PoolerFixture pooler(String tls, String maxWait) throws IOException {
      return PoolerFixture.start(
          server,
          """
          databases:
            d: {hosts: ["127.0.0.1:%d"], user: app, password: right, tls: {mode: %s},
                pool: {min-idle: 0, max-wait: %s}}
          """
              .formatted(listener.getLocalPort(), tls, maxWait));
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static byte[] error(String fields) {
    return PgBytes.message(
        'E', (fields.replace('|', '\0') + "\0").getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] request(int code, String data) {
    byte[] text = data.getBytes(StandardCharsets.ISO_8859_1);
    return PgBytes.message(
        'R', ByteBuffer.allocate(4 + text.length).putInt(code).put(text).array());
  }

  /**
   * What clients are told of the target. One that may wait for less than the first attempt takes
   * hears of its wait alone.
   */
  private static PgMessage told(PoolerFixture pooler) throws IOException {
    PgMessage told = toldOnce(pooler);
    for (int i = 0; i < 20 && told.sqlState().equals("57014"); i++) {
      told = toldOnce(pooler);
    }
    return told;
  }

  private static PgMessage toldOnce(PoolerFixture pooler) throws IOException {
    try (RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "any", "database", "d")));
      List<PgMessage> said = client.readToEnd();
      assertEquals("E", RawPgClient.types(said), said::toString);
      return said.getFirst();
    }
  }

  /** Needs {@code BackendIdentity.key} to be optional (RDS Proxy sends none). */
  @Test
  @Tag("case-07")
  void aServerWithoutACancelKeyIsUsedAndACancelDoesNothing() throws Exception {
    try (Odd odd = Odd.saying(false, PgBytes.joined(OK, READY));
        PoolerFixture pooler = odd.pooler("disable", "10s");
        RawPgClient client = pooler.raw()) {
      List<PgMessage> login = client.login(Map.of("user", "any", "database", "d"));
      // Ours: the client's key is pooler's, whatever the server's is.
      PgMessage key =
          login.stream().filter(message -> message.type() == 'K').findFirst().orElseThrow();
      client.send(PgBytes.query("select pg_sleep(9) is never answered"));
      PoolerFixture.await("it runs", () -> pooler.metric("pooler_clients") == 1);
      try (RawPgClient cancel = pooler.raw()) {
        assertTrue(cancel.send(PgBytes.cancelRequest(key.body())).atEnd());
      }
      assertEquals(200, pooler.get("/live").statusCode());
    }
  }

  /** Needs {@code PgLoginHandler.onMessage} to let NoticeResponse pass, whole or in pieces. */
  @Test
  @Tag("case-18")
  void noticesOfEachPhaseOfALoginAreSkipped() throws Exception {
    byte[] notice =
        PgBytes.message('N', "SWARNING\0C01000\0Mcollation\0\0".getBytes(StandardCharsets.UTF_8));
    byte[] status = PgBytes.message('S', "TimeZone\0UTC\0".getBytes(StandardCharsets.UTF_8));
    for (boolean byteByByte : new boolean[] {false, true}) {
      byte[] login = PgBytes.joined(notice, OK, notice, status, notice, READY);
      try (Odd odd = Odd.saying(byteByByte, login);
          PoolerFixture pooler = odd.pooler("disable", "10s");
          RawPgClient client = RawPgClient.session(pooler.unix(), "any", "d")) {
        assertTrue(client.quietFor(java.time.Duration.ofMillis(20)));
      }
    }
  }

  /** Needs {@code ErrorFields} to take any field for absent, and messages in pieces. */
  @Test
  @Tag("case-19")
  @Tag("advisory-CVE-2026-6666")
  void anErrorOfALoginReachesTheClientLargeInPiecesOrWithoutFields() throws Exception {
    String large = "x".repeat(30_000);
    Map<byte[], String> errors =
        Map.of(
            error("SFATAL|VFATAL|C28000|Mnot you|"),
            "28000 not you",
            error("SFATAL|VFATAL|C28000|M" + large + "|"),
            "28000 " + large);
    for (Map.Entry<byte[], String> error : errors.entrySet()) {
      for (boolean byteByByte : new boolean[] {false, true}) {
        try (Odd odd = Odd.saying(byteByByte, error.getKey());
            PoolerFixture pooler = odd.pooler("disable", "20s")) {
          PgMessage told = toldOnce(pooler); // at once, however long others could wait
          assertEquals(error.getValue(), told.sqlState() + " " + told.field('M'));
        }
      }
    }
    try (Odd odd = Odd.saying(false, error("SFATAL|Mno state|"));
        PoolerFixture pooler = odd.pooler("disable", "500ms")) {
      assertTrue(told(pooler).field('M').contains("no state"));
    }
    for (byte[] bare :
        List.of(
            error("SFATAL|Mno state|"),
            error("|"),
            PgBytes.message('E', new byte[0]),
            PgBytes.message('E', new byte[] {'C'}),
            PgBytes.message('E', "C280".getBytes(StandardCharsets.UTF_8)))) {
      try (Odd odd = Odd.saying(false, bare);
          PoolerFixture pooler = odd.pooler("disable", "500ms")) {
        String state = told(pooler).sqlState();
        assertTrue(List.of("08001", "XX000").contains(state), () -> Arrays.toString(bare));
        assertEquals(200, pooler.get("/live").statusCode());
      }
    }
  }

  /** Needs the bounds of {@code BackendScram} and of {@code PgLoginHandler.LARGEST}. */
  @Test
  @Tag("advisory-CVE-2026-6665")
  void aHostileServersScramMessagesAreAnErrorOfThatLoginAlone() throws Exception {
    byte[] offer = request(10, "SCRAM-SHA-256\0\0");
    String huge = "A".repeat(60_000);
    for (byte[] challenge :
        List.of(
            request(11, "r=" + huge + ",s=" + huge.substring(0, 4000) + ",i=4096"),
            request(11, "r=x,s=!!!,i=4096"),
            request(11, "r=x,s=AAAA,i=99999999999999999999"),
            request(11, ""),
            request(11, huge),
            request(12, "v=" + huge),
            OK,
            PgBytes.lying('R', Integer.MAX_VALUE, new byte[8]),
            PgBytes.lying('R', -5, new byte[8]),
            PgBytes.message('R', new byte[] {0, 0}))) {
      try (Odd odd = Odd.saying(false, offer, challenge);
          PoolerFixture pooler = odd.pooler("disable", "500ms")) {
        String state = told(pooler).sqlState();
        assertTrue(List.of("28000", "08001").contains(state), state);
        assertEquals(200, pooler.get("/live").statusCode());
      }
    }
  }

  /** Needs the bound of all that a login says: each message was small. */
  @Test
  void aLoginThatSaysMoreAndMoreIsGivenUp() throws Exception {
    byte[] notice = error("SWARNING|C01000|M" + "x".repeat(30_000) + "|");
    notice[0] = 'N';
    byte[][] said = new byte[41][];
    for (boolean notices : new boolean[] {true, false}) {
      for (int i = 0; i < 40; i++) {
        String status = "a.s" + i + "\0" + "x".repeat(30_000) + "\0";
        said[i] = notices ? notice : PgBytes.message('S', status.getBytes(StandardCharsets.UTF_8));
      }
      said[40] = READY;
      try (Odd odd = Odd.saying(false, PgBytes.joined(OK, PgBytes.joined(said)));
          PoolerFixture pooler = odd.pooler("disable", "2s")) {
        PgMessage told = told(pooler);
        assertEquals("08001", told.sqlState());
        assertTrue(told.field('M').contains("bytes during the login"), told::toString);
      }
    }
  }

  /** The same while pooler derives a key, and reads no message. */
  @Test
  void aServerThatTalksWhileAKeyIsDerivedIsGivenUp() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Odd odd = new Odd(listener)) {
      Thread.startVirtualThread(() -> {
        try {
          while (true) {
            flood(listener.accept());
          }
        } catch (IOException e) {
          // closed: the end
        }
      });
      try (PoolerFixture pooler = odd.pooler("disable", "2s")) {
        PgMessage told = told(pooler);
        assertEquals("08001", told.sqlState());
        assertTrue(told.field('M').contains("bytes during the login"), told::toString);
      }
    }
  }

  private static void flood(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      in.readNBytes(in.readInt() - 4);
      out.write(request(10, "SCRAM-SHA-256\0\0"));
      in.readByte();
      String first = new String(in.readNBytes(in.readInt() - 4), StandardCharsets.ISO_8859_1);
      String nonce = first.substring(first.indexOf("r="));
      out.write(request(11, nonce + "x,s=" + "A".repeat(24) + ",i=100000"));
      byte[] begun = PgBytes.lying('N', 60_000, new byte[59_000]);
      out.write(begun);
      out.write(new byte[3 * 1024 * 1024]); // pooler takes none of it for a message
      in.readAllBytes();
    } catch (IOException e) {
      // pooler has gone
    }
  }

  /**
   * Needs {@code PgLoginHandler.authenticated}: who does not say that we are let in has proved
   * nothing, and channel binding would be passed by.
   */
  @Test
  @Tag("case-25")
  void aServerThatSkipsTheAuthenticationIsNoBackend() throws Exception {
    byte[] status = PgBytes.message('S', "TimeZone\0UTC\0".getBytes(StandardCharsets.UTF_8));
    byte[] key = PgBytes.message('K', new byte[8]);
    byte[] offer = request(10, "SCRAM-SHA-256\0\0");
    for (byte[][] parts :
        List.of(
            new byte[][] {READY},
            new byte[][] {PgBytes.joined(status, key, READY)},
            new byte[][] {PgBytes.joined(key, READY)},
            new byte[][] {offer, PgBytes.joined(status, READY)},
            new byte[][] {PgBytes.joined(status, OK, READY)})) {
      try (Odd odd = Odd.saying(false, parts);
          PoolerFixture pooler = odd.pooler("disable", "1s")) {
        PgMessage told = told(pooler);
        assertEquals("08001", told.sqlState());
        assertTrue(told.field('M').contains("before the authentication"), told::toString);
      }
    }
  }

  /**
   * A server that says more than it was asked, in its own time: needs a free backend that talks to
   * be nobody's any more.
   */
  @Test
  @Tag("case-41")
  void aFreeBackendThatTalksIsLeasedToNobody() throws Exception {
    byte[] row = PgBytes.message('D', new byte[] {0, 1, 0, 0, 0, 1, 'x'});
    whileFree(row, 2);
  }

  /** Needs a notice to be no answer: what a server says of itself in its own time is harmless. */
  @Test
  @Tag("case-41")
  void aNoticeToAFreeBackendIsNobodysAndChangesNothing() throws Exception {
    byte[] fields =
        "SNOTICE\0VNOTICE\0C00000\0Mgood morning\0\0".getBytes(StandardCharsets.US_ASCII);
    whileFree(PgBytes.message('N', fields), 1);
  }

  /** A backend says something while nobody has it; so many connections are made in all. */
  private static void whileFree(byte[] stray, int made) throws Exception {
    byte[] answer = PgBytes.joined(PgBytes.message('I', new byte[0]), READY);
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Odd odd = new Odd(listener)) {
      AtomicInteger connections = new AtomicInteger();
      Semaphore talk = new Semaphore(0);
      Thread.startVirtualThread(() -> {
        try {
          while (true) {
            Socket client = listener.accept();
            Thread.startVirtualThread(() -> serve(client, connections, talk, answer, stray));
          }
        } catch (IOException e) {
          // closed: the end
        }
      });
      try (PoolerFixture pooler = odd.pooler("disable", "10s");
          RawPgClient a = RawPgClient.session(pooler.unix(), "any", "d");
          RawPgClient b = RawPgClient.session(pooler.unix(), "any", "d")) {
        assertEquals("IZ", RawPgClient.types(a.query("")));
        assertEquals(1, connections.get());
        talk.release();
        assertTrue(a.quietFor(java.time.Duration.ofMillis(300)), "it was not meant for a");
        assertEquals("IZ", RawPgClient.types(b.query("")));
        assertEquals(made, connections.get());
        assertEquals(
            made - 1.0, pooler.metric("pooler_evictions_total", "reason=\"backend_chatter\""));
      }
    }
  }

  /** Something is done, and half a notice comes behind the answer. */
  private static final class HalfNotice implements AutoCloseable {
    private static final byte[] NOTICE =
        PgBytes.message(
            'N', "SNOTICE\0VNOTICE\0C00000\0Mgood evening\0\0".getBytes(StandardCharsets.US_ASCII));
    private static final byte[] DONE =
        PgBytes.message('C', "DO\0".getBytes(StandardCharsets.US_ASCII));

    private final SilentServer silent = new SilentServer(PgBytes.joined(DONE, READY));
    private final PoolerFixture pooler = silent.pooler("");
    private final RawPgClient a = RawPgClient.session(pooler.unix(), "any", "d");
    private final RawPgClient b = RawPgClient.session(pooler.unix(), "any", "d");

    /** What pooler asks behind the first statement of all is over before b has the backend. */
    HalfNotice() throws IOException {
      assertEquals("CZ", RawPgClient.types(a.query("select what is harmless")));
      assertEquals("CZ", RawPgClient.types(b.query("select what is harmless")));
      silent.answers(PgBytes.joined(DONE, READY, Arrays.copyOf(NOTICE, 20)));
    }

    /** Both ask, and b has to wait. */
    void ask(String sql) throws Exception {
      assertEquals("CZ", RawPgClient.types(a.query(sql)));
      assertFalse(a.atEnd()); // the beginning of the notice
      b.send(PgBytes.query("select what takes a while"));
      PoolerFixture.await(
          "b waits for it", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
    }

    void sayTheRest() throws IOException {
      silent.say(Arrays.copyOfRange(NOTICE, 20, NOTICE.length));
    }

    @Override
    public void close() throws IOException {
      a.close();
      b.close();
      pooler.close();
      silent.close();
    }
  }

  /**
   * Needs a lease not to be settled in the middle of a notice behind ReadyForQuery: its rest would
   * come to the next session.
   */
  @Test
  @Tag("case-41")
  void aNoticeBehindTheEndOfAnAnswerIsItsSessionsToItsLastByte() throws Exception {
    try (HalfNotice half = new HalfNotice()) {
      half.ask("select what takes a while");
      half.a.send(PgBytes.flush()); // nobody answers it: it settles nothing
      half.sayTheRest();
      assertEquals("good evening", half.a.read().field('M'));
      assertEquals("CZ", RawPgClient.types(half.b.readUntil('Z')));
    }
  }

  /** Needs the same of the end of an answer to a question of ours. */
  @Test
  @Tag("case-41")
  void aNoticeBehindTheAnswerToAQuestionOfOursIsItsSessionsToItsLastByte() throws Exception {
    try (HalfNotice half = new HalfNotice()) {
      half.ask("do $$ what takes a while $$");
      half.sayTheRest();
      assertEquals("good evening", half.a.read().field('M'));
      assertFalse(half.a.atEnd()); // behind the answer to our question
      half.sayTheRest();
      assertEquals("good evening", half.a.read().field('M'));
      assertEquals("CZ", RawPgClient.types(half.b.readUntil('Z')));
    }
  }

  /** Needs a backend that is in the middle of a notice not to be handed on when its client goes. */
  @Test
  @Tag("case-41")
  void aNoticeWhoseClientIsGoneIsNobodys() throws Exception {
    try (HalfNotice half = new HalfNotice()) {
      half.ask("select what takes a while");
      half.a.close();
      assertEquals("CZ", RawPgClient.types(half.b.readUntil('Z')));
      assertEquals(1, half.pooler.metric("pooler_evictions_total", "reason=\"client_gone\""));
    }
  }

  private static void serve(
      Socket client, AtomicInteger connections, Semaphore talk, byte[] answer, byte[] stray) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      in.readNBytes(in.readInt() - 4);
      int number = connections.incrementAndGet();
      out.write(PgBytes.joined(OK, READY));
      if (number == 1) {
        Thread.startVirtualThread(() -> {
          try {
            talk.acquire();
            out.write(stray);
          } catch (IOException | InterruptedException e) {
            // the test has ended
          }
        });
      }
      while (true) {
        int type = in.readUnsignedByte();
        in.readNBytes(in.readInt() - 4);
        out.write(type == 'S' ? READY : answer);
      }
    } catch (IOException e) {
      // pooler has gone
    }
  }

  /**
   * Needs what comes before TLS not to be anybody's words: whoever sits in between could have
   * written it.
   */
  @Test
  @Tag("advisory-CVE-2024-10977")
  void anErrorInsteadOfAnAnswerToARequestForTlsIsNotPassedOn() throws Exception {
    byte[] lie = error("SFATAL|VFATAL|C28P01|Msend your password to evil.example|");
    for (String mode : List.of("prefer", "require")) {
      try (Odd odd = Odd.saying(false, lie);
          PoolerFixture pooler = odd.pooler(mode, "500ms")) {
        PgMessage told = told(pooler);
        assertEquals("08001", told.sqlState());
        assertFalse(told.toString().contains("evil"), told::toString);
      }
    }
  }

  /** Needs {@code TlsNegotiation} to take one byte for an answer, and no more. */
  @Test
  @Tag("case-03")
  @Tag("advisory-CVE-2021-43767")
  @Tag("advisory-CVE-2021-23222")
  void bytesBehindAServersAnswerToARequestForTlsAreRefused() throws Exception {
    for (byte[] answer : List.of(new byte[] {'S', 'R'}, PgBytes.joined(new byte[] {'N'}, OK))) {
      try (Odd odd = Odd.saying(false, answer);
          PoolerFixture pooler = odd.pooler("prefer", "500ms")) {
        PgMessage told = told(pooler);
        assertEquals("08001", told.sqlState());
        assertTrue(told.field('M').contains("more than one byte"), told::toString);
      }
    }
  }
}
