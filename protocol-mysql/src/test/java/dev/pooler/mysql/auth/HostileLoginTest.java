package dev.pooler.mysql.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that cut, stretch, change and mix up: one end each time, and no exception. */
class HostileLoginTest {
  private static final SecureRandom SECURE = new SecureRandom();
  private static final ServerKey KEY = ServerKey.generate(SECURE);
  private static final int RUNS = 400;

  private static final String[] PLUGINS = {
    "caching_sha2_password",
    "mysql_native_password",
    "sha256_password",
    "mysql_clear_password",
    "client_ed25519",
    "parsec",
    "dialog"
  };

  private Random random = new Random();

  @ParameterizedTest
  @ValueSource(longs = {3, 4})
  void aPayloadThatIsChangedOnItsWayLetsNobodyIn(long seed) {
    random = new Random(seed);
    int refused = 0;
    for (int run = 0; run < RUNS; run++) {
      boolean verifier = random.nextInt(3) == 0;
      boolean old = random.nextInt(3) == 0;
      int victim = random.nextInt(4);
      Offer offer = Offer.next(SECURE);
      Line line = Wire.one(random, Line.values());
      UserStore users =
          new UserStore(Map.of("app", Credentials.parse("secret")), UserStore.newMockSecret());
      Conversation conversation =
          new Conversation(
                  new BackendAuthentication(
                      new BackendLogin(
                          "app",
                          new Password("secret"),
                          line,
                          old
                              ? EnumSet.of(AuthMethod.MYSQL_NATIVE_PASSWORD)
                              : EnumSet.of(AuthMethod.CACHING_SHA2_PASSWORD),
                          null,
                          true),
                      SECURE),
                  new PasswordLogin(
                      new ClientLogin("app", "localhost", line),
                      verifier ? users.withVerifiers() : users,
                      new FastDigests(),
                      KEY,
                      offer,
                      SECURE))
              .tampering(n -> n == victim ? this::changed : payload -> payload)
              .greeted(offer);
      String what = "seed " + seed + " run " + run + ": " + conversation.said();
      assertNotNull(conversation.backendEnd, what);
      refused += conversation.clientEnd instanceof AuthStep.Granted ? 0 : 1;
      // What answers a changed challenge, or is a changed answer, opens nothing.
      if (victim == 0 && !old && !verifier) {
        assertFalse(conversation.clientEnd instanceof AuthStep.Granted, what);
      }
    }
    assertTrue(refused > RUNS / 4, "only " + refused + " were refused");
  }

  /** A server of noise, whose packets look right at first sight. */
  @ParameterizedTest
  @ValueSource(longs = {5, 6, 7})
  void aServerOfNoiseComesToAnEnd(long seed) {
    random = new Random(seed);
    int ends = 0;
    for (int run = 0; run < 4 * RUNS; run++) {
      Line line = Wire.one(random, Line.values());
      BackendAuthentication login =
          new BackendAuthentication(
              new BackendLogin(
                  "app",
                  random.nextInt(5) == 0 ? new NoSecret() : new Password("pässwort"),
                  line,
                  EnumSet.allOf(AuthMethod.class),
                  null,
                  random.nextBoolean()),
              SECURE);
      BackendStep step = login.begin(PLUGINS[random.nextInt(PLUGINS.length)], noise(20, 21));
      for (int turn = 0; !isEnd(step); turn++) {
        assertTrue(turn < 60, "no end in sight");
        if (step instanceof BackendStep.Respond(byte[] payload) && line == Line.PLAIN_TCP) {
          assertFalse(
              new String(payload, StandardCharsets.UTF_8).contains("pässwort"),
              "the password went over plain TCP");
        }
        step =
            step instanceof BackendStep.Derive(Derivation derivation)
                ? login.onDerived(derivation.derive())
                : login.onPacket(packet());
      }
      ends++;
    }
    assertEquals(4 * RUNS, ends);
  }

  @Test
  void malformedGreetingsAreRefused() {
    for (int length : new int[] {0, 1, 8, 19, 22, 255}) {
      BackendStep step =
          new BackendAuthentication(
                  BackendLogin.of("app", new Password("secret"), Line.TLS), SECURE)
              .begin("caching_sha2_password", new byte[length]);
      assertEquals(
          BackendFailure.PROTOCOL, assertInstanceOf(BackendStep.Failed.class, step).reason());
    }
  }

