package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Valid exchanges with bytes changed, cut or added: each ends in an answer, and none in a grant.
 */
class AuthenticationFuzzTest {
  private static final int RUNS = 4_000;
  private static final SecureRandom SECURE = new SecureRandom();

  private final Random random = new Random(7677);
  private final ScramVerifier verifier =
      ScramVerifier.derive(new Password("pencil"), new byte[16], 16);
  private final UserStore users =
      new UserStore(Map.of("u", new Credentials(verifier, null)), UserStore.newMockSecret());

  @Test
  @Tag("advisory-CVE-2026-6664")
  @Tag("advisory-odyssey-140a9a77")
  void noChangedFirstMessageIsMoreThanAskedOnOrRefused() {
    for (int i = 0; i < RUNS; i++) {
      ScramSha256 server = new ScramSha256("u", users, SECURE);
      server.begin();
      ScramClient client = ScramPeer.client("pencil");
      byte[] body = ScramPeer.initial(client.clientFirstMessage().toString());
      assertFalse(server.onResponse(changed(body)) instanceof AuthStep.Granted);
    }
  }

  @Test
  void noChangedProofIsGranted() throws Exception {
    for (int i = 0; i < RUNS; i++) {
      ScramSha256 server = new ScramSha256("u", users, SECURE);
      server.begin();
      ScramClient client = ScramPeer.client("pencil");
      byte[] first = ScramPeer.initial(client.clientFirstMessage().toString());
      AuthStep.Request challenge =
          assertInstanceOf(AuthStep.Request.class, server.onResponse(first));
      client.serverFirstMessage(ScramPeer.text(challenge.data()));
      byte[] last = ScramPeer.bytes(client.clientFinalMessage().toString());
      assertInstanceOf(AuthStep.Refused.class, server.onResponse(changed(last)));
    }
  }

  @Test
  @Tag("advisory-CVE-2026-6665")
  void noChangedServerMessageIsTakenForAProof() {
    int failures = 0;
    for (int i = 0; i < RUNS; i++) {
      BackendConversation conversation = new BackendConversation(new Password("pencil"));
      int victim = random.nextInt(3);
      BackendStep end =
          conversation.run(
              new ScramSha256("u", users, SECURE),
              (index, data) -> index == victim ? changed(data) : data);
      failures += end instanceof BackendStep.Failed ? 1 : 0;
    }
    // A changed list may still offer SCRAM-SHA-256, so a few of those logins are right to succeed.
    assertTrue(failures > RUNS * 8 / 10, "only " + failures + " failures");
  }

  /** Never equal to what came in. */
  private byte[] changed(byte[] good) {
    byte[] bad =
        switch (random.nextInt(4)) {
          case 0 -> Arrays.copyOf(good, random.nextInt(good.length));
          case 1 -> Arrays.copyOf(good, good.length + 1 + random.nextInt(20));
          default -> good.clone();
        };
    for (int n = random.nextInt(3); n >= 0 && bad.length > 0; n--) {
      bad[random.nextInt(bad.length)] = (byte) random.nextInt(128);
    }
    return Arrays.equals(good, bad) ? Arrays.copyOf(good, good.length - 1) : bad;
  }
}
