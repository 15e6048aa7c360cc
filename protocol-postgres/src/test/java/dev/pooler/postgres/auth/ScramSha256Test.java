package dev.pooler.postgres.auth;

import static dev.pooler.postgres.auth.ScramPeer.bytes;
import static dev.pooler.postgres.auth.ScramPeer.initial;
import static dev.pooler.postgres.auth.ScramPeer.login;
import static dev.pooler.postgres.auth.ScramPeer.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScramSha256Test {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final byte[] SECRET = UserStore.newMockSecret();

  /** RFC 7677, section 3. */
  private static final String RFC_NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

  private static final UserStore USERS =
      new UserStore(
          Map.of(
              "user",
              new Credentials(
                  ScramVerifier.derive(
                      new Password("pencil"),
                      Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="),
                      4096),
                  null),
              "old",
              Credentials.parse("old", "md5" + "0123456789abcdef".repeat(2))),
          SECRET);

  @Test
  void answersTheExchangeOfRfc7677() {
    ScramSha256 server = rfcServer();
    server.begin();

    AuthStep challenge = server.onResponse(initial("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assertEquals(
        "r=" + RFC_NONCE + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", text(request(challenge).data()));

    AuthStep end =
        server.onResponse(
            bytes("c=biws,r=" + RFC_NONCE + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    AuthStep.Granted granted = assertInstanceOf(AuthStep.Granted.class, end);
    assertEquals("user", granted.user());
    assertNotNull(granted.finalData());
    assertEquals("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", text(granted.finalData()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pencil",
        " ",
        "pä\u00dfwörd",
        "\u2168 IX",
        "\u00ad soft",
        "\uD83D\uDE00",
        "\u0007"
      })
  void letsTheLibraryOfPgjdbcInWithTheRightPassword(String password) throws Exception {
    UserStore users = new UserStore(Map.of("u", Credentials.parse("u", password)), SECRET);

    assertInstanceOf(AuthStep.Granted.class, login(new ScramSha256("u", users, RANDOM), password));
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 65_536})
  @Tag("case-23")
  void takesPasswordsAsLongAsAccessTokens(int length) throws Exception {
    String password = "x".repeat(length);
    ScramVerifier verifier = ScramVerifier.derive(new Password(password), new byte[16], 64);
    UserStore users = new UserStore(Map.of("u", new Credentials(verifier, null)), SECRET);

    assertInstanceOf(AuthStep.Granted.class, login(new ScramSha256("u", users, RANDOM), password));
    assertRefused(
        AuthRefusal.WRONG_PASSWORD, login(new ScramSha256("u", users, RANDOM), password + "x"));
  }

  @ParameterizedTest
  @CsvSource({"user, WRONG_PASSWORD", "nobody, UNKNOWN_USER", "old, NO_FITTING_VERIFIER"})
  @Tag("case-21")
  void refusesAllFailuresInTheSameWords(String user, AuthRefusal reason) throws Exception {
    AuthStep.Refused refused =
        assertRefused(reason, login(new ScramSha256(user, USERS, RANDOM), "wrong"));

    assertEquals("password authentication failed for user \"" + user + "\"", refused.text());
    assertEquals("28P01", refused.reason().sqlState());
  }

  @Test
  void showsAnUnknownUserTheSameSaltEachTime() {
    assertEquals(challengeWithoutNonce("nobody"), challengeWithoutNonce("nobody"));
    assertNotEquals(challengeWithoutNonce("nobody"), challengeWithoutNonce("somebody"));
    assertEquals(challengeWithoutNonce("user").length(), challengeWithoutNonce("nobody").length());
  }

  @Test
  void showsAnUnknownUserTheIterationsThatMostUsersHave() {
    ScramVerifier strong = ScramVerifier.derive(new Password("x"), new byte[16], 100);
    ScramVerifier weak = ScramVerifier.derive(new Password("x"), new byte[16], 50);
    UserStore users =
        new UserStore(
            Map.of(
                "a", new Credentials(strong, null),
                "b", new Credentials(strong, null),
                "c", new Credentials(weak, null)),
            SECRET);

    assertEquals(100, users.mockScram("nobody").iterations());
  }

  @Test
  void takesTheFirstMessageAfterAnEmptyChallengeToo() {
    ScramSha256 server = rfcServer();
    server.begin();
    byte[] without = ByteBuffer.allocate(18).put(bytes("SCRAM-SHA-256\0")).putInt(-1).array();

    AuthStep.Request empty = request(server.onResponse(without));
    assertEquals(AuthCode.SASL_CONTINUE, empty.authCode());
    assertArrayEquals(new byte[0], empty.data());
    AuthStep challenge = server.onResponse(bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assertTrue(text(request(challenge).data()).startsWith("r=" + RFC_NONCE));
  }

  @Test
  void takesAClientThatCouldBindChannelsIfWeOfferedIt() {
    assertRefused(
        AuthRefusal.WRONG_PASSWORD,
        afterChallenge("y,,n=,r=abc", "c=eSws,r=abcSERVER,p=" + proof()));
    AuthStep.Refused mixed =
        assertRefused(
            AuthRefusal.MALFORMED_MESSAGE,
            afterChallenge("y,,n=,r=abc", "c=biws,r=abcSERVER,p=" + proof()));
    assertTrue(mixed.detail().contains("GS2 header"));
  }

  @Test
  void skipsOptionalExtensions() {
    assertRefused(
        AuthRefusal.WRONG_PASSWORD,
        afterChallenge("n,,n=,r=abc,x=1", "c=biws,r=abcSERVER,y=2,p=" + proof()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          p=tls-server-end-point,,n=,r=abc | CHANNEL_BINDING   | channel binding is not offered here: connect without channel_binding=require
          n,a=admin,n=,r=abc               | MALFORMED_MESSAGE | client uses an authorization identity
          n,,m=ext,n=,r=abc                | MALFORMED_MESSAGE | client requires an unsupported SCRAM extension
          n,,r=abc                         | MALFORMED_MESSAGE | attribute "n" is missing
          n,,n=user                        | MALFORMED_MESSAGE | attribute "r" is missing
          n,,n=user,r=                     | MALFORMED_MESSAGE | nonce is empty or not printable
          n,,n=user,r=a b                  | MALFORMED_MESSAGE | nonce is empty or not printable
          n,,n=user,r=abc,                 | MALFORMED_MESSAGE | extension is no attribute
          n,,n=user,r=abc,1=x              | MALFORMED_MESSAGE | extension is no attribute
          n,n=user,r=abc                   | MALFORMED_MESSAGE | GS2 header is not "n,," or "y,,"
          n                                | MALFORMED_MESSAGE | GS2 header is not "n,," or "y,,"
          x,,n=,r=abc                      | MALFORMED_MESSAGE | unknown channel binding flag
          """)
  void refusesFirstMessages(String first, AuthRefusal reason, String detail) {
    ScramSha256 server = rfcServer();
    server.begin();

    assertEquals(detail, assertRefused(reason, server.onResponse(initial(first))).detail());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          c=biws,r=abcSERVER                 | client-final-message has too few attributes
          c=biws,r=abcOTHER,p=PROOF          | nonce does not match
          c=biws,r=abc,p=PROOF               | nonce does not match
          c=eSws,r=abcSERVER,p=PROOF         | channel binding attribute does not repeat the GS2 header
          c=,r=abcSERVER,p=PROOF             | channel binding attribute does not repeat the GS2 header
          r=abcSERVER,c=biws,p=PROOF         | attribute "c" is missing
          c=biws,r=abcSERVER,x=1             | attribute "p" is missing
          c=biws,r=abcSERVER,p=PROOF,x=1     | attribute "p" is missing
          c=biws,r=abcSERVER,p=              | proof is not 32 bytes in base64
          c=biws,r=abcSERVER,p=AAAA          | proof is not 32 bytes in base64
          c=biws,r=abcSERVER,p=AAAAPROOF     | proof is not 32 bytes in base64
          c=biws,r=abcSERVER,p=!!!!          | proof is not base64
          """)
  void refusesFinalMessages(String last, String detail) {
    AuthStep step = afterChallenge("n,,n=,r=abc", last.replace("PROOF", proof()));

    AuthStep.Refused refused = assertRefused(AuthRefusal.MALFORMED_MESSAGE, step);
    assertEquals(detail, refused.detail());
    assertEquals("malformed SCRAM message", refused.text());
    assertEquals("08P01", refused.reason().sqlState());
  }

  @Test
  void refusesOtherMechanisms() {
    for (String mechanism : new String[] {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "PLAIN", ""}) {
      ScramSha256 server = rfcServer();
      server.begin();
      assertRefused(
          AuthRefusal.UNSUPPORTED_MECHANISM, server.onResponse(initial(mechanism, "n,,n=,r=abc")));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, -2, 13, 15, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
  @Tag("advisory-CVE-2026-6664")
  @Tag("advisory-odyssey-140a9a77")
  void refusesLengthsThatAreNotThose(int length) {
    ScramSha256 server = rfcServer();
    server.begin();
    byte[] body = initial("n,,n=,r=abcdef");
    ByteBuffer.wrap(body).putInt(14, length);

    assertRefused(AuthRefusal.MALFORMED_MESSAGE, server.onResponse(body));
  }

  @Test
  @Tag("advisory-CVE-2026-6664")
  @Tag("advisory-odyssey-140a9a77")
  void refusesMessagesAbovePostgresLimit() {
    ScramSha256 server = rfcServer();
    server.begin();

    assertEquals(1024, server.maxResponse());
    assertRefused(AuthRefusal.TOO_LARGE, server.onResponse(new byte[1025]));
  }

  @Test
  void holdsTheCallerToTheOrderOfCalls() {
    ScramSha256 server = rfcServer();
    assertThrows(IllegalStateException.class, () -> server.onResponse(new byte[0]));
    ScramSha256 ended = rfcServer();
    ended.begin();
    assertThrows(IllegalStateException.class, ended::begin);
    ended.onResponse(new byte[0]);
    assertThrows(IllegalStateException.class, () -> ended.onResponse(new byte[0]));
  }

  @Test
  void passesKeysOnOnlyWithAGrant() throws Exception {
    AuthStep end = login(new ScramSha256("user", USERS, RANDOM), "pencil");

    PassedKeys keys = assertInstanceOf(AuthStep.Granted.class, end).keys();
    assertNotNull(keys);
    ScramVerifier verifier = ScramVerifier.derive(new Password("pencil"), new byte[4], 1);
    assertTrue(!keys.fits(verifier.salt(), verifier.iterations()));
    assertTrue(keys.fits(Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096));
  }

  /** Needs {@link Credentials#derived}: no backend has the salt that we made up. */
  @Test
  @Tag("case-22")
  void passesNoKeysOnOfAVerifierThatWasMadeOfAPassword() throws Exception {
    UserStore plain = new UserStore(Map.of("u", Credentials.parse("u", "pencil")), SECRET);
    AuthStep end = login(new ScramSha256("u", plain, RANDOM), "pencil");

    assertNull(assertInstanceOf(AuthStep.Granted.class, end).keys());
  }

  @Test
  void doesNotInventKeysForTrust() {
    AuthStep step = new Trust("app").begin();

    assertNull(assertInstanceOf(AuthStep.Granted.class, step).keys());
  }

  private static AuthStep afterChallenge(String first, String last) {
    ScramSha256 server = new ScramSha256("user", USERS, () -> "SERVER");
    server.begin();
    assertInstanceOf(AuthStep.Request.class, server.onResponse(initial(first)));
    return server.onResponse(bytes(last));
  }

  private static String challengeWithoutNonce(String user) {
    ScramSha256 server = new ScramSha256(user, USERS, () -> "SERVER");
    server.begin();
    return text(request(server.onResponse(initial("n,,n=,r=abc"))).data());
  }

  private static ScramSha256 rfcServer() {
    return new ScramSha256("user", USERS, () -> RFC_NONCE.substring(20));
  }

  private static String proof() {
    return Base64.getEncoder().encodeToString(new byte[32]);
  }

  private static AuthStep.Request request(AuthStep step) {
    return assertInstanceOf(AuthStep.Request.class, step);
  }

  private static AuthStep.Refused assertRefused(AuthRefusal reason, AuthStep step) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
    assertEquals(reason, refused.reason());
    return refused;
  }
}
