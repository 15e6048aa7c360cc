package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.OK;
import static dev.pooler.mysql.auth.Wire.ascii;
import static dev.pooler.mysql.auth.Wire.err;
import static dev.pooler.mysql.auth.Wire.join;
import static dev.pooler.mysql.auth.Wire.more;
import static dev.pooler.mysql.auth.Wire.switchTo;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackendAuthenticationTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final ServerKey KEY = ServerKey.generate(RANDOM);
  private static final Password SECRET = new Password("secret");

  private final Nonce nonce = Nonce.next(RANDOM);

  @Test
  void answersTheGreetingByItsOwnMethodWhereThatIsAHash() {
    assertArrayEquals(
        CachingSha2.respond(SECRET.bytes(), nonce),
        hello(begin(tls(), "caching_sha2_password"), AuthMethod.CACHING_SHA2_PASSWORD));
    assertArrayEquals(
        NativePassword.respond(SECRET.bytes(), nonce),
        hello(begin(tls(), "mysql_native_password"), AuthMethod.MYSQL_NATIVE_PASSWORD));
    assertArrayEquals(
        NativePassword.respond(SECRET.bytes(), nonce),
        hello(begin(tls(), ""), AuthMethod.MYSQL_NATIVE_PASSWORD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sha256_password", "mysql_clear_password", "auth_gssapi_client", "\1?"})
  void neverAnswersAGreetingWithThePasswordItself(String plugin) {
    assertArrayEquals(
        CachingSha2.respond(SECRET.bytes(), nonce),
        hello(begin(tls(), plugin), AuthMethod.CACHING_SHA2_PASSWORD));
  }

  @Test
  void answersAGreetingOnlyByWhatIsAllowed() {
    assertEquals(
        0,
        hello(begin(allowing(AuthMethod.PARSEC), "caching_sha2_password"), AuthMethod.PARSEC)
            .length);
    assertEquals(
        20,
        hello(
                begin(allowing(AuthMethod.MYSQL_NATIVE_PASSWORD), "caching_sha2_password"),
                AuthMethod.MYSQL_NATIVE_PASSWORD)
            .length);
  }

  @Test
  void takesOkAfterAFastSuccess() {
    BackendAuthentication login = begun(tls(), "caching_sha2_password");
    assertInstanceOf(BackendStep.Wait.class, login.onPacket(more((byte) 3)));
    assertInstanceOf(BackendStep.Done.class, login.onPacket(OK));
  }

  @ParameterizedTest
  @EnumSource(Line.class)
  void showsThePasswordOnlyWhereNobodyListens(Line line) {
    BackendAuthentication login =
        begun(BackendLogin.of("app", SECRET, line), "caching_sha2_password");
    BackendStep step = login.onPacket(more((byte) 4));
    if (line == Line.PLAIN_TCP) {
      BackendStep.Failed failed = failed(BackendFailure.PASSWORD_EXPOSED, step);
      assertTrue(failed.text().contains("`tls`"), failed.text());
      assertNotNull(failed.farewell());
    } else {
      assertArrayEquals(ascii("secret\0"), respond(step));
      assertInstanceOf(BackendStep.Done.class, login.onPacket(OK));
    }
  }

  @Test
  void hidesThePasswordUnderAKeyItAskedFor() {
    BackendAuthentication login =
        begun(
            new BackendLogin("app", SECRET, Line.PLAIN_TCP, BackendLogin.usual(), null, true),
            "caching_sha2_password");
    assertArrayEquals(new byte[] {2}, respond(login.onPacket(more((byte) 4))));
    BackendStep.Derive derive =
        assertInstanceOf(BackendStep.Derive.class, login.onPacket(more(KEY.pem())));
    byte[] encrypted = respond(login.onDerived(derive.derivation().derive()));
    assertArrayEquals(SECRET.bytes(), KEY.decrypt(encrypted, nonce));
    assertInstanceOf(BackendStep.Done.class, login.onPacket(OK));
  }

  @Test
  void asksForNoKeyThatItHas() {
    RSAPublicKey known = RsaPassword.readPem(KEY.pem());
    BackendAuthentication login =
        begun(
            new BackendLogin("app", SECRET, Line.PLAIN_TCP, BackendLogin.usual(), known, false),
            "caching_sha2_password");
    assertInstanceOf(BackendStep.Derive.class, login.onPacket(more((byte) 4)));
  }

  @ParameterizedTest
  @CsvSource({"TLS", "UNIX_SOCKET", "PLAIN_TCP"})
  void sha256PasswordShowsThePasswordOverTlsAlone(Line line) {
    BackendAuthentication login =
        begun(
            new BackendLogin("app", SECRET, line, BackendLogin.usual(), null, true),
            "caching_sha2_password");
    BackendStep step = login.onPacket(switchTo("sha256_password", nonce.terminated()));
    if (line == Line.TLS) {
      assertArrayEquals(ascii("secret\0"), respond(step));
    } else {
      assertArrayEquals(new byte[] {1}, respond(step));
      BackendStep.Derive derive =
          assertInstanceOf(BackendStep.Derive.class, login.onPacket(more(KEY.pem())));
      assertArrayEquals(SECRET.bytes(), KEY.decrypt(derive.derivation().derive(), nonce));
    }
  }

  @ParameterizedTest
  @EnumSource(Line.class)
  void clearPasswordsGoOnlyWhereTheyAreAllowedAndPrivate(Line line) {
    byte[] asked = switchTo("mysql_clear_password", new byte[0]);
    failed(
        BackendFailure.METHOD_NOT_ALLOWED,
        begun(BackendLogin.of("app", SECRET, line), "mysql_native_password").onPacket(asked));
    BackendLogin allowed =
        new BackendLogin("app", SECRET, line, EnumSet.allOf(AuthMethod.class), null, true);
    BackendStep step = begun(allowed, "mysql_native_password").onPacket(asked);
    if (line == Line.PLAIN_TCP) {
      failed(BackendFailure.PASSWORD_EXPOSED, step);
    } else {
      assertArrayEquals(ascii("secret\0"), respond(step));
    }
  }

  @Test
  void signsEd25519() throws Exception {
    byte[] challenge = new byte[32];
    RANDOM.nextBytes(challenge);
    BackendAuthentication login = begun(tls(), "mysql_native_password");
    BackendStep.Derive derive =
        assertInstanceOf(
            BackendStep.Derive.class, login.onPacket(switchTo("client_ed25519", challenge)));
    byte[] signature = respond(login.onDerived(derive.derivation().derive()));
    assertTrue(
        KnownVectorsTest.isSigned(
            Ed25519Password.publicKey(ascii("secret")), challenge, signature));
    assertFalse(
        KnownVectorsTest.isSigned(Ed25519Password.publicKey(ascii("wrong")), challenge, signature));
    assertInstanceOf(BackendStep.Done.class, login.onPacket(OK));
  }

  /** MariaDB sends the salt as it is, as long as it doesn't begin with 1, 254 or 255. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void signsParsec(boolean wrapped) throws Exception {
    byte[] challenge = new byte[32];
    RANDOM.nextBytes(challenge);
    byte[] extSalt = join(new byte[] {'P', 1}, ascii("eighteen bytes long"));
    BackendAuthentication login = begun(tls(), "mysql_native_password");
    assertEquals(0, respond(login.onPacket(switchTo("parsec", challenge))).length);
    BackendStep.Derive derive =
        assertInstanceOf(
            BackendStep.Derive.class, login.onPacket(wrapped ? more(extSalt) : extSalt));
    byte[] answer = respond(login.onDerived(derive.derivation().derive()));
    assertEquals(96, answer.length);
    byte[] signed = join(challenge, Arrays.copyOf(answer, 32));
    byte[] key = Ed25519Password.publicKey(Parsec.seed(ascii("secret"), extSalt));
    assertTrue(KnownVectorsTest.isSigned(key, signed, Arrays.copyOfRange(answer, 32, 96)));
    assertInstanceOf(BackendStep.Done.class, login.onPacket(OK));
  }

  @Test
  void doesNotWorkForParsecAsLongAsAServerLikes() {
    BackendAuthentication login = begun(tls(), "mysql_native_password");
    login.onPacket(switchTo("parsec", new byte[32]));
    failed(
        BackendFailure.TOO_MANY_ITERATIONS,
        login.onPacket(join(new byte[] {'P', 9}, new byte[18])));
  }

  @Test
  @Tag("mysql-case-102")
  void followsChangesOfTheMethodBackAndForthButNotForever() {
    BackendAuthentication login = begun(tls(), "caching_sha2_password");
    byte[] toNative = switchTo("mysql_native_password", nonce.terminated());
    byte[] toSha2 = switchTo("caching_sha2_password", nonce.bytes());
    for (int i = 0; i < 5; i++) {
      assertEquals(
          i % 2 == 0 ? 20 : 32, respond(login.onPacket(i % 2 == 0 ? toNative : toSha2)).length);
    }
    failed(BackendFailure.TOO_MANY_SWITCHES, login.onPacket(toSha2));
  }

  @Test
  @Tag("mysql-case-102")
  void refusesThePasswordFormatFromBefore41AndNamesTheRemedy() {
    BackendStep.Failed failed =
        failed(
            BackendFailure.UNSUPPORTED_METHOD,
            begun(tls(), "mysql_native_password").onPacket(new byte[] {(byte) 0xfe}));
    assertTrue(failed.text().contains("old_passwords=0"), failed.text());
    assertNotNull(failed.farewell());
    failed(
        BackendFailure.UNSUPPORTED_METHOD,
        begun(tls(), "mysql_native_password")
            .onPacket(switchTo("mysql_old_password", nonce.terminated())));
  }

  @ParameterizedTest
  @CsvSource({"dialog, PAM", "auth_gssapi_client, Kerberos", "some%dthing, some?dthing"})
  void refusesMethodsThatItCanNotDo(String plugin, String word) {
    BackendStep.Failed failed =
        failed(
            BackendFailure.UNSUPPORTED_METHOD,
            begun(tls(), "mysql_native_password").onPacket(switchTo(plugin, ascii("\4Password:"))));
    assertTrue(failed.text().contains(word), failed.text());
    assertTrue(failed.text().contains("\"app\""), failed.text());
    assertNotNull(failed.farewell());
  }

  @Test
  void doesNotAnswerAMethodThatIsNotAllowed() {
    failed(
        BackendFailure.METHOD_NOT_ALLOWED,
        begun(allowing(AuthMethod.CACHING_SHA2_PASSWORD), "caching_sha2_password")
            .onPacket(switchTo("mysql_native_password", nonce.terminated())));
  }

  /** What a server takes for a wrong proof; another length is an error of the handshake to it. */
  @ParameterizedTest
  @CsvSource({
    "mysql_native_password, 20, 0",
    "caching_sha2_password, 20, 1",
    "sha256_password, 20, 1",
    "client_ed25519, 32, 64",
    "parsec, 32, 0"
  })
  @Tag("mysql-case-100")
  void takesLeaveByAProofThatIsWrongAndWellFormed(String plugin, int challenge, int farewell) {
    BackendStep.Failed failed =
        failed(
            BackendFailure.METHOD_NOT_ALLOWED,
            begun(allowing(AuthMethod.MYSQL_CLEAR_PASSWORD), "mysql_native_password")
                .onPacket(switchTo(plugin, new byte[challenge])));
    assertArrayEquals(new byte[farewell], failed.farewell());
  }

  @Test
  void withoutAPasswordItSaysSoWhereTheMethodHasAWord() {
    BackendLogin login = BackendLogin.of("app", new NoSecret(), Line.TLS);
    BackendAuthentication both = begun(login, "caching_sha2_password");
    assertArrayEquals(
        new byte[0], respond(both.onPacket(switchTo("mysql_native_password", nonce.terminated()))));
    assertArrayEquals(
        new byte[1], respond(both.onPacket(switchTo("sha256_password", nonce.terminated()))));
    assertInstanceOf(BackendStep.Done.class, both.onPacket(OK));
    for (String plugin : new String[] {"client_ed25519", "parsec"}) {
      BackendStep.Failed failed =
          failed(
              BackendFailure.NO_PASSWORD,
              begun(login, "mysql_native_password").onPacket(switchTo(plugin, new byte[32])));
      assertTrue(failed.text().contains("set `password`"), failed.text());
    }
    failed(
        BackendFailure.NO_PASSWORD, begun(login, "caching_sha2_password").onPacket(more((byte) 4)));
  }

  @Test
  void takesNoOkThatCameBeforeAProof() {
    BackendAuthentication key =
        begun(
            new BackendLogin("app", SECRET, Line.PLAIN_TCP, BackendLogin.usual(), null, true),
            "caching_sha2_password");
    key.onPacket(more((byte) 4));
    failed(BackendFailure.NOT_CHECKED, key.onPacket(OK));
    BackendAuthentication parsec = begun(tls(), "mysql_native_password");
    parsec.onPacket(switchTo("parsec", new byte[32]));
    failed(BackendFailure.NOT_CHECKED, parsec.onPacket(OK));
  }

  @ParameterizedTest
  @CsvSource({
    "1045, 28000, WRONG_SECRET",
    "1698, 28000, WRONG_SECRET",
    "1820, HY000, EXPIRED_PASSWORD",
    "1862, HY000, EXPIRED_PASSWORD",
    "3118, HY000, ACCOUNT_LOCKED",
    "4151, HY000, ACCOUNT_LOCKED",
    "1129, HY000, HOST_BLOCKED",
    "1040, 08004, TOO_MANY_CONNECTIONS",
    "1049, 42000, DATABASE",
    "1251, 08004, METHOD",
    "1053, 08S01, UNAVAILABLE",
    "65535, HY000, OTHER"
  })
  @Tag("mysql-case-102")
  void tellsRefusalsApart(int errno, String state, RefusalKind kind) {
    BackendStep step = begun(tls(), "caching_sha2_password").onPacket(err(errno, state, "no"));
    ServerRefusal refusal = assertInstanceOf(BackendStep.Refused.class, step).refusal();
    assertEquals(new ServerRefusal(kind, errno, state, "no"), refusal);
    assertEquals(
        Set.of(RefusalKind.WRONG_SECRET, RefusalKind.EXPIRED_PASSWORD, RefusalKind.ACCOUNT_LOCKED)
            .contains(kind),
        kind.isAboutSecret());
    assertFalse(kind.isAboutSecret() && kind.isTemporary());
  }

  @Test
  @Tag("mysql-case-101")
  void readsARefusalInsteadOfAGreeting() {
    byte[] payload = join(new byte[] {(byte) 0xff, 0x69, 0x04}, ascii("Host 'x' is blocked"));
    assertEquals(
        new ServerRefusal(RefusalKind.HOST_BLOCKED, 1129, "HY000", "Host 'x' is blocked"),
        ServerRefusal.read(payload));
    assertNull(ServerRefusal.read(new byte[] {(byte) 0xff, 1}));
    assertNull(ServerRefusal.read(OK));
  }

  @Test
  void takesNoKeyThatIsTooSmallOrNone() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(1024);
    byte[] small = RsaPassword.writePem(generator.generateKeyPair().getPublic());
    KeyPairGenerator curve = KeyPairGenerator.getInstance("Ed25519");
    byte[] other = RsaPassword.writePem(curve.generateKeyPair().getPublic());
    byte[] cut = Arrays.copyOf(KEY.pem(), 100);
    for (byte[] pem : new byte[][] {small, other, cut, new byte[0], new byte[5000]}) {
      BackendAuthentication login =
          begun(
              new BackendLogin("app", SECRET, Line.PLAIN_TCP, BackendLogin.usual(), null, true),
              "caching_sha2_password");
      login.onPacket(more((byte) 4));
      failed(BackendFailure.PROTOCOL, login.onPacket(more(pem)));
    }
  }

  @Test
  void aPasswordThatDoesNotFitUnderTheKeyIsOurOwnTrouble() {
    BackendAuthentication login =
        begun(
            new BackendLogin(
                "app",
                new Password("x".repeat(214)),
                Line.PLAIN_TCP,
                BackendLogin.usual(),
                RsaPassword.readPem(KEY.pem()),
                false),
            "caching_sha2_password");
    failed(BackendFailure.PASSWORD_EXPOSED, login.onPacket(more((byte) 4)));
  }

  @Test
  void holdsTheCallerToTheOrderOfCalls() {
    BackendAuthentication login = new BackendAuthentication(tls(), RANDOM);
    assertThrows(IllegalStateException.class, () -> login.onPacket(OK));
    assertThrows(IllegalStateException.class, () -> login.onDerived(new byte[0]));
    login.begin("caching_sha2_password", nonce.bytes());
    assertThrows(
        IllegalStateException.class, () -> login.begin("caching_sha2_password", nonce.bytes()));
    login.onPacket(OK);
    assertThrows(IllegalStateException.class, () -> login.onPacket(OK));
  }

  private static BackendLogin tls() {
    return BackendLogin.of("app", SECRET, Line.TLS);
  }

  private static BackendLogin allowing(AuthMethod method) {
    return new BackendLogin("app", SECRET, Line.TLS, EnumSet.of(method), null, false);
  }

  private BackendStep begin(BackendLogin login, String plugin) {
    return new BackendAuthentication(login, RANDOM).begin(plugin, nonce.terminated());
  }

  private BackendAuthentication begun(BackendLogin login, String plugin) {
    BackendAuthentication begun = new BackendAuthentication(login, RANDOM);
    assertInstanceOf(BackendStep.Hello.class, begun.begin(plugin, nonce.terminated()));
    return begun;
  }

  private static byte[] hello(BackendStep step, AuthMethod method) {
    BackendStep.Hello hello = assertInstanceOf(BackendStep.Hello.class, step);
    assertEquals(method, hello.method());
    return hello.response();
  }

  private static byte[] respond(BackendStep step) {
    return assertInstanceOf(BackendStep.Respond.class, step).payload();
  }

  private static BackendStep.Failed failed(BackendFailure reason, BackendStep step) {
    BackendStep.Failed failed = assertInstanceOf(BackendStep.Failed.class, step);
    assertEquals(reason, failed.reason(), failed.text());
    assertFalse(failed.text().contains("secret"), failed.text());
    return failed;
  }
}
