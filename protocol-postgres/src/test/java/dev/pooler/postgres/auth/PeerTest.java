package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerTest {
  private static final int OURS = 999;

  @Test
  void letsOurOwnUidInAsAnyUser() {
    assertEquals("app", granted(new Peer("app", OURS, OURS, Map.of())));
    assertEquals("admin", granted(new Peer("admin", OURS, OURS, Map.of(1000, "app"))));
  }

  @Test
  void letsAMappedUidInAsItsUserOnly() {
    assertEquals("app", granted(new Peer("app", 1000, OURS, Map.of(1000, "app"))));
    assertRefused(
        AuthRefusal.PEER_USER,
        "peer authentication failed for user \"admin\": the listener's allow-uids lets uid 1000 in as"
            + " \"app\" only",
        new Peer("admin", 1000, OURS, Map.of(1000, "app")));
  }

  @Test
  void namesTheUidAndTheKeyWhenItRefuses() {
    assertRefused(
        AuthRefusal.PEER_UID,
        "peer authentication failed for user \"app\": uid 1001 may not connect: add \"1001: app\" to"
            + " the listener's allow-uids",
        new Peer("app", 1001, OURS, Map.of(1000, "app")));
  }

  @Test
  void doesNotLetRootInUnasked() {
    assertRefused(
        AuthRefusal.PEER_UID,
        "peer authentication failed for user \"app\": uid 0 may not connect: add \"0: app\" to the"
            + " listener's allow-uids",
        new Peer("app", 0, OURS, Map.of()));
  }

  @Test
  void narrowsOurOwnUidWhereItIsMapped() {
    Peer admin = new Peer("admin", OURS, OURS, Map.of(OURS, "app"));

    assertEquals(
        AuthRefusal.PEER_USER, assertInstanceOf(AuthStep.Refused.class, admin.begin()).reason());
  }

  @Test
  void readsUidsUnsigned() {
    AuthStep step = new Peer("app", -2, OURS, Map.of()).begin();

    assertEquals(
        "uid 4294967294 may not connect: add \"4294967294: app\" to the listener's allow-uids",
        assertInstanceOf(AuthStep.Refused.class, step).detail());
  }

  @Test
  void asksForNothing() {
    Peer peer = new Peer("app", OURS, OURS, Map.of());

    assertThrows(IllegalStateException.class, () -> peer.onResponse(new byte[0]));
    assertThrows(IllegalStateException.class, () -> new Trust("app").onResponse(new byte[0]));
    assertEquals(0, peer.maxResponse());
  }

  private static String granted(Peer peer) {
    return assertInstanceOf(AuthStep.Granted.class, peer.begin()).user();
  }

  private static void assertRefused(AuthRefusal reason, String text, Peer peer) {
    AuthStep.Refused refused = assertInstanceOf(AuthStep.Refused.class, peer.begin());
    assertEquals(reason, refused.reason());
    assertEquals(text, refused.text());
    assertEquals("28000", refused.reason().sqlState());
  }
}
