package dev.pooler.postgres.auth;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.exception.ScramException;
import dev.pooler.core.config.ChannelBinding;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Our login at one backend: takes the Authentication messages ('R'), says what to answer. No
 * channel, no clock, and nothing here blocks: the PBKDF2 of SCRAM is handed out as {@link
 * BackendStep.Derive}. One object serves one login, on one thread at a time. The caller handles
 * ErrorResponse itself.
 *
 * <pre>
 *   Start → Answered                                  → Ended (AuthenticationOk)
 *   Start → ScramBegun → [Deriving →] ProofSent → Verified → Ended
 * </pre>
 *
 * From ScramBegun on AuthenticationOk is taken only in Verified: a server that skips its own proof
 * is not the one that holds the verifier.
 */
public final class BackendAuthentication {
  private static final String SET_PASSWORD =
      ": set `password` of this database in pooler's configuration, or let that user's clients log"
          + " in by scram-sha-256 against the backend's own verifier";

  private sealed interface State {
    record Start() implements State {}

    record Answered() implements State {}

    record ScramBegun(BackendScram scram) implements State {}

    record Deriving(BackendScram scram, BackendScram.Challenge challenge) implements State {}

    record ProofSent(ScramClient client, BackendScram.Challenge challenge, ScramKey key)
        implements State {}

    record Verified() implements State {}

    record Ended() implements State {}
  }

  private final BackendLogin login;
  private final ScramKeys keys;
  private final SecureRandom random;

  private byte @Nullable [] binding;
  private State state = new State.Start();

  /**
   * One login that has not begun.
   *
   * @param keys shared by all logins of the process
   */
  public BackendAuthentication(BackendLogin login, ScramKeys keys, SecureRandom random) {
    this.login = login;
    this.keys = keys;
    this.random = random;
  }

  /**
   * TLS is in front: what SCRAM can be bound to. Before the first request.
   *
   * @param server the server's certificate
   */
  public void encrypted(Certificate server) {
    binding = EndPointBinding.of(server);
  }

  /**
   * One Authentication message. Never blocks.
   *
   * @param data what follows the code
   * @throws IllegalStateException after Failed or Done, or while a derivation is under way
   */
  public BackendStep onRequest(int authCode, byte[] data) {
    BackendStep step =
        switch (state) {
          case State.Start _ -> onFirst(authCode, data);
          case State.Answered _ -> authCode == AuthCode.OK ? done() : unexpected(authCode);
          case State.ScramBegun(BackendScram scram) ->
              authCode == AuthCode.SASL_CONTINUE ? onChallenge(scram, data) : unproven(authCode);
          case State.ProofSent sent ->
              authCode == AuthCode.SASL_FINAL ? onFinal(sent, data) : unproven(authCode);
          case State.Verified _ -> authCode == AuthCode.OK ? done() : unexpected(authCode);
          case State.Deriving _, State.Ended _ ->
              throw new IllegalStateException("no request is awaited in " + name(state));
        };
    if (step instanceof BackendStep.Failed) {
      become(new State.Ended());
    }
    return step;
  }

  /** The result of {@link BackendStep.Derive}, on the thread that calls onRequest. Never blocks. */
  public BackendStep onKey(ScramKey key) {
    if (!(state instanceof State.Deriving(BackendScram scram, BackendScram.Challenge challenge))) {
      throw new IllegalStateException("no key is awaited in " + name(state));
    }
    BackendStep step = prove(scram, challenge, key);
    if (step instanceof BackendStep.Failed) {
      become(new State.Ended());
    }
    return step;
  }

  private BackendStep onFirst(int authCode, byte[] data) {
    return switch (authCode) {
      case AuthCode.OK -> allows(BackendMethod.NONE) ? done() : notAllowed(BackendMethod.NONE);
      case AuthCode.CLEARTEXT_PASSWORD -> cleartext();
      case AuthCode.MD5_PASSWORD -> md5(data);
      case AuthCode.SASL -> sasl(data);
      case AuthCode.SASL_CONTINUE, AuthCode.SASL_FINAL -> unexpected(authCode);
      default -> unsupported(authCode);
    };
  }

  private BackendStep cleartext() {
    if (!allows(BackendMethod.PASSWORD)) {
      return notAllowed(BackendMethod.PASSWORD);
    }
    if (!(login.secret() instanceof Password password)) {
      return noPassword("a password");
    }
    become(new State.Answered());
    return new BackendStep.Respond(terminated(password.utf8()), login.exposed());
  }

  private BackendStep md5(byte[] salt) {
    if (!allows(BackendMethod.MD5)) {
      return notAllowed(BackendMethod.MD5);
    }
    if (salt.length != 4) {
      return failed(
          BackendFailure.PROTOCOL, "the backend sent an md5 salt that isn't 4 bytes long");
    }
    if (!(login.secret() instanceof Password password)) {
      return noPassword("an md5 password");
    }
    become(new State.Answered());
    byte[] answer = Md5Hash.of(login.user(), password).salted(salt);
    return new BackendStep.Respond(terminated(answer), false);
  }

