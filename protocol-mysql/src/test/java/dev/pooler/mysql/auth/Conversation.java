package dev.pooler.mysql.auth;

import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Our two sides talk with each other, payload by payload, as one would over a socket. What has been
 * said is kept in words.
 */
final class Conversation {
  /** More than any login needs. */
  private static final int MAX_TURNS = 20;

  private final BackendAuthentication backend;
  private final ClientAuthentication client;
  private final StringBuilder said = new StringBuilder();

  /** Changes the n-th payload on its way; both directions count. */
  private IntFunction<UnaryOperator<byte[]>> tamper = _ -> payload -> payload;

  private int payloads;
  @Nullable BackendStep backendEnd;
  @Nullable AuthStep clientEnd;

  Conversation(BackendAuthentication backend, ClientAuthentication client) {
    this.backend = backend;
    this.client = client;
  }

  Conversation tampering(IntFunction<UnaryOperator<byte[]>> change) {
    tamper = change;
    return this;
  }

  /** As after a greeting. */
  Conversation greeted(Offer offer) {
    BackendStep hello = backend.begin(offer.method().plugin(), offer.nonce().terminated());
    if (hello instanceof BackendStep.Hello(AuthMethod method, byte[] response)) {
      said.append("hello ").append(method.plugin());
      converse(client.begin(method.plugin(), onTheWay(response)));
    } else {
      backendEnd = hello;
    }
    return this;
  }

  /** As with COM_CHANGE_USER long after that greeting. */
  Conversation changed(Offer offer) {
    BackendStep hello = backend.begin(offer.method().plugin(), offer.nonce().bytes());
    if (hello instanceof BackendStep.Hello(AuthMethod method, byte[] response)) {
      said.append("change ").append(method.plugin());
      converse(client.change(method.plugin(), onTheWay(response)));
    }
    return this;
  }

  String said() {
    return said.toString();
  }

  boolean granted() {
    return clientEnd instanceof AuthStep.Granted && backendEnd instanceof BackendStep.Done;
  }

  private void converse(AuthStep first) {
    AuthStep step = first;
    for (int turn = 0; turn < MAX_TURNS; turn++) {
      switch (step) {
        case AuthStep.Switch(AuthMethod method, byte[] data) -> {
          said.append(", switch ").append(method.plugin());
          step = tell(Wire.switchTo(method.plugin(), data));
        }
        case AuthStep.More(byte[] data) -> {
          said.append(data.length == 1 ? ", more " + data[0] : ", key");
          step = tell(Wire.more(data));
        }
        case AuthStep.Check(PasswordCheck check) -> {
          said.append(", check");
          step = client.onChecked(check.run());
        }
        case AuthStep.Granted granted -> {
          clientEnd = granted;
          byte[] more = granted.more();
          if (more != null) {
            said.append(", more ").append(more[0]);
            tell(Wire.more(more));
          }
          if (backendEnd == null) {
            tell(Wire.OK);
          }
          return;
        }
        case AuthStep.Refused refused -> {
          clientEnd = refused;
          tell(Wire.err(refused.reason().errno(), refused.reason().sqlState(), refused.text()));
          return;
        }
      }
      if (step == null) {
        return;
      }
    }
    throw new AssertionError("no end: " + said);
  }

  /** Hands the backend's side a payload, and the client's side the answer; null at the end. */
  private @Nullable AuthStep tell(byte[] payload) {
    BackendStep step = backend.onPacket(onTheWay(payload));
    if (step instanceof BackendStep.Derive(Derivation derivation)) {
      step = backend.onDerived(derivation.derive());
    }
    if (step instanceof BackendStep.Respond(byte[] body)) {
      if (clientEnd != null) {
        backendEnd = step;
        return null;
      }
      return client.onResponse(onTheWay(body));
    }
    if (!(step instanceof BackendStep.Wait)) {
      backendEnd = step;
    }
    return null;
  }

  private byte[] onTheWay(byte[] payload) {
    return tamper.apply(payloads++).apply(payload);
  }
}
