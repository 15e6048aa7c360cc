package dev.pooler.postgres.auth;

import static dev.pooler.postgres.auth.ScramPeer.bytes;
import static dev.pooler.postgres.auth.ScramPeer.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackendAuthenticationTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Password PENCIL = new Password("pencil");
  private static final byte[] NOTHING = {};
  private static final byte[] SCRAM_OFFER = bytes("SCRAM-SHA-256\0\0");

  private final UserStore users =
      new UserStore(Map.of("u", Credentials.parse("u", "pencil")), UserStore.newMockSecret());

  @Test
  void acceptsAServerThatTrustsUs() {
    assertEquals(new BackendStep.Done(), login(new NoSecret()).onRequest(AuthCode.OK, NOTHING));
  }

  @Test
  void sendsThePasswordInTheClearAndFlagsAnOpenNetwork() {
    for (boolean exposed : new boolean[] {false, true}) {
      BackendAuthentication login = login(BackendLogin.of("u", new Password("pässwort"), exposed));
      BackendStep step = login.onRequest(AuthCode.CLEARTEXT_PASSWORD, NOTHING);
      BackendStep.Respond respond = assertInstanceOf(BackendStep.Respond.class, step);
      assertArrayEquals(bytes("pässwort\0"), respond.body());
      assertEquals(exposed, respond.exposed());
      assertEquals(new BackendStep.Done(), login.onRequest(AuthCode.OK, NOTHING));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 65_536})
  @Tag("case-23")
  void sendsPasswordsAsLongAsAccessTokens(int length) {
    BackendStep step =
        login(new Password("t".repeat(length))).onRequest(AuthCode.CLEARTEXT_PASSWORD, NOTHING);

    assertEquals(length + 1, assertInstanceOf(BackendStep.Respond.class, step).body().length);
  }

  @Test
  void answersMd5AsPostgresDoes() {
    // md5(md5('pencil' + 'u') + 01020304), by md5sum
    BackendStep step = login(PENCIL).onRequest(AuthCode.MD5_PASSWORD, new byte[] {1, 2, 3, 4});

    assertEquals(
        "md54567f87c27458471591fac9bc78f16f4\0",
        text(assertInstanceOf(BackendStep.Respond.class, step).body()));
  }

  @Test
  void logsInByMd5AtOurOwnServer() {
    assertEquals(
        new BackendStep.Done(), new BackendConversation(PENCIL).run(new Md5("u", users, RANDOM)));
  }

  @Test
  void logsInByScramAtOurOwnServer() {
    BackendConversation conversation = new BackendConversation(PENCIL);

    assertEquals(new BackendStep.Done(), conversation.run(scramServer()));
    assertEquals(1, conversation.derivations);
  }

  @Test
  void logsInByScramWithPasswordsThatSaslprepChangesOrProhibits() {
    for (String password : new String[] {"\u2168", "a\u00adb", "\u0007bell", "\u5bc6\u7801", "ü"}) {
      UserStore own =
          new UserStore(Map.of("u", Credentials.parse("u", password)), UserStore.newMockSecret());
      BackendConversation conversation = new BackendConversation(new Password(password));
      assertEquals(new BackendStep.Done(), conversation.run(new ScramSha256("u", own, RANDOM)));
    }
  }

  @Test
  @Tag("case-22")
  void derivesKeysOnceForAllReconnects() {
    ScramKeys keys = new ScramKeys();
    new BackendConversation(PENCIL, keys).run(scramServer());
    BackendConversation again = new BackendConversation(new Password("pencil"), keys);

    assertEquals(new BackendStep.Done(), again.run(scramServer()));
    assertEquals(0, again.derivations);
    assertEquals(1, keys.size());
  }

  @Test
  void remembersNoKeysThatTheServerDidNotConfirm() {
    ScramKeys keys = new ScramKeys();
    BackendConversation conversation = new BackendConversation(new Password("wrong"), keys);

    assertInstanceOf(BackendStep.Failed.class, conversation.run(scramServer()));
    assertEquals(0, keys.size());
  }

  @Test
  void derivesAnewWhenTheServersSaltHasChanged() {
    ScramKeys keys = new ScramKeys();
    new BackendConversation(PENCIL, keys).run(scramServer());
    UserStore rotated =
        new UserStore(Map.of("u", Credentials.parse("u", "pencil")), UserStore.newMockSecret());
    BackendConversation conversation = new BackendConversation(PENCIL, keys);

    assertEquals(new BackendStep.Done(), conversation.run(new ScramSha256("u", rotated, RANDOM)));
    assertEquals(1, conversation.derivations);
  }

  @Test
  void logsInWithTheKeysOfTheClientsOwnLogin() throws Exception {
    ScramVerifier verifier = ScramVerifier.derive(PENCIL, new byte[16], 4096);
    UserStore same =
        new UserStore(Map.of("u", new Credentials(verifier, null)), UserStore.newMockSecret());
    AuthStep.Granted client =
        assertInstanceOf(
            AuthStep.Granted.class, ScramPeer.login(new ScramSha256("u", same, RANDOM), "pencil"));
    assertNotNull(client.keys());

    assertEquals(
        new BackendStep.Done(),
        new BackendConversation(client.keys()).run(new ScramSha256("u", same, RANDOM)));
    UserStore other =
        new UserStore(Map.of("u", Credentials.parse("u", "pencil")), UserStore.newMockSecret());
    BackendStep step =
        new BackendConversation(client.keys()).run(new ScramSha256("u", other, RANDOM));
    assertFailed(BackendFailure.KEYS_DO_NOT_FIT, "copy it from pg_authid", step);
  }

  @Test
  void takesNoOkFromAServerThatSkipsItsProof() {
    BackendAuthentication atOnce = login(PENCIL);
    atOnce.onRequest(AuthCode.SASL, SCRAM_OFFER);
    assertFailed(
        BackendFailure.SERVER_NOT_PROVEN,
        "before proving itself",
        atOnce.onRequest(AuthCode.OK, NOTHING));

    BackendAuthentication afterProof = login(PENCIL);
    proofSent(afterProof);
    assertFailed(
        BackendFailure.SERVER_NOT_PROVEN,
        "before proving itself",
        afterProof.onRequest(AuthCode.OK, NOTHING));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "v=",
        "",
        "e=other-error",
        "v=!"
      })
  void takesNoWrongServerSignature(String serverFinal) {
    BackendAuthentication login = login(PENCIL);
    proofSent(login);

    BackendStep step = login.onRequest(AuthCode.SASL_FINAL, bytes(serverFinal));
    assertFailed(BackendFailure.SERVER_NOT_PROVEN, "could not prove", step);
  }

  @Test
  void doesNotFollowAServerThatGoesDownToCleartext() {
    BackendAuthentication scram = login(PENCIL);
    scram.onRequest(AuthCode.SASL, SCRAM_OFFER);
    assertInstanceOf(
        BackendStep.Failed.class, scram.onRequest(AuthCode.CLEARTEXT_PASSWORD, NOTHING));
    BackendAuthentication md5 = login(PENCIL);
    md5.onRequest(AuthCode.MD5_PASSWORD, new byte[4]);
    assertFailed(
        BackendFailure.PROTOCOL, "code 3", md5.onRequest(AuthCode.CLEARTEXT_PASSWORD, NOTHING));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          r=other,s=QSXCR+Q6sek8bf92,i=4096       | PROTOCOL
          r=NONCE,s=QSXCR+Q6sek8bf92,i=4096       | PROTOCOL
          r=NONCEx,s=,i=4096                      | PROTOCOL
          r=NONCEx,s=!!,i=4096                    | PROTOCOL
          r=NONCEx,s=QSXCR+Q6sek8bf92,i=0         | PROTOCOL
          r=NONCEx,s=QSXCR+Q6sek8bf92,i=-1        | PROTOCOL
          r=NONCEx,s=QSXCR+Q6sek8bf92,i=9999999999| PROTOCOL
          r=NONCEx,s=QSXCR+Q6sek8bf92             | PROTOCOL
          m=ext,r=NONCEx,s=QSXCR+Q6sek8bf92,i=1   | PROTOCOL
          e=invalid-encoding                      | PROTOCOL
          r=NONCEx,s=QSXCR+Q6sek8bf92,i=2000001   | TOO_MANY_ITERATIONS
          r=NONCEx,s=QSXCR+Q6sek8bf92,i=2147483647| TOO_MANY_ITERATIONS
          """)
  void refusesChallenges(String challenge, BackendFailure reason) {
    BackendAuthentication login = login(PENCIL);
    String nonce = nonce(login.onRequest(AuthCode.SASL, SCRAM_OFFER));

    BackendStep step =
        login.onRequest(AuthCode.SASL_CONTINUE, bytes(challenge.replace("NONCE", nonce)));
    assertFailed(reason, "SCRAM", step);
  }

  @Test
  void saysWhatToConfigureWhereAPasswordIsAsked() {
    for (int code : new int[] {AuthCode.CLEARTEXT_PASSWORD, AuthCode.MD5_PASSWORD, AuthCode.SASL}) {
      byte[] data = code == AuthCode.SASL ? SCRAM_OFFER : new byte[4];
      BackendStep step = login(new NoSecret()).onRequest(code, data);
      assertFailed(BackendFailure.NO_PASSWORD, "set `password`", step);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, Kerberos", "6, code 6", "7, GSSAPI", "8, GSSAPI", "9, SSPI", "-1, code -1"})
  void refusesOtherMethods(int code, String name) {
    assertFailed(
        BackendFailure.UNSUPPORTED_METHOD, name, login(PENCIL).onRequest(code, new byte[4]));
  }

  @Test
  void refusesAServerThatOffersChannelBindingAloneInTheClear() {
    BackendStep step = login(PENCIL).onRequest(AuthCode.SASL, bytes("SCRAM-SHA-256-PLUS\0\0"));
    assertFailed(BackendFailure.UNSUPPORTED_METHOD, "over TLS SCRAM-SHA-256-PLUS", step);

    BackendStep both =
        login(PENCIL).onRequest(AuthCode.SASL, bytes("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
    assertInstanceOf(BackendStep.Respond.class, both);
    BackendStep none = login(PENCIL).onRequest(AuthCode.SASL, NOTHING);
    assertFailed(BackendFailure.UNSUPPORTED_METHOD, "pooler knows SCRAM-SHA-256", none);
  }

  @Test
  void answersOnlyTheMethodsThatAreAllowed() {
    Set<BackendMethod> scramOnly = EnumSet.of(BackendMethod.SCRAM_SHA_256);
    BackendLogin strict = new BackendLogin("u", PENCIL, false, scramOnly);

    for (int code : new int[] {AuthCode.OK, AuthCode.CLEARTEXT_PASSWORD, AuthCode.MD5_PASSWORD}) {
      assertFailed(
          BackendFailure.METHOD_NOT_ALLOWED,
          "does not allow",
          login(strict).onRequest(code, new byte[4]));
    }
    assertEquals(
        new BackendStep.Done(),
        new BackendConversation(strict, new ScramKeys()).run(scramServer()));
    BackendLogin noScram = new BackendLogin("u", PENCIL, false, EnumSet.of(BackendMethod.MD5));
    assertFailed(
        BackendFailure.METHOD_NOT_ALLOWED,
        "scram-sha-256",
        login(noScram).onRequest(AuthCode.SASL, SCRAM_OFFER));
  }

  @Test
  void holdsTheCallerToTheOrderOfCalls() {
    BackendAuthentication login = login(PENCIL);
    ScramKey key = ScramKey.of(new byte[32]);
    assertThrows(IllegalStateException.class, () -> login.onKey(key));
    login.onRequest(AuthCode.OK, NOTHING);
    assertThrows(IllegalStateException.class, () -> login.onRequest(AuthCode.OK, NOTHING));
  }

  private ScramSha256 scramServer() {
    return new ScramSha256("u", users, RANDOM);
  }

  private static BackendAuthentication login(BackendSecret secret) {
    return login(BackendLogin.of("u", secret, false));
  }

  private static BackendAuthentication login(BackendLogin login) {
    return new BackendAuthentication(login, new ScramKeys(), RANDOM);
  }

  private static void proofSent(BackendAuthentication login) {
    String nonce = nonce(login.onRequest(AuthCode.SASL, SCRAM_OFFER));
    byte[] challenge = bytes("r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=64");
    BackendStep step = login.onRequest(AuthCode.SASL_CONTINUE, challenge);
    KeyDerivation derivation = assertInstanceOf(BackendStep.Derive.class, step).derivation();
    assertInstanceOf(BackendStep.Respond.class, login.onKey(derivation.derive()));
  }

  private static String nonce(BackendStep initialResponse) {
    String body = text(assertInstanceOf(BackendStep.Respond.class, initialResponse).body());
    return body.substring(body.indexOf("r=") + 2);
  }

  private static void assertFailed(BackendFailure reason, String text, BackendStep step) {
    BackendStep.Failed failed = assertInstanceOf(BackendStep.Failed.class, step);
    assertEquals(reason, failed.reason());
    assertTrue(failed.text().contains(text), failed.text());
    assertFalse(failed.text().contains("pencil"), failed.text());
  }
}
