package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
  /** The exchange of RFC 7677 as PostgreSQL would store it. */
  private static final String PENCIL =
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
          + ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

  @Test
  void readsAVerifierOfPostgres() {
    Credentials credentials = Credentials.parse("app", PENCIL);

    assertNotNull(credentials.scram());
    assertNull(credentials.md5());
    assertEquals(PENCIL, credentials.scram().text());
  }

  @Test
  void derivesTheVerifierThatPostgresWouldStore() {
    byte[] salt = ScramVerifier.parse(PENCIL).salt();

    assertEquals(PENCIL, ScramVerifier.derive(new Password("pencil"), salt, 4096).text());
  }

  @Test
  void readsAnMd5VerifierOfPostgres() {
    Credentials credentials = Credentials.parse("app", "md5" + "AB".repeat(16));

    assertNotNull(credentials.md5());
    assertNull(credentials.scram());
  }

  @Test
  void takesTheRestForAPlainPasswordAsPostgresDoes() {
    for (String password :
        List.of("secret", "md5", "md5xyz", "SCRAM-SHA-256", "md5" + "g".repeat(32))) {
      Credentials credentials = Credentials.parse("app", password);
      assertNotNull(credentials.scram(), password);
      assertNotNull(credentials.md5(), password);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SCRAM-SHA-256$",
        "SCRAM-SHA-256$4096",
        "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$99999999999:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:!$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AAAA:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qYA:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
      })
  void refusesABrokenVerifierWithoutRepeatingIt(String secret) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> Credentials.parse("app", secret));

    assertEquals(
        "not a verifier of the form SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>",
        refusal.getMessage());
  }

  @Test
  void refusesPasswordsThatTheProtocolCanNotCarry() {
    assertThrows(IllegalArgumentException.class, () -> new Password(""));
    assertThrows(IllegalArgumentException.class, () -> new Password("a\0b"));
  }

  /** Expected values: Python's hashlib and unicodedata. */
  @Test
  void preparesPasswordsBeforeItSaltsThem() {
    assertDerives(
        "p\u00e4 \u2168 wort",
        "z/G/56liEOw11pr5GbrpYS1RSq1EtI0gFASMc2sRXtk=:YhS7faf/r6WYnJoP/N0NGDTA72xTLbaSpXv3/4vZyIw=");
    assertDerives(
        "\u0007\u2168",
        "jS5XvLiiEAX963pIlY/GTZEOgTg4Khnht9XuQ+mnZKw=:GFq8iicUPUeAqOsi2Uj/kz6HVG5nj1V3t1Z9+AbEWmM=");
    assertDerives(
        "x".repeat(65_536),
        "NgB0l/5X/sNVhX4Xd6lHKjXmHSbN8wmAkEES2MSc8gg=:l3FP6M9dipCgPIaf2wjdWQT4KkAg4o+uC8lY9pfv7y4=");
  }

  private static void assertDerives(String password, String keys) {
    ScramVerifier verifier =
        ScramVerifier.derive(new Password(password), ScramVerifier.parse(PENCIL).salt(), 4096);

    assertEquals("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" + keys, verifier.text());
  }

  @Test
  void showsNoSecret() {
    Password password = new Password("pencil");
    ScramVerifier verifier = ScramVerifier.parse(PENCIL);
    List<Object> secrets =
        List.of(
            password,
            verifier,
            Md5Hash.of("app", password),
            Credentials.parse("app", PENCIL),
            new KeyDerivation(password, new byte[16], 1),
            ScramKey.of(new byte[32]),
            new PassedKeys(verifier.salt(), 4096, ScramKey.of(new byte[32])),
            BackendLogin.of("app", password, false));
    for (Object secret : secrets) {
      assertFalse(secret.toString().contains("pencil"), secret.toString());
      assertFalse(secret.toString().contains("WG5d"), secret.toString());
    }
  }

  @Test
  void keepsKeysApartByPasswordSaltAndIterations() {
    ScramKeys keys = new ScramKeys();
    Password password = new Password("a");
    ScramKey key = ScramKey.of(new byte[32]);
    keys.remember(password, new byte[] {1}, 10, key);

    assertEquals(key, keys.find(new Password("a"), new byte[] {1}, 10));
    assertNull(keys.find(new Password("b"), new byte[] {1}, 10));
    assertNull(keys.find(password, new byte[] {2}, 10));
    assertNull(keys.find(password, new byte[] {1}, 11));
  }

  @Test
  void holdsABoundedNumberOfKeys() {
    ScramKeys keys = new ScramKeys();
    ScramKey key = ScramKey.of(new byte[32]);
    for (int i = 0; i < 3000; i++) {
      keys.remember(new Password("p"), new byte[] {1}, i, key);
    }

    assertEquals(1024, keys.size());
    assertNotNull(keys.find(new Password("p"), new byte[] {1}, 2999));
    assertNull(keys.find(new Password("p"), new byte[] {1}, 0));
  }
}
