package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.ChannelBinding;
import dev.pooler.testkit.server.ServerCertificates;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Our login at a backend, bound to its certificate or not, against a server of our own. */
@Tag("case-25")
class ChannelBindingTest {
  private static final Password PENCIL = new Password("pencil");
  private static final UserStore USERS =
      new UserStore(Map.of("u", Credentials.parse("u", "pencil")), UserStore.newMockSecret());

  private static Certificate certificate(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static Certificate servers() throws Exception {
    return certificate(ServerCertificates.cached().certificateFile());
  }

  private static ScramSha256 server(byte[] binding) {
    return new ScramSha256("u", USERS.find("u"), USERS, binding, new SecureRandom());
  }

  private static BackendConversation login(ChannelBinding binding) {
    return new BackendConversation(BackendLogin.of("u", PENCIL, false, binding), new ScramKeys());
  }

  @Test
  void theProofIsBoundToTheCertificateThatBothSidesSee() throws Exception {
    byte[] binding = Objects.requireNonNull(EndPointBinding.of(servers()));
    for (ChannelBinding wanted : ChannelBinding.values()) {
      assertEquals(new BackendStep.Done(), login(wanted).encrypted(servers()).run(server(binding)));
    }
  }

  /** Needs the client's flag 'y': the offer of PLUS was taken out on its way. */
  @Test
  void aServerThatOffersToBindNoticesThatItsOfferWasTakenAway() throws Exception {
    byte[] binding = Objects.requireNonNull(EndPointBinding.of(servers()));
    BackendStep end =
        login(ChannelBinding.PREFER)
            .encrypted(servers())
            .run(
                server(binding),
                (index, data) -> index == 0 ? ScramPeer.bytes("SCRAM-SHA-256\0\0") : data);
    assertInstanceOf(BackendStep.Failed.class, end);
  }

  @Test
  void whoShowsAnotherCertificateInBetweenIsNotLetThrough() throws Exception {
    byte[] binding = Objects.requireNonNull(EndPointBinding.of(servers()));
    Certificate another = certificate(ServerCertificates.cached().caFile());
    BackendStep end = login(ChannelBinding.PREFER).encrypted(another).run(server(binding));
    assertInstanceOf(BackendStep.Failed.class, end);
  }

  @Test
  void requireTakesNothingLess() throws Exception {
    ScramSha256 unbound = new ScramSha256("u", USERS, new SecureRandom());
    BackendStep.Failed failed =
        assertInstanceOf(
            BackendStep.Failed.class,
            login(ChannelBinding.REQUIRE).encrypted(servers()).run(unbound));
    assertEquals(BackendFailure.METHOD_NOT_ALLOWED, failed.reason());
    assertTrue(failed.text().contains("channel-binding"), failed.text());
    failed =
        assertInstanceOf(
            BackendStep.Failed.class, login(ChannelBinding.REQUIRE).run(new Trust("u")));
    assertEquals(BackendFailure.METHOD_NOT_ALLOWED, failed.reason());
  }
}