  private BackendStep sasl(byte[] data) {
    // The list ends with an empty name; split drops it.
    List<String> offered = List.of(new String(data, StandardCharsets.ISO_8859_1).split("\0"));
    byte[] bindable = login.binding() == ChannelBinding.DISABLE ? null : binding;
    boolean plus = bindable != null && offered.contains(ScramSha256.PLUS);
    if (!plus && login.binding() == ChannelBinding.REQUIRE) {
      return failed(
          BackendFailure.METHOD_NOT_ALLOWED,
          "the backend offers "
              + String.join(", ", offered)
              + (binding == null ? " without a TLS certificate to bind to" : "")
              + ", and tls.channel-binding is require");
    }
    if (!plus && !offered.contains(ScramSha256.MECHANISM)) {
      return failed(
          BackendFailure.UNSUPPORTED_METHOD,
          "the backend offers "
              + String.join(", ", offered)
              + ", and pooler knows SCRAM-SHA-256, over TLS SCRAM-SHA-256-PLUS too");
    }
    if (!allows(BackendMethod.SCRAM_SHA_256)) {
      return notAllowed(BackendMethod.SCRAM_SHA_256);
    }
    if (login.secret() instanceof NoSecret) {
      return noPassword("a password (SCRAM-SHA-256)");
    }
    BackendScram scram = new BackendScram(nonce(), bindable, plus);
    become(new State.ScramBegun(scram));
    return new BackendStep.Respond(scram.initialResponse(), false);
  }

  private BackendStep onChallenge(BackendScram scram, byte[] data) {
    BackendScram.Challenge challenge;
    try {
      challenge = scram.challenge(data);
    } catch (ScramException | IllegalArgumentException e) {
      return failed(
          BackendFailure.PROTOCOL,
          "the backend's SCRAM challenge can't be read: " + e.getMessage());
    }
    if (challenge.iterations() > BackendScram.MAX_ITERATIONS) {
      return failed(
          BackendFailure.TOO_MANY_ITERATIONS,
          "the backend asks for %d SCRAM iterations, pooler does at most %d: lower the server's"
                  .formatted(challenge.iterations(), BackendScram.MAX_ITERATIONS)
              + " scram_iterations and set the password anew");
    }
    return switch (login.secret()) {
      case Password password -> onChallenge(scram, challenge, password);
      case PassedKeys passed when passed.fits(challenge.salt(), challenge.iterations()) ->
          prove(scram, challenge, passed.key());
      case PassedKeys _ ->
          failed(
              BackendFailure.KEYS_DO_NOT_FIT,
              "user \"%s\" has another SCRAM verifier at the backend than in pooler's users"
                      .formatted(login.user())
                  + ": copy it from pg_authid, or set `password` of this database");
      case NoSecret _ -> noPassword("a password");
    };
  }

  private BackendStep onChallenge(
      BackendScram scram, BackendScram.Challenge challenge, Password password) {
    ScramKey known = keys.find(password, challenge.salt(), challenge.iterations());
    if (known != null) {
      return prove(scram, challenge, known);
    }
    become(new State.Deriving(scram, challenge));
    return new BackendStep.Derive(
        new KeyDerivation(password, challenge.salt(), challenge.iterations()));
  }

  private BackendStep prove(BackendScram scram, BackendScram.Challenge challenge, ScramKey key) {
    try {
      ScramClient client = scram.client(challenge, key);
      String message = client.clientFinalMessage().toString();
      become(new State.ProofSent(client, challenge, key));
      return new BackendStep.Respond(message.getBytes(StandardCharsets.UTF_8), false);
    } catch (ScramException | IllegalArgumentException e) {
      return failed(
          BackendFailure.PROTOCOL,
          "the backend's SCRAM challenge can't be used: " + e.getMessage());
    }
  }

  private BackendStep onFinal(State.ProofSent sent, byte[] data) {
    try {
      BackendScram.verify(sent.client(), data);
    } catch (ScramException | IllegalArgumentException e) {
      return failed(
          BackendFailure.SERVER_NOT_PROVEN,
          "the backend could not prove that it knows user \"%s\": %s: check its address and TLS"
              .formatted(login.user(), e.getMessage()));
    }
    if (login.secret() instanceof Password password) {
      BackendScram.Challenge challenge = sent.challenge();
      keys.remember(password, challenge.salt(), challenge.iterations(), sent.key());
    }
    become(new State.Verified());
    return new BackendStep.Wait();
  }

  private BackendStep done() {
    become(new State.Ended());
    return new BackendStep.Done();
  }

  private boolean allows(BackendMethod method) {
    return login.allowed().contains(method);
  }

  private BackendStep notAllowed(BackendMethod method) {
    return failed(
        BackendFailure.METHOD_NOT_ALLOWED,
        "the backend asks for authentication method %s, which this database does not allow"
            .formatted(method.label()));
  }

  private BackendStep noPassword(String wanted) {
    return failed(
        BackendFailure.NO_PASSWORD,
        "the backend asks for %s of user \"%s\"".formatted(wanted, login.user()) + SET_PASSWORD);
  }

  private static BackendStep unproven(int authCode) {
    return failed(
        BackendFailure.SERVER_NOT_PROVEN,
        "the backend ended SCRAM with authentication code %d before proving itself: check its address"
            .formatted(authCode));
  }

  private static BackendStep unexpected(int authCode) {
    return failed(
        BackendFailure.PROTOCOL,
        "the backend sent authentication code %d out of order".formatted(authCode));
  }

  private static BackendStep unsupported(int authCode) {
    String method =
        switch (authCode) {
          case 2 -> "Kerberos V5";
          case 7, 8 -> "GSSAPI";
          case 9 -> "SSPI";
          default -> "code " + authCode;
        };
    return failed(
        BackendFailure.UNSUPPORTED_METHOD,
        "the backend asks for authentication method "
            + method
            + ", which pooler can't do: let pg_hba.conf ask for scram-sha-256");
  }

  private static BackendStep failed(BackendFailure reason, String text) {
    return new BackendStep.Failed(reason, text);
  }

  private void become(State next) {
    state = next;
  }

  private String nonce() {
    byte[] bytes = new byte[18];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] terminated(byte[] text) {
    return Arrays.copyOf(text, text.length + 1);
  }

  private static String name(State state) {
    return state.getClass().getSimpleName();
  }
}
