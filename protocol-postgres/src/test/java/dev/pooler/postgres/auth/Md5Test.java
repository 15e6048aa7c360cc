package dev.pooler.postgres.auth;

import static dev.pooler.postgres.auth.ScramPeer.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class Md5Test {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** select 'md5' || md5('secret' || 'app') */
  private static final String STORED = "md56a422f785c9e20873908ce25d1736ae2";

  private final UserStore mixed =
      users(
          Map.of(
              "app", Credentials.parse("app", STORED),
              "plain", Credentials.parse("plain", "secret"),
              "new", new Credentials(Credentials.parse("new", "secret").scram(), null)));

  private final UserStore md5Only = users(Map.of("app", Credentials.parse("app", STORED)));

  @Test
  void letsInWhoeverKnowsThePasswordBehindAStoredHash() {
    assertInstanceOf(AuthStep.Granted.class, answer("app", mixed, "secret"));
    assertInstanceOf(AuthStep.Granted.class, answer("plain", mixed, "secret"));
  }

  @Test
  void refusesWrongPasswordsAndUnknownUsersAlike() {
    assertRefused(AuthRefusal.WRONG_PASSWORD, "app", answer("app", mixed, "wrong"));
    assertRefused(AuthRefusal.UNKNOWN_USER, "nobody", answer("nobody", md5Only, "secret"));
  }

  @Test
  @Tag("case-29")
  void asksForScramWhereTheVerifierIsScram() throws Exception {
    AuthStep end = ScramPeer.login(new Md5("new", mixed, RANDOM), "secret");

    assertInstanceOf(AuthStep.Granted.class, end);
    AuthStep wrong = ScramPeer.login(new Md5("new", mixed, RANDOM), "wrong");
    assertRefused(AuthRefusal.WRONG_PASSWORD, "new", wrong);
  }

  @Test
  void asksAnUnknownUserForScramToo() throws Exception {
    AuthStep end = ScramPeer.login(new Md5("nobody", mixed, RANDOM), "secret");

    assertRefused(AuthRefusal.UNKNOWN_USER, "nobody", end);
  }

  @Test
  void saltsEachLoginAnew() {
    AuthStep.Request first = begin(new Md5("app", mixed, RANDOM));
    byte[] second = begin(new Md5("app", mixed, RANDOM)).data();
    byte[] third = begin(new Md5("app", mixed, RANDOM)).data();

    assertEquals(4, first.data().length);
    // Three times the same four bytes: one in 2^64.
    assertEquals(false, Arrays.equals(first.data(), second) && Arrays.equals(second, third));
  }

  @Test
  void refusesMalformedAnswers() {
    assertReason(AuthRefusal.MALFORMED_MESSAGE, new byte[0]);
    assertReason(AuthRefusal.MALFORMED_MESSAGE, bytes("md5unterminated"));
    assertReason(AuthRefusal.MALFORMED_MESSAGE, bytes("md5\0two\0"));
    assertReason(AuthRefusal.EMPTY_PASSWORD, bytes("\0"));
    assertReason(AuthRefusal.TOO_LARGE, new byte[65_536]);
    byte[] longest = bytes("x".repeat(65_534) + "\0");
    assertReason(AuthRefusal.WRONG_PASSWORD, longest);
  }

  @Test
  void holdsTheCallerToTheOrderOfCalls() {
    Md5 md5 = new Md5("app", mixed, RANDOM);
    assertThrows(IllegalStateException.class, () -> md5.onResponse(new byte[0]));
    md5.begin();
    md5.onResponse(new byte[0]);
    assertThrows(IllegalStateException.class, () -> md5.onResponse(new byte[0]));
  }

  private void assertReason(AuthRefusal reason, byte[] body) {
    Md5 md5 = new Md5("app", mixed, RANDOM);
    begin(md5);
    assertEquals(reason, assertInstanceOf(AuthStep.Refused.class, md5.onResponse(body)).reason());
  }

  private static AuthStep answer(String user, UserStore users, String password) {
    Md5 md5 = new Md5(user, users, RANDOM);
    AuthStep.Request request = begin(md5);
    assertEquals(AuthCode.MD5_PASSWORD, request.authCode());
    byte[] hash = Md5Hash.of(user, new Password(password)).salted(request.data());
    return md5.onResponse(Arrays.copyOf(hash, hash.length + 1));
  }

  private static AuthStep.Request begin(Md5 md5) {
    return assertInstanceOf(AuthStep.Request.class, md5.begin());
  }

  private static void assertRefused(AuthRefusal reason, String user, AuthStep step) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
    assertEquals(reason, refused.reason());
    assertEquals("password authentication failed for user \"" + user + "\"", refused.text());
  }

  private static UserStore users(Map<String, Credentials> users) {
    return new UserStore(users, UserStore.newMockSecret());
  }
}
