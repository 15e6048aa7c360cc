package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever a client sends: one clear error for it, and nothing for anyone else. A bystander has a
 * transaction open all the time, and afterwards every backend is there.
 */
@Timeout(120)
class BadInputTest {
  private static final int POOL = 3;
  private static final Map<String, String> POSTGRES =
      Map.of("user", "postgres", "database", "postgres");
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;
  private RawPgClient bystander;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
    pooler = PoolerFixture.ofPoolSize(server, POOL);
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  @BeforeEach
  void aTransactionIsOpen() throws IOException {
    bystander = pooler.session("postgres");
    bystander.query(
        "begin; create temp table mine (x int) on commit drop; insert into mine values (7)");
  }

  @AfterEach
  void nobodyElseNoticed() throws Exception {
    assertEquals("7", bystander.value("select x from mine"));
    assertEquals("CZ", RawPgClient.types(bystander.query("commit")));
    bystander.close();
    PoolerFixture.await("all clients are gone", () -> pooler.metric("pooler_connections") == 0);
    PoolerFixture.await("all sessions are over", () -> pooler.clients() == 0);
    assertEquals(0, pooler.metric("pooler_held_bytes"));
    thePoolIsWhole();
  }

  private static void thePoolIsWhole() throws IOException {
    RawPgClient[] all = new RawPgClient[POOL];
    for (int i = 0; i < POOL; i++) {
      all[i] = pooler.session("postgres");
      assertEquals("CZ", RawPgClient.types(all[i].query("begin")));
    }
    for (RawPgClient client : all) {
      assertEquals("1", client.value("select 1"));
      client.query("commit");
      client.close();
    }
  }

  /** Everything that was said ends in one FATAL with this state, and the connection is closed. */
  private static void fatal(String sqlState, RawPgClient client) throws IOException {
    List<PgMessage> said = client.readToEnd();
    assertEquals(1, said.stream().filter(PgMessage::isError).count(), said::toString);
    assertEquals("FATAL", said.getLast().field('S'), said::toString);
    assertEquals(sqlState, said.getLast().sqlState(), said::toString);
  }

