package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** From accept to the first ReadyForQuery: encryption requests, packets, protocol versions. */
@Timeout(60)
class StartupTest {
  private static final Map<String, String> POSTGRES =
      Map.of("user", "postgres", "database", "postgres");
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
    pooler = PoolerFixture.ofPoolSize(server, 1);
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  @AfterEach
  void nobodyIsLeft() throws Exception {
    PoolerFixture.await("all clients are gone", () -> pooler.metric("pooler_connections") == 0);
    try (RawPgClient next = pooler.session("postgres")) {
      assertEquals("1", next.value("select 1"), "the pool is whole");
    }
  }

  private static void refused(String sqlState, RawPgClient client) throws IOException {
    List<PgMessage> said = client.readToEnd();
    assertEquals("E", RawPgClient.types(said), said::toString);
    assertEquals("FATAL", said.getFirst().field('S'));
    assertEquals(sqlState, said.getFirst().sqlState(), said::toString);
  }

  @Test
  @Tag("case-04")
  void encryptionIsDeniedAndTheLoginGoesOnOnTheSameSocket() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      assertEquals('N', client.send(PgBytes.gssEncRequest()).readByte());
      assertEquals('N', client.send(PgBytes.sslRequest()).readByte());
      client.login(POSTGRES);
      assertEquals("7", client.value("select 7"));
    }
    try (RawPgClient client = RawPgClient.connect(pooler.tcp())) {
      assertEquals('N', client.send(PgBytes.sslRequest()).readByte());
      assertEquals('N', client.send(PgBytes.gssEncRequest()).readByte());
      client.login(POSTGRES);
      assertEquals("7", client.value("select 7"));
    }
  }

  @Test
  @Tag("case-04")
  void aSecondEncryptionRequestOfAKindIsRefused() throws Exception {
    for (byte[] request : List.of(PgBytes.sslRequest(), PgBytes.gssEncRequest())) {
      try (RawPgClient client = pooler.raw()) {
        assertEquals('N', client.send(request).readByte());
        refused("08P01", client.send(request));
      }
    }
  }

  @Test
  @Tag("case-03")
  @Tag("advisory-CVE-2021-3935")
  @Tag("advisory-CVE-2021-23214")
  void bytesBehindAnEncryptionRequestAreRefused() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES);
    for (byte[] request : List.of(PgBytes.sslRequest(), PgBytes.gssEncRequest())) {
      try (RawPgClient client = pooler.raw()) {
        refused("08P01", client.send(request, login));
      }
      try (RawPgClient client = pooler.raw()) {
        refused("08P01", client.send(request, new byte[] {0}));
      }
    }
  }

  @Test
  @Tag("case-01")
  void aLoginAndAStatementMayComeByteByByte() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      client.sendByteByByte(PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES)).readLogin();
      client.sendByteByByte(PgBytes.query("select 'slow'"));
      assertEquals("TDCZ", RawPgClient.types(client.readUntil('Z')));
    }
  }

  /** Needs the rest of a packet to be waited for, wherever it was cut. */
  @Test
  @Tag("case-01")
  void aLoginMayComeInTwoPieces() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES);
    try (RawPgClient other = pooler.session("postgres")) {
      for (int cut = 1; cut < login.length; cut += 3) {
        try (RawPgClient client = pooler.raw()) {
          client.send(Arrays.copyOf(login, cut));
          // On the one event loop: when this is answered, the first piece has been read.
          assertEquals("1", other.value("select 1"));
          client.send(Arrays.copyOfRange(login, cut, login.length)).readLogin();
        }
      }
    }
  }

  @Test
  @Tag("case-01")
  void aLoginAndItsFirstStatementsMayComeInOneWrite() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES);
      client.send(login, PgBytes.query("select 1"), PgBytes.query("select 2"));
      client.readLogin();
      assertEquals("TDCZ", RawPgClient.types(client.readUntil('Z')));
      assertEquals("TDCZ", RawPgClient.types(client.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-01")
  void aPacketOfTheLargestSizeIsTakenAndOneByteMoreIsNot() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      client.send(padded(10_004)).readLogin();
      assertTrue(String.valueOf(client.value("show app.pad")).length() > 9_900);
    }
    try (RawPgClient client = pooler.raw()) {
      refused("08P01", client.send(padded(10_005)));
    }
  }

  private static byte[] padded(int length) {
    Map<String, String> parameters = new LinkedHashMap<>(POSTGRES);
    parameters.put("app.pad", "");
    int bare = PgBytes.startup(PgBytes.VERSION_3_0, parameters).length;
    parameters.put("app.pad", "x".repeat(length - bare));
    return PgBytes.startup(PgBytes.VERSION_3_0, parameters);
  }

  @Test
  @Tag("case-06")
  void theVersionsThatAreKnownAreTakenAsTheyAre() throws Exception {
    for (int minor : new int[] {0, 2}) {
      try (RawPgClient client = pooler.raw()) {
        List<PgMessage> said = client.login(PgBytes.VERSION_3_0 | minor, POSTGRES);
        assertEquals(0, count(said, 'v'));
        PgMessage key = said.stream().filter(m -> m.type() == 'K').findFirst().orElseThrow();
        assertTrue(minor == 0 ? key.body().length == 8 : key.body().length > 8);
      }
    }
  }

  @Test
  @Tag("case-05")
  void aNewerVersionOrAnUnknownOptionIsNegotiatedOnceBeforeAnythingElse() throws Exception {
    Map<String, String> withOption =
        Map.of("user", "postgres", "database", "postgres", "_pq_.compress", "zstd");
    try (RawPgClient client = pooler.raw()) {
      List<PgMessage> said = client.login(PgBytes.VERSION_3_0 | 9, POSTGRES);
      assertNegotiated(said, List.of());
    }
    try (RawPgClient client = pooler.raw()) {
      List<PgMessage> said = client.login(PgBytes.VERSION_3_0, withOption);
      assertNegotiated(said, List.of("_pq_.compress"));
      assertEquals("1", client.value("select 1"));
    }
  }

  private static void assertNegotiated(List<PgMessage> said, List<String> options) {
    assertEquals('v', said.getFirst().type());
    assertEquals(1, count(said, 'v'));
    ByteBuffer body = ByteBuffer.wrap(said.getFirst().body());
    int version = body.getInt();
    assertEquals(3, version >>> 16 == 0 ? 3 : version >>> 16);
    assertEquals(options.size(), body.getInt());
    String names =
        new String(body.array(), 8, body.remaining(), java.nio.charset.StandardCharsets.UTF_8);
    assertEquals(String.join("\0", options), names.replaceAll("\0$", ""));
  }

  private static long count(List<PgMessage> said, char type) {
    return said.stream().filter(message -> message.type() == type).count();
  }

  @Test
  @Tag("case-05")
  void aClientQueuedForItsFirstBackendHearsOfTheVersionOnceAndAtOnce() throws Exception {
    try (RawPgClient busy = pooler.session("postgres");
        RawPgClient queued = pooler.raw()) {
      busy.query("begin; select 1");
      // Settings nobody had before: what to tell this client only a backend knows.
      Map<String, String> asked = new LinkedHashMap<>(POSTGRES);
      asked.put("application_name", "queued-" + System.nanoTime());
      queued.send(PgBytes.startup(PgBytes.VERSION_3_0 | 9, asked));
      assertEquals('v', queued.read().type());
      assertTrue(queued.quietFor(Duration.ofMillis(300)));
      busy.query("commit");
      assertEquals(0, count(queued.readLogin(), 'v'));
      assertEquals(asked.get("application_name"), queued.value("show application_name"));
    }
  }

  @Test
  @Tag("case-08")
  void version2IsRefusedInWords() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(2 << 16, POSTGRES));
      refused("0A000", client);
    }
  }

  @Test
  @Tag("case-08")
  void withoutADatabaseTheUsersNameIsTheDatabase() throws Exception {
    for (Map<String, String> asked :
        List.of(Map.of("user", "postgres"), Map.of("user", "postgres", "database", ""))) {
      try (RawPgClient client = pooler.raw()) {
        client.login(asked);
        assertEquals("postgres", client.value("select current_database()"));
      }
    }
  }

  @Test
  void aLoginWithoutAUserIsRefused() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      client.send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("database", "postgres")));
      refused("28000", client);
    }
  }

  @Test
  @Tag("case-20")
  void anUnknownDatabaseIs3D000FromUsAndFromTheServer() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      client.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "nowhere")));
      refused("3D000", client);
    }
    try (PoolerFixture any =
            PoolerFixture.start(
                server, "databases: {\"*\": {hosts: [\"unix:${PG}\"], pool: {min-idle: 0}}}\n");
        RawPgClient client = any.raw()) {
      client.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "nowhere")));
      refused("3D000", client);
    }
  }

  /** Needs clients to share backends that logged in once. */
  @Test
  @Tag("case-89")
  void aLoginTriggerRunsForABackendAndNotForEachClient() throws Exception {
    try (RawPgClient direct = SharedServer.direct(server)) {
      direct.query("create table logins (pid int)");
      direct.query(
          "create function note() returns event_trigger language plpgsql as"
              + " $$ begin insert into logins values (pg_backend_pid()); end $$");
      direct.query("create event trigger noting on login execute function note()");
      direct.query("alter event trigger noting enable always");
      try (PoolerFixture fresh = PoolerFixture.ofPoolSize(server, 1)) {
        for (int i = 0; i < 10; i++) {
          try (RawPgClient client = fresh.session("postgres")) {
            assertEquals("1", client.value("select count(*) from logins"), "client " + i);
          }
        }
      } finally {
        direct.query("drop event trigger noting");
        direct.query("drop function note()");
        direct.query("drop table logins");
      }
    }
  }

  @Test
  @Tag("case-18")
  @Tag("case-89")
  void noticesOfTheServersLoginDoNoHarm() throws Exception {
    try (var direct = java.sql.DriverManager.getConnection(server.jdbcUrl("postgres"));
        var statement = direct.createStatement()) {
      statement.execute(
          "create function greet() returns event_trigger language plpgsql as"
              + " $$ begin raise notice 'welcome'; raise warning 'careful'; end $$");
      statement.execute("create event trigger greeting on login execute function greet()");
      statement.execute("alter event trigger greeting enable always");
      try (PoolerFixture fresh = PoolerFixture.ofPoolSize(server, 2);
          RawPgClient client = fresh.session("postgres")) {
        assertEquals("TDCZ", RawPgClient.types(client.query("select 1")));
      } finally {
        statement.execute("drop event trigger greeting");
        statement.execute("drop function greet()");
      }
    }
  }
}
