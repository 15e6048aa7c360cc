package dev.pooler.postgres.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * SCRAM-SHA-256, over TLS SCRAM-SHA-256-PLUS too, as a server (RFC 5802, RFC 7677; manual, "SASL
 * Authentication"). A user that is unknown, or has no SCRAM verifier, goes through the same steps
 * with a verifier that can't be met.
 *
 * <pre>
 *   Idle → AwaitMechanism → [AwaitFirst →] AwaitProof → Ended
 * </pre>
 *
 * AwaitFirst is for a client whose SASLInitialResponse holds no message: it gets an empty
 * challenge.
 */
public final class ScramSha256 implements ClientAuthentication {
  static final String MECHANISM = "SCRAM-SHA-256";
  static final String PLUS = "SCRAM-SHA-256-PLUS";

  /** PostgreSQL's PG_MAX_SASL_MESSAGE_LENGTH. */
  private static final int MAX_SASL_MESSAGE = 1024;

  /** PostgreSQL's SCRAM_RAW_NONCE_LEN. */
  private static final int NONCE_BYTES = 18;

  private sealed interface State {
    record Idle() implements State {}

    record AwaitMechanism() implements State {}

    record AwaitFirst(boolean plus) implements State {}

    record AwaitProof(
        ScramClientMessages.First first, String serverFirst, String nonce, boolean plus)
        implements State {}

    record Ended() implements State {}
  }

  private final String user;
  private final Supplier<String> nonces;
  private final ScramVerifier verifier;

  private final byte @Nullable [] binding;
  private final boolean doomed;
  private final boolean passes;
  private final AuthRefusal refusal;

  private State state = new State.Idle();

  /** A user of the configuration, or of no name that is known. */
  public ScramSha256(String user, UserStore users, SecureRandom random) {
    this(user, users.find(user), users, null, random);
  }

  /**
   * A user that was looked up.
   *
   * @param known null where nobody has this name
   * @param users makes the verifier that nobody can meet
   * @param binding of the TLS that the client speaks with us; null where channel binding isn't
   *     offered
   */
  public ScramSha256(
      String user,
      @Nullable Credentials known,
      UserStore users,
      byte @Nullable [] binding,
      SecureRandom random) {
    this(user, known, users, binding, () -> nonce(random));
  }

  /** With nonces of the caller, for tests against published exchanges. */
  ScramSha256(String user, UserStore users, Supplier<String> nonces) {
    this(user, users.find(user), users, null, nonces);
  }

  ScramSha256(
      String user,
      @Nullable Credentials known,
      UserStore users,
      byte @Nullable [] binding,
      Supplier<String> nonces) {
    this.binding = binding;
    this.user = user;
    this.nonces = nonces;
    // Made for known users too, so that time does not tell them from the others.
    ScramVerifier mock = users.mockScram(user);
    ScramVerifier own = known == null ? null : known.scram();
    this.verifier = own == null ? mock : own;
    this.doomed = own == null;
    this.passes = known != null && !known.derived();
    this.refusal = refusal(known);
  }

  @Override
  public AuthStep begin() {
    if (!(state instanceof State.Idle)) {
      throw new IllegalStateException("begun twice, in " + state.getClass().getSimpleName());
    }
    become(new State.AwaitMechanism());
    String offered = binding == null ? MECHANISM : PLUS + "\0" + MECHANISM;
    return new AuthStep.Request(AuthCode.SASL, bytes(offered + "\0\0"));
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    State before = state;
    become(new State.Ended());
    try {
      if (body.length > MAX_SASL_MESSAGE) {
        throw MalformedSasl.of(AuthRefusal.TOO_LARGE, "SASL message is longer than 1024 bytes");
      }
      return switch (before) {
        case State.AwaitMechanism _ -> onMechanism(SaslInitialResponse.parse(body));
        case State.AwaitFirst(boolean plus) -> onFirst(ScramClientMessages.first(body), plus);
        case State.AwaitProof wait -> onLast(wait, ScramClientMessages.last(body));
        case State.Idle _, State.Ended _ ->
            throw new IllegalStateException("no response is awaited in " + before);
      };
    } catch (MalformedSasl e) {
      return e.refused();
    }
  }

  @Override
  public int maxResponse() {
    return MAX_SASL_MESSAGE;
  }

  private AuthStep onMechanism(SaslInitialResponse response) throws MalformedSasl {
    boolean plus = binding != null && response.mechanism().equals(PLUS);
    if (!plus && !response.mechanism().equals(MECHANISM)) {
      throw MalformedSasl.of(
          AuthRefusal.UNSUPPORTED_MECHANISM,
          "client selected a SASL mechanism other than " + MECHANISM);
    }
    byte[] data = response.data();
    if (data == null) {
      become(new State.AwaitFirst(plus));
      return new AuthStep.Request(AuthCode.SASL_CONTINUE, new byte[0]);
    }
    return onFirst(ScramClientMessages.first(data), plus);
  }

  private AuthStep onFirst(ScramClientMessages.First first, boolean plus) throws MalformedSasl {
    checkFlag(first.binding(), plus);
    String nonce = first.nonce() + nonces.get();
    String salt = Base64.getEncoder().encodeToString(verifier.salt());
    String serverFirst = "r=%s,s=%s,i=%d".formatted(nonce, salt, verifier.iterations());
    become(new State.AwaitProof(first, serverFirst, nonce, plus));
    return new AuthStep.Request(AuthCode.SASL_CONTINUE, bytes(serverFirst));
  }

  private AuthStep onLast(State.AwaitProof wait, ScramClientMessages.Final last)
      throws MalformedSasl {
    if (!last.channelBinding().equals(bound(wait))) {
      if (wait.plus()) {
        throw MalformedSasl.of(AuthRefusal.BINDING_MISMATCH, "SCRAM channel binding check failed");
      }
      throw MalformedSasl.message("channel binding attribute does not repeat the GS2 header");
    }
    if (!last.nonce().equals(wait.nonce())) {
      throw MalformedSasl.message("nonce does not match");
    }
    byte[] authMessage =
        bytes(wait.first().bare() + "," + wait.serverFirst() + "," + last.withoutProof());
    byte[] clientKey =
        Hashes.xor(last.proof(), Hashes.hmacSha256(verifier.storedKey(), authMessage));
    // Computed for the doomed too, and to the last byte, so that time tells nothing.
    boolean proven = MessageDigest.isEqual(Hashes.sha256(clientKey), verifier.storedKey());
    if (!proven || doomed) {
      return refusal.password(user, refusal.label());
    }
    return granted(clientKey, authMessage);
  }

  /** RFC 5802, section 6: who could bind and thinks that we can't was told so by somebody else. */
  private void checkFlag(char flag, boolean plus) throws MalformedSasl {
    if (plus != (flag == 'p')) {
      throw plus
          ? MalformedSasl.message("the mechanism binds to the channel and the message does not")
          : MalformedSasl.of(
              AuthRefusal.CHANNEL_BINDING,
              "channel binding is not offered here: connect without channel_binding=require");
    }
    if (flag == 'y' && binding != null) {
      throw MalformedSasl.of(
          AuthRefusal.BINDING_MISMATCH,
          "SCRAM channel binding negotiation error: it is offered here, and the client was told"
              + " that it isn't");
    }
  }

  /** What the final message must repeat: the header, and what both see of the TLS between them. */
  private String bound(State.AwaitProof wait) {
    byte[] header = bytes(wait.first().header());
    byte[] data = wait.plus() && binding != null ? binding : new byte[0];
    byte[] all = Arrays.copyOf(header, header.length + data.length);
    System.arraycopy(data, 0, all, header.length, data.length);
    return Base64.getEncoder().encodeToString(all);
  }

  private AuthStep granted(byte[] clientKey, byte[] authMessage) {
    byte[] signature = Hashes.hmacSha256(verifier.serverKey(), authMessage);
    ScramKey key = new ScramKey(clientKey, verifier.serverKey());
    return new AuthStep.Granted(
        user,
        bytes("v=" + Base64.getEncoder().encodeToString(signature)),
        passes ? new PassedKeys(verifier.salt(), verifier.iterations(), key) : null);
  }

  private void become(State next) {
    state = next;
  }

  private static AuthRefusal refusal(@Nullable Credentials known) {
    if (known == null) {
      return AuthRefusal.UNKNOWN_USER;
    }
    return known.scram() == null ? AuthRefusal.NO_FITTING_VERIFIER : AuthRefusal.WRONG_PASSWORD;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String nonce(SecureRandom random) {
    byte[] bytes = new byte[NONCE_BYTES];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
