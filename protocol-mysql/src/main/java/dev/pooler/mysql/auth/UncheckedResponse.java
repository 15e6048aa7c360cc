package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * The end of a login whose response nobody checks: the client's plugin must still come to its own
 * end. One that answered a method it wasn't offered has sent nothing and waits for its challenge
 * (libmysqlclient): it gets one.
 */
final class UncheckedResponse {
  static final int MAX_RESPONSE = 1024;

  private sealed interface State {
    record Idle() implements State {}

    record Switched() implements State {}

    record Ended() implements State {}
  }

  private final String user;
  private final Offer offer;
  private final SecureRandom random;
  private State state = new State.Idle();

  UncheckedResponse(String user, Offer offer, SecureRandom random) {
    this.user = user;
    this.offer = offer;
    this.random = random;
  }

  AuthStep begin(@Nullable String plugin, byte[] response) {
    if (!(state instanceof State.Idle)) {
      throw new IllegalStateException("begun twice, in " + state);
    }
    if (plugin == null || plugin.equals(offer.method().plugin()) || response.length > 0) {
      return granted(AuthMethod.CACHING_SHA2_PASSWORD.plugin().equals(plugin), response);
    }
    state = new State.Switched();
    return new AuthStep.Switch(offer.method(), Nonce.next(random).terminated());
  }

  AuthStep onResponse(byte[] body) {
    if (!(state instanceof State.Switched)) {
      throw new IllegalStateException("no response is awaited in " + state);
    }
    if (body.length > MAX_RESPONSE) {
      state = new State.Ended();
      return AuthRefusal.TOO_LARGE.handshake("a response of more than 1024 bytes");
    }
    return granted(offer.method() == AuthMethod.CACHING_SHA2_PASSWORD, body);
  }

  private AuthStep granted(boolean cachingSha2, byte[] response) {
    state = new State.Ended();
    // Without a password the client sends nothing or a NUL, and waits for OK alone.
    boolean proof = cachingSha2 && response.length == CachingSha2.RESPONSE_BYTES;
    return new AuthStep.Granted(user, proof ? new byte[] {CachingSha2.FAST_SUCCESS} : null, null);
  }
}
