package dev.pooler.mysql.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Trust and peer: nobody looks at what the client sends, and the client must not notice. */
class UncheckedLoginTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String SHA2 = "caching_sha2_password";

  private final Offer offer = Offer.next(RANDOM);

  @Test
  @Tag("mysql-case-103")
  void aResponseIsWelcomedAsItsMethodExpects() {
    assertArrayEquals(new byte[] {3}, granted(trust().begin(SHA2, new byte[32])));
    assertNull(granted(trust().begin(SHA2, new byte[0])));
    assertNull(granted(trust().begin(SHA2, new byte[1])));
    assertNull(granted(trust().begin("mysql_native_password", new byte[20])));
    assertNull(granted(trust().begin(null, new byte[20])));
    assertArrayEquals(new byte[] {3}, granted(trust().change(SHA2, new byte[32])));
  }

  /** Its plugin waits for a challenge before it sends anything. */
  @Test
  void whoHasSentNothingForAnotherMethodGetsAChallenge() {
    Trust trust = trust();
    AuthStep.Switch asked =
        assertInstanceOf(AuthStep.Switch.class, trust.begin("sha256_password", new byte[0]));
    assertEquals(AuthMethod.CACHING_SHA2_PASSWORD, asked.method());
    assertNotNull(Nonce.read(asked.data()));
    assertArrayEquals(new byte[] {3}, granted(trust.onResponse(new byte[32])));
    assertThrows(IllegalStateException.class, () -> trust.onResponse(new byte[32]));
  }

  @Test
  void peerLetsInOurOwnUidAndMappedOnes() {
    Map<Integer, String> mapped = Map.of(1000, "app", -2, "nobody");
    assertArrayEquals(new byte[] {3}, granted(peer("any", 7, mapped)));
    assertArrayEquals(new byte[] {3}, granted(peer("app", 1000, mapped)));
    assertArrayEquals(new byte[] {3}, granted(peer("nobody", -2, mapped)));
    refused(AuthRefusal.PEER_USER, "uid 1000 in as \"app\" only", peer("other", 1000, mapped));
    refused(AuthRefusal.PEER_UID, "add \"8: app\"", peer("app", 8, mapped));
    refused(AuthRefusal.PEER_UID, "4294967295", peer("app", -1, mapped));
  }

  private AuthStep peer(String user, int uid, Map<Integer, String> mapped) {
    return new Peer(user, uid, 7, mapped, offer, RANDOM).begin(SHA2, new byte[32]);
  }

  private Trust trust() {
    return new Trust("app", offer, RANDOM);
  }

  private static byte @Nullable [] granted(AuthStep step) {
    return assertInstanceOf(AuthStep.Granted.class, step).more();
  }

  private static void refused(AuthRefusal reason, String words, AuthStep step) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, step);
    assertEquals(reason, refused.reason());
    assertTrue(refused.text().contains(words), refused.text());
    assertEquals(1698, refused.reason().errno());
  }
}
