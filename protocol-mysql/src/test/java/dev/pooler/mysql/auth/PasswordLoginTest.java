package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.ascii;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordLoginTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final ServerKey KEY = ServerKey.generate(RANDOM);
  private static final String SHA2 = "caching_sha2_password";
  private static final String NATIVE = "mysql_native_password";
  private static final byte[] SECRET = ascii("secret");

  /** Of "secret", salt "AbCdEfGhIjKlMnOpQrSt", 5,000 rounds. */
  private static final String STORED =
      "$A$005$AbCdEfGhIjKlMnOpQrSt"
          + new String(
              ShaCrypt.digest(SECRET, ascii("AbCdEfGhIjKlMnOpQrSt"), 5000),
              StandardCharsets.ISO_8859_1);

  private final UserStore plain = users(Map.of("app", "secret", "other", "geheim"));
  private final UserStore stored = users(Map.of("app", STORED, "plain", "secret"));
  private final Offer offer = Offer.next(RANDOM);

  @Test
  void knownPasswordsNeedNoMoreThanTheResponse() {
    AuthStep.Granted granted =
        assertInstanceOf(
            AuthStep.Granted.class, login("app", plain).begin(SHA2, sha2(SECRET, offer.nonce())));
    assertArrayEquals(new byte[] {3}, granted.more());
    assertEquals("app", granted.user());
  }

  @Test
  void whereEveryPasswordIsKnownAWrongOneIsRefusedAtOnceForEverybody() {
    byte[] wrong = sha2(ascii("wrong"), offer.nonce());
    refused(AuthRefusal.WRONG_PASSWORD, "app", login("app", plain).begin(SHA2, wrong));
    refused(AuthRefusal.UNKNOWN_USER, "nobody", login("nobody", plain).begin(SHA2, wrong));
  }

  @Test
  void whereAVerifierIsAmongThemEverybodyIsAskedForThePassword() {
    byte[] wrong = sha2(ascii("wrong"), offer.nonce());
    for (String user : List.of("app", "plain", "nobody")) {
      PasswordLogin login = login(user, stored);
      assertArrayEquals(new byte[] {4}, more(login.begin(SHA2, wrong)));
      AuthStep.Check check =
          assertInstanceOf(AuthStep.Check.class, login.onResponse(ascii("wrong\0")));
      AuthRefusal reason =
          user.equals("nobody") ? AuthRefusal.UNKNOWN_USER : AuthRefusal.WRONG_PASSWORD;
      refused(reason, user, login.onChecked(check.check().run()));
    }
  }

  /** The same as above where users are looked up that the store doesn't have. */
  @Test
  void usersThatAreLookedUpMakeItAskToo() {
    PasswordLogin login = login("nobody", plain.withVerifiers());
    assertArrayEquals(new byte[] {4}, more(login.begin(SHA2, sha2(ascii("wrong"), offer.nonce()))));
  }

  @Test
  @Tag("mysql-case-103")
  void overAUnixSocketSomeShowThePassword() {
    PasswordLogin login = login("app", stored, Line.UNIX_SOCKET, KEY);
    assertArrayEquals(new byte[] {4}, more(login.begin(SHA2, sha2(SECRET, offer.nonce()))));
    granted(login, login.onResponse(ascii("secret\0")));
  }

  @Test
  @Tag("mysql-case-103")
  void overAUnixSocketConnectorJWantsTheKey() {
    PasswordLogin login = login("app", stored, Line.UNIX_SOCKET, KEY);
    login.begin(SHA2, sha2(SECRET, offer.nonce()));
    RSAPublicKey key = RsaPassword.readPem(more(login.onResponse(new byte[] {2})));
    assertNotNull(key);
    granted(login, login.onResponse(RsaPassword.encrypt(key, SECRET, offer.nonce())));
  }

  @ParameterizedTest
  @EnumSource(Line.class)
  @Tag("mysql-case-103")
  void whoHasTheKeyAlreadyNeedsNotAsk(Line line) {
    RSAPublicKey key = RsaPassword.readPem(KEY.pem());
    assertNotNull(key);
    PasswordLogin login = login("app", stored, line, KEY);
    login.begin(SHA2, sha2(SECRET, offer.nonce()));
    granted(login, login.onResponse(RsaPassword.encrypt(key, SECRET, offer.nonce())));
  }

  /** A password as long as what RSA makes is not one of the two. */
  @Test
  void aLongPasswordIsNoCipher() {
    String longest = "x".repeat(255);
    UserStore users = users(Map.of("app", longest)).withVerifiers();
    PasswordLogin login = login("app", users, Line.TLS, KEY);
    login.begin(SHA2, sha2(ascii("wrong"), offer.nonce()));
    granted(login, login.onResponse(ascii(longest + "\0")));
  }

  @Test
  void aCipherForAnotherNonceIsWrong() {
    RSAPublicKey key = RsaPassword.readPem(KEY.pem());
    assertNotNull(key);
    PasswordLogin login = login("app", stored, Line.PLAIN_TCP, KEY);
    login.begin(SHA2, sha2(SECRET, offer.nonce()));
    AuthStep step = login.onResponse(RsaPassword.encrypt(key, SECRET, Nonce.next(RANDOM)));
    AuthStep.Check check = assertInstanceOf(AuthStep.Check.class, step);
    refused(AuthRefusal.WRONG_PASSWORD, "app", login.onChecked(check.check().run()));
  }

  @Test
  void overPlainTcpNobodyIsAskedWithoutAKeyOfOurs() {
    byte[] response = sha2(SECRET, offer.nonce());
    for (String user : List.of("app", "nobody")) {
      AuthStep step = login(user, stored, Line.PLAIN_TCP, null).begin(SHA2, response);
      AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
      assertEquals(AuthRefusal.INSECURE_LINE, refused.reason());
      assertTrue(refused.text().contains("TLS"), refused.text());
    }
    PasswordLogin asks = login("app", stored, Line.UNIX_SOCKET, null);
    asks.begin(SHA2, response);
    assertEquals(
        AuthRefusal.INSECURE_LINE,
        assertInstanceOf(AuthStep.Refused.class, asks.onResponse(new byte[] {2})).reason());
  }

  @Test
  void overPlainTcpAPasswordInTheClearIsNotTaken() {
    PasswordLogin login = login("app", stored, Line.PLAIN_TCP, KEY);
    login.begin(SHA2, sha2(SECRET, offer.nonce()));
    malformed(login.onResponse(ascii("secret\0")));
  }

  @Test
  void oldClientsAreSwitchedToTheirMethodWithAFreshNonce() {
    PasswordLogin login = login("app", plain);
    AuthStep.Switch asked =
        assertInstanceOf(
            AuthStep.Switch.class,
            login.begin(NATIVE, NativePassword.respond(SECRET, offer.nonce())));
    assertEquals(AuthMethod.MYSQL_NATIVE_PASSWORD, asked.method());
    Nonce fresh = Nonce.read(asked.data());
    assertNotNull(fresh);
    assertFalse(Arrays.equals(fresh.bytes(), offer.nonce().bytes()));
    assertEquals(21, asked.data().length);
    AuthStep.Granted granted =
        assertInstanceOf(
            AuthStep.Granted.class, login.onResponse(NativePassword.respond(SECRET, fresh)));
    assertEquals(null, granted.more());
  }

  @Test
  void oldClientsOfAListenerThatOffersTheirMethodNeedNoSwitch() {
    Offer old = new Offer(AuthMethod.MYSQL_NATIVE_PASSWORD, Nonce.next(RANDOM));
    byte[] response = NativePassword.respond(SECRET, old.nonce());
    assertInstanceOf(AuthStep.Granted.class, login("app", plain, old).begin(NATIVE, response));
    refused(
        AuthRefusal.UNKNOWN_USER, "nobody", login("nobody", plain, old).begin(NATIVE, response));
    // Whose verifier is of the other method is switched to that.
    AuthStep step = login("app", stored, old).begin(NATIVE, response);
    assertEquals(
        AuthMethod.CACHING_SHA2_PASSWORD, assertInstanceOf(AuthStep.Switch.class, step).method());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"client_ed25519", "mysql_clear_password", "sha256_password", "", "\u00ff"})
  void whoeverAnswersAnotherMethodIsSwitched(String plugin) {
    PasswordLogin login = login("app", plain);
    AuthStep.Switch asked =
        assertInstanceOf(AuthStep.Switch.class, login.begin(plugin, new byte[0]));
    assertEquals(AuthMethod.CACHING_SHA2_PASSWORD, asked.method());
    Nonce fresh = Nonce.read(asked.data());
    assertNotNull(fresh);
    assertInstanceOf(AuthStep.Granted.class, login.onResponse(sha2(SECRET, fresh)));
  }

  @Test
  void clientsWithoutPluginsAnswerTheGreeting() {
    assertInstanceOf(
        AuthStep.Granted.class,
        login("app", plain).begin(null, NativePassword.respond(SECRET, offer.nonce())));
    AuthStep step =
        login("app", users(Map.of("app", STORED)))
            .begin(null, NativePassword.respond(SECRET, offer.nonce()));
    assertEquals(
        AuthRefusal.UNSUPPORTED_CLIENT, assertInstanceOf(AuthStep.Refused.class, step).reason());
  }

  /** What answers the greeting's nonce has been on the wire: it opens nothing a second time. */
  @ParameterizedTest
  @ValueSource(strings = {SHA2, NATIVE})
  @Tag("mysql-case-104")
  void aChangeOfTheUserBeginsAnew(String plugin) {
    byte[] old =
        plugin.equals(SHA2)
            ? sha2(SECRET, offer.nonce())
            : NativePassword.respond(SECRET, offer.nonce());
    PasswordLogin login = login("app", plain);
    AuthStep.Switch asked = assertInstanceOf(AuthStep.Switch.class, login.change(plugin, old));
    assertEquals(plugin, asked.method().plugin());
    assertFalse(Arrays.equals(asked.data(), offer.nonce().terminated()));
    refused(AuthRefusal.WRONG_PASSWORD, "app", login.onResponse(old));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void anEmptyPasswordIsRefusedAndSaidSo(int length) {
    for (String user : List.of("app", "nobody")) {
      AuthStep step = login(user, plain).begin(SHA2, new byte[length]);
      AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
      assertEquals(
          "Access denied for user '" + user + "'@'10.0.0.7' (using password: NO)", refused.text());
    }
  }

  @Test
  void aPasswordThatIsEmptyLongOrHoldsANulIsWrongAndCostsAsMuch() {
    for (byte[] body : List.of(ascii("\0"), ascii("x".repeat(257) + "\0"), ascii("secret\0\0"))) {
      PasswordLogin login = login("app", stored);
      login.begin(SHA2, sha2(ascii("wrong"), offer.nonce()));
      AuthStep.Check check = assertInstanceOf(AuthStep.Check.class, login.onResponse(body));
      refused(AuthRefusal.WRONG_PASSWORD, "app", login.onChecked(check.check().run()));
    }
  }

  @Test
  void theMockOfANameStays() {
    byte[] secret = UserStore.newMockSecret();
    UserStore one = new UserStore(Map.of(), secret);
    UserStore reloaded = new UserStore(Map.of("app", Credentials.parse("secret")), secret);
    assertArrayEquals(one.mockDigest("nobody"), reloaded.mockDigest("nobody"));
    assertArrayEquals(one.mockNativeHash("nobody"), reloaded.mockNativeHash("nobody"));
    assertFalse(Arrays.equals(one.mockDigest("nobody"), one.mockDigest("other")));
    assertEquals(one.mockStored("nobody"), reloaded.mockStored("nobody"));
  }

  @Test
  void anUnknownUserCostsWhatMostVerifiersCost() {
    String rounds1000 = STORED.replace("$005$", "$001$");
    UserStore users = users(Map.of("a", STORED, "b", rounds1000, "c", rounds1000, "d", "password"));
    assertEquals("SHA_CRYPT 1000", users.mockStored("nobody").cost());
    assertEquals("SHA_CRYPT 5000", users(Map.of()).mockStored("nobody").cost());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "$A$005$short",
        "$A$000$AbCdEfGhIjKlMnOpQrStabcdefgh01234567ijklmnop89012345ABCDEFGH678",
        "$A$0x5$AbCdEfGhIjKlMnOpQrStabcdefgh01234567ijklmnop89012345ABCDEFGH678",
        "$B$005$AbCdEfGhIjKlMnOpQrStabcdefgh01234567ijklmnop89012345ABCDEFGH678",
        "0x24412430",
        ""
      })
  void whatBeginsAsAVerifierAndIsNoneIsRefused(String secret) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> Credentials.parse(secret));
    String text = String.valueOf(refusal.getMessage());
    assertTrue(secret.length() < 20 || !text.contains(secret.substring(0, 20)), text);
  }

  @Test
  void credentialsAreReadByTheirForm() {
    assertNotNull(Credentials.parse(STORED).stored());
    assertEquals(
        Credentials.parse("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7").hashCode(),
        Credentials.parse("*14e65567abdb5135d0cfd9a70b3032c179a49ee7").hashCode());
    assertNotNull(Credentials.parse("*14 is a password").digest());
    assertNotNull(Credentials.parse("2441 is one too").digest());
    assertFalse(Credentials.parse("secret").toString().contains("secret"));
  }

  @Test
  void takesNoKeyThatIsNoneOrTooSmall() throws Exception {
    KeyPairGenerator small = KeyPairGenerator.getInstance("RSA");
    small.initialize(1024);
    assertThrows(IllegalArgumentException.class, () -> new ServerKey(small.generateKeyPair()));
    KeyPairGenerator other = KeyPairGenerator.getInstance("Ed25519");
    assertThrows(IllegalArgumentException.class, () -> new ServerKey(other.generateKeyPair()));
  }

  @Test
  void holdsTheCallerToTheOrderOfCalls() {
    PasswordLogin login = login("app", plain);
    assertThrows(IllegalStateException.class, () -> login.onResponse(new byte[1]));
    login.begin(SHA2, sha2(SECRET, offer.nonce()));
    assertThrows(IllegalStateException.class, () -> login.begin(SHA2, new byte[0]));
    assertThrows(IllegalStateException.class, () -> login.change(SHA2, new byte[0]));
    assertThrows(IllegalStateException.class, () -> login.onResponse(new byte[1]));
    assertThrows(
        IllegalArgumentException.class, () -> new Offer(AuthMethod.PARSEC, Nonce.next(RANDOM)));
  }

  private static void granted(PasswordLogin login, AuthStep step) {
    AuthStep.Check check = assertInstanceOf(AuthStep.Check.class, step);
    AuthStep.Granted granted =
        assertInstanceOf(AuthStep.Granted.class, login.onChecked(check.check().run()));
    assertEquals(null, granted.more());
  }

  private static void malformed(AuthStep step) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
    assertEquals(AuthRefusal.MALFORMED_MESSAGE, refused.reason());
    assertEquals("Bad handshake", refused.text());
  }

  private static void refused(AuthRefusal reason, String user, AuthStep step) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
    assertEquals(reason, refused.reason());
    assertEquals(1045, refused.reason().errno());
    assertEquals(
        "Access denied for user '" + user + "'@'10.0.0.7' (using password: YES)", refused.text());
  }

  private static byte[] more(AuthStep step) {
    return assertInstanceOf(AuthStep.More.class, step).data();
  }

  private static byte[] sha2(byte[] password, Nonce nonce) {
    return CachingSha2.respond(password, nonce);
  }

  private PasswordLogin login(String user, UserStore users) {
    return login(user, users, Line.TLS, KEY);
  }

  private PasswordLogin login(String user, UserStore users, Line line, @Nullable ServerKey key) {
    return new PasswordLogin(
        new ClientLogin(user, "10.0.0.7", line), users, new FastDigests(), key, offer, RANDOM);
  }

  private static PasswordLogin login(String user, UserStore users, Offer offer) {
    return new PasswordLogin(
        new ClientLogin(user, "10.0.0.7", Line.TLS), users, new FastDigests(), KEY, offer, RANDOM);
  }

  private static UserStore users(Map<String, String> secrets) {
    Map<String, Credentials> users = new HashMap<>();
    secrets.forEach((user, secret) -> users.put(user, Credentials.parse(secret)));
    return new UserStore(users, UserStore.newMockSecret());
  }
}