  @Test
  void malformedPacketsOfTheServerAreRefused() {
    byte[] nameless = Wire.switchTo("", new byte[21]);
    byte[] endless = Arrays.copyOf(Wire.switchTo("x".repeat(70), new byte[0]), 71);
    byte[] longName = Wire.switchTo("x".repeat(65), new byte[21]);
    byte[] longData = Wire.switchTo("mysql_native_password", new byte[257]);
    byte[] shortData = Wire.switchTo("mysql_native_password", new byte[19]);
    byte[] unterminated = Wire.switchTo("mysql_native_password", full(21));
    byte[] shortEd25519 = Wire.switchTo("client_ed25519", new byte[31]);
    byte[] shortParsec = Wire.switchTo("parsec", new byte[33]);
    byte[][] packets = {
      nameless,
      endless,
      longName,
      longData,
      shortData,
      unterminated,
      shortEd25519,
      shortParsec,
      {},
      {(byte) 0xff},
      {(byte) 0xff, 1},
      {1},
      {1, 5},
      {1, 3, 3},
      {3},
      {(byte) 0xfb, 'x'}
    };
    for (byte[] packet : packets) {
      BackendAuthentication login =
          new BackendAuthentication(
              BackendLogin.of("app", new Password("secret"), Line.TLS), SECURE);
      login.begin("caching_sha2_password", new byte[20]);
      BackendStep step = login.onPacket(packet);
      BackendStep.Failed failed = assertInstanceOf(BackendStep.Failed.class, step);
      assertEquals(BackendFailure.PROTOCOL, failed.reason(), Arrays.toString(packet));
    }
  }

  @Test
  void packetsOutOfOrderAreRefused() {
    for (byte[] packet :
        new byte[][] {
          {1, 4}, {1, 3}, {1}, Wire.switchTo("mysql_native_password", new byte[21]), {2, 'x', 0}
        }) {
      BackendAuthentication login =
          new BackendAuthentication(
              BackendLogin.of("app", new Password("secret"), Line.TLS), SECURE);
      login.begin("caching_sha2_password", new byte[20]);
      login.onPacket(new byte[] {1, 3});
      assertInstanceOf(BackendStep.Failed.class, login.onPacket(packet));
    }
  }

  /** A client of noise at each of the states that wait for one. */
  @ParameterizedTest
  @ValueSource(longs = {8, 9})
  void aClientOfNoiseComesToAnEndAndNeverIn(long seed) {
    random = new Random(seed);
    for (int run = 0; run < 2 * RUNS; run++) {
      UserStore users =
          new UserStore(Map.of("app", Credentials.parse("secret")), UserStore.newMockSecret());
      Offer offer = Offer.next(SECURE);
      PasswordLogin login =
          new PasswordLogin(
              new ClientLogin(
                  random.nextBoolean() ? "app" : "nobody",
                  "localhost",
                  Wire.one(random, Line.values())),
              random.nextBoolean() ? users.withVerifiers() : users,
              new FastDigests(),
              random.nextBoolean() ? KEY : null,
              offer,
              SECURE);
      String plugin = random.nextInt(10) == 0 ? null : PLUGINS[random.nextInt(PLUGINS.length)];
      AuthStep step =
          random.nextBoolean() ? login.begin(plugin, answer()) : login.change(plugin, answer());
      for (int turn = 0; !(step instanceof AuthStep.Refused); turn++) {
        assertTrue(turn < 10, "no end in sight");
        assertFalse(step instanceof AuthStep.Granted, "noise was let in");
        step =
            step instanceof AuthStep.Check(PasswordCheck check)
                ? login.onChecked(check.run())
                : login.onResponse(answer());
      }
    }
  }

  private static boolean isEnd(BackendStep step) {
    return step instanceof BackendStep.Done
        || step instanceof BackendStep.Failed
        || step instanceof BackendStep.Refused;
  }

  private byte[] packet() {
    return switch (random.nextInt(8)) {
      case 0 -> Wire.more((byte) random.nextInt(6));
      case 1 -> Wire.more(noise(0, 60));
      case 2 -> Wire.more(KEY.pem());
      case 3 -> Wire.join(new byte[] {'P', (byte) random.nextInt(3)}, noise(0, 70));
      case 4 -> noise(0, 80);
      default -> Wire.switchTo(PLUGINS[random.nextInt(PLUGINS.length)], challenge());
    };
  }

  private byte[] challenge() {
    return switch (random.nextInt(4)) {
      case 0 -> noise(0, 300);
      case 1 -> noise(32, 32);
      default -> Arrays.copyOf(noise(20, 20), 21);
    };
  }

  private byte[] answer() {
    return switch (random.nextInt(7)) {
      case 0 -> new byte[] {(byte) random.nextInt(4)};
      case 1 -> noise(256, 256);
      case 2 -> noise(0, 1200);
      case 3 -> Arrays.copyOf(noise(0, 30), 31);
      case 4 -> noise(20, 20);
      default -> noise(32, 32);
    };
  }

  private byte[] noise(int least, int most) {
    byte[] noise = new byte[least + random.nextInt(most - least + 1)];
    random.nextBytes(noise);
    return noise;
  }

  private static byte[] full(int length) {
    byte[] full = new byte[length];
    Arrays.fill(full, (byte) 'x');
    return full;
  }

  /** Never equal to what came in. */
  private byte[] changed(byte[] good) {
    byte[] bad =
        switch (random.nextInt(4)) {
          case 0 -> Arrays.copyOf(good, random.nextInt(good.length + 1));
          case 1 -> Arrays.copyOf(good, good.length + 1 + random.nextInt(2000));
          default -> good.clone();
        };
    for (int n = random.nextInt(3); n >= 0 && bad.length > 0; n--) {
      bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
    }
    return Arrays.equals(good, bad) ? Arrays.copyOf(good, good.length + 1) : bad;
  }
}
