package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.ascii;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our backend's side logs in at our client's side: whatever the rest, the password decides. */
class LoginPropertyTest {
  private static final SecureRandom SECURE = new SecureRandom();
  private static final ServerKey KEY = ServerKey.generate(SECURE);
  private static final int RUNS = 400;

  private enum Known {
    PLAIN,
    NATIVE_HASH,
    SHA_CRYPT,
    PBKDF2,
    NOBODY
  }

  private enum Shown {
    RIGHT,
    WRONG,
    NONE
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void thePasswordDecides(long seed) {
    Random random = new Random(seed);
    int granted = 0;
    for (int run = 0; run < RUNS; run++) {
      Known known = Wire.one(random, Known.values());
      Shown shown = Wire.one(random, Shown.values());
      Line line = Wire.one(random, Line.values());
      boolean offersNative = random.nextInt(4) == 0;
      boolean changes = random.nextInt(3) == 0;
      // Only one method on our side at times, so that all paths to a switch are gone.
      Set<AuthMethod> allowed =
          switch (random.nextInt(4)) {
            case 0 -> EnumSet.of(AuthMethod.MYSQL_NATIVE_PASSWORD);
            case 1 -> EnumSet.of(AuthMethod.CACHING_SHA2_PASSWORD);
            case 2 -> EnumSet.of(AuthMethod.PARSEC); // answered by a switch
            default -> EnumSet.allOf(AuthMethod.class);
          };
      String what =
          "seed %d run %d: %s %s %s %s native %s change %s"
              .formatted(seed, run, known, shown, line, allowed, offersNative, changes);

      String password = password(random);
      BackendSecret secret =
          switch (shown) {
            case RIGHT -> new Password(password);
            case WRONG -> new Password(password + "x");
            case NONE -> new NoSecret();
          };
      UserStore users = users(known, password);
      Offer offer =
          new Offer(
              offersNative ? AuthMethod.MYSQL_NATIVE_PASSWORD : AuthMethod.CACHING_SHA2_PASSWORD,
              Nonce.next(SECURE));
      Conversation conversation =
          new Conversation(
              new BackendAuthentication(
                  new BackendLogin("app", secret, line, allowed, null, true), SECURE),
              new PasswordLogin(
                  new ClientLogin("app", "localhost", line),
                  users,
                  new FastDigests(),
                  KEY,
                  offer,
                  SECURE));
      if (changes) {
        conversation.changed(offer);
      } else {
        conversation.greeted(offer);
      }
      boolean methodsMeet =
          allowed.contains(AuthMethod.CACHING_SHA2_PASSWORD)
              || (allowed.contains(AuthMethod.MYSQL_NATIVE_PASSWORD)
                  && (known == Known.PLAIN || known == Known.NATIVE_HASH));
      boolean right = shown == Shown.RIGHT && known != Known.NOBODY;
      if (!right) {
        assertFalse(conversation.granted(), what + ": " + conversation.said());
      } else if (methodsMeet) {
        assertTrue(conversation.granted(), what + ": " + conversation.said());
        granted++;
      }
      assertNotNull(conversation.backendEnd, what + ": " + conversation.said());
    }
    assertTrue(granted > RUNS / 10, "only " + granted + " were let in");
  }

  @Test
  void aVerifierIsAskedForThePasswordOnceAndThenKnowsIt() {
    UserStore users = users(Known.SHA_CRYPT, "secret");
    FastDigests digests = new FastDigests();
    assertEquals(
        "hello caching_sha2_password, more 4, check", login(users, digests, "secret").said());
    assertEquals("hello caching_sha2_password, more 3", login(users, digests, "secret").said());
    Conversation wrong = login(users, digests, "wrong");
    assertEquals("hello caching_sha2_password, more 4, check", wrong.said());
    assertFalse(wrong.granted());
    assertEquals("hello caching_sha2_password, more 3", login(users, digests, "secret").said());
  }

  @Test
  void anotherVerifierIsAskedForThePasswordAgain() {
    FastDigests digests = new FastDigests();
    assertTrue(login(users(Known.SHA_CRYPT, "secret"), digests, "secret").granted());
    Conversation old = login(users(Known.SHA_CRYPT, "other"), digests, "secret");
    assertEquals("hello caching_sha2_password, more 4, check", old.said());
    assertFalse(old.granted());
    assertTrue(login(users(Known.SHA_CRYPT, "other"), digests, "other").granted());
    assertEquals(1, digests.size());
  }

  @Test
  void whatAClientHasShownLogsInAtABackend() {
    Conversation conversation =
        login(users(Known.SHA_CRYPT, "secret"), new FastDigests(), "secret");
    AuthStep.Granted granted = assertInstanceOf(AuthStep.Granted.class, conversation.clientEnd);
    assertEquals(new Password("secret"), granted.shown());
  }

  private static Conversation login(UserStore users, FastDigests digests, String password) {
    Offer offer = Offer.next(SECURE);
    return new Conversation(
            new BackendAuthentication(
                BackendLogin.of("app", new Password(password), Line.UNIX_SOCKET), SECURE),
            new PasswordLogin(
                new ClientLogin("app", "localhost", Line.UNIX_SOCKET),
                users,
                digests,
                KEY,
                offer,
                SECURE))
        .greeted(offer);
  }

  private static UserStore users(Known known, String password) {
    byte[] utf8 = password.getBytes(StandardCharsets.UTF_8);
    byte[] salt = Nonce.next(SECURE).bytes();
    @Nullable Credentials own =
        switch (known) {
          case NOBODY -> null;
          case PLAIN -> Credentials.parse(password);
          case NATIVE_HASH ->
              Credentials.parse("*" + HexFormat.of().formatHex(NativePassword.stored(utf8)));
          case SHA_CRYPT ->
              Credentials.parse(
                  "0x"
                      + HexFormat.of()
                          .formatHex(
                              Wire.join(
                                  ascii("$A$001$"), salt, ShaCrypt.digest(utf8, salt, 1000))));
          case PBKDF2 ->
              Credentials.parse(
                  HexFormat.of()
                      .withUpperCase()
                      .formatHex(
                          Wire.join(
                              ascii("$B$001$"),
                              salt,
                              Base64.getEncoder().encode(Hashes.pbkdf2Sha512(utf8, salt, 1000)))));
        };
    return new UserStore(own == null ? Map.of() : Map.of("app", own), UserStore.newMockSecret());
  }

  /** One to 60 characters, some of them of more than a byte. */
  private static String password(Random random) {
    char[] text = new char[1 + random.nextInt(60)];
    for (int i = 0; i < text.length; i++) {
      text[i] =
          (char) (random.nextInt(10) == 0 ? 0x100 + random.nextInt(900) : '!' + random.nextInt(90));
    }
    String made = new String(text);
    return made.startsWith("*") || made.startsWith("$") ? "p" + made : made;
  }

  @Test
  void aNonceHasTheServersForm() {
    int[] seen = new int[128];
    byte[] before = new byte[0];
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = Nonce.next(SECURE).bytes();
      assertEquals(20, bytes.length);
      for (byte one : bytes) {
        assertTrue(one > 0 && one != '$', "byte " + one);
        seen[one]++;
      }
      assertFalse(Arrays.equals(before, bytes));
      before = bytes;
    }
    // 40,000 draws of 126 values: 317 each; half of that is nine standard deviations away.
    for (int value = 1; value < 128; value++) {
      assertTrue(value == '$' || seen[value] > 158, value + " came " + seen[value] + " times");
    }
  }
}