  @Test
  @Tag("case-55")
  void garbageInsteadOfALogin() throws Exception {
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      byte[] garbage = new byte[4 + random.nextInt(300)];
      random.nextBytes(garbage);
      garbage[0] |= (byte) 0x80; // a negative length: never the beginning of a valid packet
      try (RawPgClient client = pooler.raw()) {
        fatal("08P01", client.send(garbage));
      }
    }
    for (String line : List.of("GET / HTTP/1.1\r\n\r\n", "\u0016\u0003\u0001\u0002\u0000\u0001")) {
      try (RawPgClient client = pooler.raw()) {
        fatal("08P01", client.send(line.getBytes(StandardCharsets.ISO_8859_1)));
      }
    }
  }

  @Test
  @Tag("case-55")
  void lengthsThatNoLoginHas() throws Exception {
    for (int length : new int[] {Integer.MIN_VALUE, -1, 0, 3, 4, 7, 10_005, Integer.MAX_VALUE}) {
      byte[] lying = PgBytes.lying('x', length, new byte[16]);
      try (RawPgClient client = pooler.raw()) {
        fatal("08P01", client.send(Arrays.copyOfRange(lying, 1, lying.length)));
      }
    }
  }

  @Test
  void aLoginThatBreaksOffAnywhere() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES);
    for (int length = 0; length < login.length; length++) {
      try (RawPgClient client = pooler.raw()) {
        client.send(Arrays.copyOf(login, length));
      }
      try (RawPgClient client = pooler.raw()) {
        client.send(Arrays.copyOf(login, length)).shutdownOutput();
        assertTrue(client.atEnd(), "half-closed after " + length + " bytes");
      }
    }
  }

  @Test
  void aStartupPacketThatIsBrokenInside() throws Exception {
    byte[] login = PgBytes.startup(PgBytes.VERSION_3_0, POSTGRES);
    byte[] unterminated = login.clone();
    unterminated[login.length - 1] = 'x';
    byte[] notUtf8 = PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "app.x", "?"));
    notUtf8[indexOf(notUtf8, (byte) '?')] = (byte) 0xff;
    try (RawPgClient client = pooler.raw()) {
      fatal("08P01", client.send(unterminated));
    }
    try (RawPgClient client = pooler.raw()) {
      fatal("22021", client.send(notUtf8));
    }
  }

  private static int indexOf(byte[] bytes, byte wanted) {
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    throw new IllegalArgumentException();
  }

  @Test
  @Tag("case-55")
  void lengthsThatNoMessageHas() throws Exception {
    for (char type : "QPBDECSHdcfFX".toCharArray()) {
      for (int length : new int[] {Integer.MIN_VALUE, -1, 0, 3}) {
        for (String before : List.of("select 1", "begin")) {
          try (RawPgClient client = pooler.session("postgres")) {
            client.query(before);
            fatal("08P01", client.send(PgBytes.lying(type, length, new byte[8])));
          }
        }
      }
    }
  }

  @Test
  @Tag("case-55")
  void moreThanTwoGigabytesArePromised() throws Exception {
    for (char type : "QPBDECSHdcfFX".toCharArray()) {
      for (String before : List.of("select 1", "begin")) {
        try (RawPgClient client = pooler.session("postgres")) {
          client.query(before);
          client.send(PgBytes.lying(type, Integer.MAX_VALUE, new byte[64]));
          // Refused or waited for, as the type's limit says; never taken for anything else.
          client.shutdownOutput();
          List<PgMessage> said = client.readToEnd();
          assertFalse(RawPgClient.types(said).contains("Z"), said::toString);
        }
      }
    }
  }

  @Test
  void typesThatNoClientSends() throws Exception {
    for (int type = 0; type < 256; type++) {
      if ("QPBDECSHdcfFXp".indexOf(type) >= 0) {
        continue;
      }
      for (String before : List.of("select 1", "begin")) {
        try (RawPgClient client = pooler.session("postgres")) {
          client.query(before);
          fatal("08P01", client.send(PgBytes.message((char) type, new byte[4])));
        }
      }
    }
  }

  @Test
  @Tag("case-39")
  void aStatementThatBreaksOffAnywhere() throws Exception {
    byte[] statement =
        PgBytes.joined(
            PgBytes.parse("", "select $1::int"),
            PgBytes.bind("", "", "42"),
            PgBytes.named('D', 'P', ""),
            PgBytes.execute("", 0),
            PgBytes.sync(),
            PgBytes.query("select 1"));
    for (int length = 1; length < statement.length; length++) {
      try (RawPgClient client = pooler.session("postgres")) {
        client.send(Arrays.copyOf(statement, length));
      }
    }
  }

  @Test
  void aPasswordInASessionIsRefused() throws Exception {
    for (String before : List.of("select 1", "begin")) {
      try (RawPgClient client = pooler.session("postgres")) {
        client.query(before);
        fatal("08P01", client.send(PgBytes.password("secret")));
      }
    }
  }

  @Test
  @Tag("case-62")
  void aMessageOutOfPlaceIsTheServersErrorAndTheSessionGoesOn() throws Exception {
    try (RawPgClient client = pooler.session("postgres")) {
      assertError("26000", client, PgBytes.bind("", "nowhere"));
      assertError("26000", client, PgBytes.named('D', 'S', "nowhere"));
      assertError("34000", client, PgBytes.named('D', 'P', "nowhere"));
      assertError("34000", client, PgBytes.execute("nowhere", 0));
      assertEquals(
          "3Z",
          RawPgClient.types(
              client.send(PgBytes.named('C', 'S', "x"), PgBytes.sync()).readUntil('Z')));
      assertError("08P01", client, PgBytes.message('D', new byte[] {'?', 0}));
    }
  }

  private static void assertError(String sqlState, RawPgClient client, byte[] message)
      throws IOException {
    List<PgMessage> said = client.send(message, PgBytes.sync()).readUntil('Z');
    assertEquals("EZ", RawPgClient.types(said));
    assertEquals(sqlState, said.getFirst().sqlState(), said::toString);
    assertEquals("1", client.value("select 1"));
  }

  @Test
  @Tag("case-73")
  void copyMessagesOutsideACopyAreIgnored() throws Exception {
    for (String around : List.of("select 1", "begin")) {
      try (RawPgClient client = pooler.session("postgres")) {
        client.query(around);
        client.send(
            PgBytes.copyData(new byte[100_000]), PgBytes.copyDone(), PgBytes.copyFail("late"));
        assertEquals("TDCZ", RawPgClient.types(client.query("select 1")));
      }
    }
  }

  @Test
  @Tag("case-55")
  void aMessageTooShortForWhatItIsIsAnErrorOfItsSession() throws Exception {
    for (char type : "QPBDECF".toCharArray()) {
      for (byte[] body : List.of(new byte[0], new byte[] {'x'}, new byte[] {'S', 'x', 'y'})) {
        for (String before : List.of("select 1", "begin")) {
          try (RawPgClient client = pooler.session("postgres")) {
            client.query(before);
            List<PgMessage> said =
                client.send(PgBytes.message(type, body), PgBytes.sync()).readUntil('E');
            assertEquals("E", RawPgClient.types(said), type + " " + body.length);
            assertEquals("08P01", said.getFirst().sqlState(), said::toString);
            // The server's own error leaves the session, ours ends it.
            assertTrue(client.atEnd() || client.read().type() == 'Z');
          }
        }
      }
    }
  }

  @Test
  void garbageInASession() throws Exception {
    Random random = new Random(11);
    for (int i = 0; i < 300; i++) {
      try (RawPgClient client = pooler.session("postgres")) {
        if (random.nextBoolean()) {
          client.query("begin");
        }
        byte[] garbage = new byte[1 + random.nextInt(2_000)];
        random.nextBytes(garbage);
        client.send(garbage).shutdownOutput();
        assertTrue(
            client.readToEnd().stream().filter(PgMessage::isError).count() <= 1,
            "one error at most");
      }
    }
  }
}
