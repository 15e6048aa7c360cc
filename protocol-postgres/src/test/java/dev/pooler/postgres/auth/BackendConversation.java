package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.security.SecureRandom;
import java.security.cert.Certificate;
import org.jspecify.annotations.Nullable;

/** Our login at a backend against a server of the other side of this package. */
final class BackendConversation {
  /** Sees each Authentication message's data, by its number from 0, and may change it. */
  interface Tap {
    byte[] pass(int index, byte[] data);
  }

  private final BackendAuthentication login;
  private int messages;
  int derivations;

  BackendConversation(BackendSecret secret) {
    this(secret, new ScramKeys());
  }

  BackendConversation(BackendSecret secret, ScramKeys keys) {
    this(BackendLogin.of("u", secret, false), keys);
  }

  BackendConversation(BackendLogin login, ScramKeys keys) {
    this.login = new BackendAuthentication(login, keys, new SecureRandom());
  }

  /** TLS stands between, with this certificate of the server. */
  BackendConversation encrypted(Certificate certificate) {
    login.encrypted(certificate);
    return this;
  }

  BackendStep run(ClientAuthentication server) {
    return run(server, (_, data) -> data);
  }

  /** Until we are done or failed, or the server refused: then the last Respond is what is left. */
  BackendStep run(ClientAuthentication server, Tap tap) {
    AuthStep step = server.begin();
    while (true) {
      switch (step) {
        case AuthStep.Request(int code, byte[] data) -> {
          BackendStep next = request(code, tap.pass(messages++, data));
          if (!(next instanceof BackendStep.Respond respond)) {
            return next;
          }
          step = server.onResponse(respond.body());
          if (step instanceof AuthStep.Refused) {
            return new BackendStep.Failed(BackendFailure.PROTOCOL, "refused by the server");
          }
        }
        case AuthStep.Granted granted -> {
          return end(granted.finalData(), tap);
        }
        case AuthStep.Refused refused -> throw new AssertionError(refused);
      }
    }
  }

  private BackendStep end(byte @Nullable [] finalData, Tap tap) {
    if (finalData != null) {
      BackendStep last = request(AuthCode.SASL_FINAL, tap.pass(messages++, finalData));
      if (last instanceof BackendStep.Failed) {
        return last;
      }
      assertEquals(new BackendStep.Wait(), last);
    }
    return login.onRequest(AuthCode.OK, new byte[0]);
  }

  private BackendStep request(int code, byte[] data) {
    BackendStep step = login.onRequest(code, data);
    if (step instanceof BackendStep.Derive(KeyDerivation derivation)) {
      derivations++;
      step = login.onKey(derivation.derive());
      assertInstanceOf(BackendStep.Respond.class, step);
    }
    return step;
  }
}
