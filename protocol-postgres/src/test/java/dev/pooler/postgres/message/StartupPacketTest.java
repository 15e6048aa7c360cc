package dev.pooler.postgres.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.Replication;
import dev.pooler.postgres.message.StartupPacket.CancelRequest;
import dev.pooler.postgres.message.StartupPacket.GssEncRequest;
import dev.pooler.postgres.message.StartupPacket.Malformed;
import dev.pooler.postgres.message.StartupPacket.SslRequest;
import dev.pooler.postgres.message.StartupPacket.Startup;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StartupPacketTest {
  private static final int V3_0 = 3 << 16;
  private static final int V3_2 = (3 << 16) | 2;

  @Test
  void tellsTheRequestsApart() {
    assertEquals(new SslRequest(), StartupPacket.parse(packet(80877103)));
    assertEquals(new GssEncRequest(), StartupPacket.parse(packet(80877104)));
    byte[] cancel = ByteBuffer.allocate(12).putInt(80877102).putInt(4711).putInt(-2).array();
    CancelRequest request = assertInstanceOf(CancelRequest.class, StartupPacket.parse(cancel));
    assertEquals(4711, request.key().processId());
    assertArrayEquals(new byte[] {-1, -1, -1, -2}, request.key().secret());
  }

  @Test
  void takesTheLongSecretOfProtocol32InACancelRequest() {
    byte[] cancel = ByteBuffer.allocate(8 + 256).putInt(80877102).putInt(4711).array();

    CancelRequest request = assertInstanceOf(CancelRequest.class, StartupPacket.parse(cancel));
    assertEquals(256, request.key().secret().length);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 11, 265})
  void refusesACancelRequestOfAnotherLength(int length) {
    byte[] cancel = ByteBuffer.allocate(length).putInt(80877102).array();

    assertMalformed("08P01", "invalid length of cancel request packet", cancel);
  }

  @Test
  void refusesEncryptionRequestsWithMoreInThem() {
    byte[] stuffed = ByteBuffer.allocate(8).putInt(80877103).array();

    assertMalformed("08P01", "invalid length of encryption request packet", stuffed);
  }

  @ParameterizedTest
  @CsvSource({
    "8, true",
    "10004, true",
    "7, false",
    "4, false",
    "0, false",
    "-1, false",
    "10005, false",
    "2147483647, false",
    "-2147483648, false"
  })
  void readsOnlyWhatDeclaresASensibleLength(int declared, boolean acceptable) {
    assertEquals(acceptable, StartupPacket.isAcceptable(declared));
  }

  @Test
  void takesTheUserForTheDatabaseWhereNoneIsNamed() {
    assertEquals("app", startup(V3_0, "user", "app").database());
    assertEquals("app", startup(V3_0, "user", "app", "database", "").database());
    assertEquals("db", startup(V3_0, "user", "app", "database", "db").database());
  }

  /** Needs NAMEDATALEN: the server cuts names at 63 bytes, and whole characters are kept. */
  @Test
  @Tag("advisory-CVE-2012-4575")
  void cutsNamesAsTheServerDoes() {
    Startup startup = startup(V3_0, "user", "u".repeat(63), "database", "ü".repeat(100));
    assertEquals("u".repeat(63), startup.user());
    assertEquals("ü".repeat(31), startup.database());
    assertEquals("u".repeat(63), startup(V3_0, "user", "u".repeat(64)).database());
    assertEquals("u" + "日".repeat(20), startup(V3_0, "user", "u" + "日".repeat(21)).user());
  }

  @Test
  void refusesAPacketWithoutAUser() {
    String text = "no PostgreSQL user name specified in startup packet";

    assertMalformed("28000", text, packet(V3_0, "database", "db"));
    assertMalformed("28000", text, packet(V3_0, "user", "", "database", "db"));
    assertMalformed("28000", text, packet(V3_0));
    assertMalformed("28000", text, packet(V3_0, "USER", "app"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, false",
    "1, 1, false",
    "2, 2, false",
    "3, 2, true",
    "9999, 2, true",
    "65535, 2, true"
  })
  void negotiatesNewerMinorVersionsDown(int asked, int agreed, boolean negotiation) {
    Startup startup = startup(V3_0 | asked, "user", "app");

    assertEquals(asked, startup.minorVersion());
    assertEquals(agreed, startup.agreedMinor());
    assertEquals(negotiation, startup.needsNegotiation());
  }

  @Test
  void negotiatesProtocolOptionsAway() {
    Startup startup = startup(V3_2, "user", "app", "_pq_.grease", "1", "_pq_.other", "");

    assertEquals(List.of("_pq_.grease", "_pq_.other"), startup.unknownOptions());
    assertTrue(startup.needsNegotiation());
    assertEquals(Map.of(), startup.settings());
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 0", "4, 0", "1234, 5681", "65535, 65535", "0, 0", "18245, 21536"})
  void refusesOtherMajorVersions(int major, int minor) {
    String text =
        "unsupported frontend protocol %d.%d: server supports 3.0 to 3.2".formatted(major, minor);

    assertMalformed("0A000", text, packet((major << 16) | minor, "user", "app"));
  }

  @Test
  void refusesBrokenLayouts() {
    byte[] good = packet(V3_0, "user", "app", "database", "db");
    byte[] unterminated = Arrays.copyOf(good, good.length - 1);
    byte[] valueCut = Arrays.copyOf(good, good.length - 2);
    byte[] trailing = Arrays.copyOf(good, good.length + 1);
    byte[] odd = packet(V3_0, "user", "app", "database");
    byte[] noBody = ByteBuffer.allocate(4).putInt(V3_0).array();

    for (byte[] bad : List.of(unterminated, valueCut, trailing, odd, noBody)) {
      assertMalformed(
          "08P01", "invalid startup packet layout: expected terminator as last byte", bad);
    }
  }

  @Test
  void refusesTextThatIsNotUtf8() {
    byte[] packet = packet(V3_0, "user", "app");
    packet[packet.length - 3] = (byte) 0xe9;

    assertMalformed("22021", "startup packet holds text that is not UTF-8", packet);
  }

  @Test
  void keepsUnknownParametersAndEmptyValues() {
    Startup startup =
        startup(
            V3_0,
            "user",
            "app",
            "currentSchema",
            "x",
            "application_name",
            "",
            "myapp.tenant",
            "42");

    assertEquals("x", startup.settings().get("currentschema"));
    assertEquals("", startup.settings().get("application_name"));
    assertEquals("42", startup.settings().get("myapp.tenant"));
  }

  @Test
  void writesNamesAsParameterStatusDoes() {
    Startup startup =
        startup(
            V3_0,
            "user",
            "app",
            "datestyle",
            "ISO",
            "TIMEZONE",
            "UTC",
            "intervalSTYLE",
            "postgres",
            "Client_Encoding",
            "UTF8");

    assertEquals(
        Map.of(
            "DateStyle",
            "ISO",
            "TimeZone",
            "UTC",
            "IntervalStyle",
            "postgres",
            "client_encoding",
            "UTF8"),
        startup.settings());
  }

  @Test
  void letsTheLastOfSeveralValuesWin() {
    Startup startup =
        startup(V3_0, "user", "eve", "TimeZone", "UTC", "user", "app", "timezone", "CET");

    assertEquals("app", startup.user());
    assertEquals(Map.of("TimeZone", "CET"), startup.settings());
  }

  @Test
  void letsParametersWinOverOptions() {
    Startup startup =
        startup(V3_0, "user", "app", "search_path", "a", "options", "-c search_path=b -c geqo=off");

    assertEquals(List.of("geqo", "search_path"), List.copyOf(startup.settings().keySet()));
    assertEquals("a", startup.settings().get("search_path"));
  }

  @ParameterizedTest
  @CsvSource({
    "database, LOGICAL",
    "true, PHYSICAL",
    "on, PHYSICAL",
    "YES, PHYSICAL",
    "1, PHYSICAL",
    "t, PHYSICAL",
    "false, NONE",
    "off, NONE",
    "of, NONE",
    "no, NONE",
    "0, NONE"
  })
  void recognisesReplication(String value, Replication replication) {
    Startup startup = startup(V3_0, "user", "app", "replication", value);

    assertEquals(replication, startup.replication());
    assertFalse(startup.settings().containsKey("replication"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "maybe", "o", "2", "DATABASE"})
  void refusesAReplicationThatIsNoBoolean(String value) {
    assertMalformed(
        "22023",
        "invalid value for parameter \"replication\": \"" + value + "\"",
        packet(V3_0, "user", "app", "replication", value));
  }

  @Test
  void reportsWhatIsWrongInOptions() {
    assertMalformed(
        "42601", "-c geqo requires a value", packet(V3_0, "user", "app", "options", "-c geqo"));
  }

  @Test
  void survivesAnythingACarelessClientMaySend() {
    byte[] good =
        packet(V3_2, "user", "app", "database", "db", "options", "-c a=b --c=d", "_pq_.x", "1");
    Random random = new Random(20);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      if (StartupPacket.parse(mutated(good, random)) instanceof Malformed) {
        refused++;
      }
    }
    assertTrue(refused > 5_000, "only " + refused + " of the broken packets were refused");
  }

  private static byte[] mutated(byte[] good, Random random) {
    byte[] bad =
        Arrays.copyOf(good, good.length - random.nextInt(3) * random.nextInt(good.length) / 2);
    for (int n = random.nextInt(4); n >= 0 && bad.length > 0; n--) {
      bad[random.nextInt(bad.length)] = (byte) random.nextInt();
    }
    return bad;
  }

  private static Startup startup(int version, String... strings) {
    return assertInstanceOf(Startup.class, StartupPacket.parse(packet(version, strings)));
  }

  private static void assertMalformed(String sqlState, String text, byte[] body) {
    assertEquals(new Malformed(sqlState, text), StartupPacket.parse(body));
  }

  private static byte[] packet(int code, String... strings) {
    boolean request = code >>> 16 == 1234 && strings.length == 0;
    ByteBuffer body = ByteBuffer.allocate(1000).putInt(code);
    for (String string : strings) {
      body.put(string.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
    }
    if (!request) {
      body.put((byte) 0);
    }
    return Arrays.copyOf(body.array(), body.position());
  }
}
