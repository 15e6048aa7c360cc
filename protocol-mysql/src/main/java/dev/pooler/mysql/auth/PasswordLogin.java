package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * A client proves its password, by caching_sha2_password or, where it is an old one, by
 * mysql_native_password (MySQL 9.7 protocol documentation, "Caching_sha2_password information").
 *
 * <pre>
 *   Idle → Scramble → Ended                         the response is right (3, OK) or it is wrong
 *          Scramble → Full → Checking → Ended         4: the password itself, over TLS, over a Unix
 *                                                     socket, or under a key that the client has
 *                     Full → Cipher → Checking        2: the client wants our RSA key before
 *   Idle → Native → Ended
 * </pre>
 *
 * A client that answers another method than the greeting's is switched: to mysql_native_password
 * where it named that and the user may, else to caching_sha2_password. Connector/J wants the RSA
 * key over a Unix socket too, others show the password there: both are served.
 *
 * <p>A user that is unknown goes the same way with credentials that can't be met.
 */
public final class PasswordLogin implements ClientAuthentication {
  /** MySQL's MAX_CIPHER_LENGTH. */
  private static final int MAX_RESPONSE = 1024;

  private sealed interface State {
    record Idle() implements State {}

    record Scramble(Nonce nonce) implements State {}

    record Native(Nonce nonce) implements State {}

    record Full(Nonce nonce) implements State {}

    record Cipher(Nonce nonce, ServerKey key) implements State {}

    record Checking() implements State {}

    record Ended() implements State {}
  }

  private final ClientLogin login;
  private final @Nullable Credentials known;
  private final UserStore users;
  private final FastDigests digests;
  private final @Nullable ServerKey key;
  private final Offer offer;
  private final SecureRandom random;

  private State state = new State.Idle();

  /** A user of the configuration, or of no name that is known. */
  public PasswordLogin(
      ClientLogin login,
      UserStore users,
      FastDigests digests,
      @Nullable ServerKey key,
      Offer offer,
      SecureRandom random) {
    this(login, users.find(login.user()), users, digests, key, offer, random);
  }

  /**
   * A user that was looked up.
   *
   * @param known null where nobody has this name
   * @param users makes the credentials that nobody can meet
   * @param key null where no RSA key is offered: then the password is never asked for over TCP
   *     without TLS
   * @param offer what the greeting said
   */
  public PasswordLogin(
      ClientLogin login,
      @Nullable Credentials known,
      UserStore users,
      FastDigests digests,
      @Nullable ServerKey key,
      Offer offer,
      SecureRandom random) {
    this.login = login;
    this.known = known;
    this.users = users;
    this.digests = digests;
    this.key = key;
    this.offer = offer;
    this.random = random;
  }

  @Override
  public AuthStep begin(@Nullable String plugin, byte[] response) {
    startedOnce();
    if (plugin == null) {
      return mayUseNative() ? onNative(offer.nonce(), response) : tooOld();
    }
    if (!plugin.equals(offer.method().plugin())) {
      return switchTo(wanted(plugin));
    }
    return switch (offer.method()) {
      case CACHING_SHA2_PASSWORD -> onScramble(offer.nonce(), response);
      case MYSQL_NATIVE_PASSWORD ->
          mayUseNative()
              ? onNative(offer.nonce(), response)
              : switchTo(AuthMethod.CACHING_SHA2_PASSWORD);
      case MYSQL_CLEAR_PASSWORD, SHA256_PASSWORD, CLIENT_ED25519, PARSEC ->
          throw new IllegalStateException("offered " + offer.method());
    };
  }

  @Override
  public AuthStep change(@Nullable String plugin, byte[] response) {
    startedOnce();
    return plugin == null ? tooOld() : switchTo(wanted(plugin));
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    State before = state;
    if (before instanceof State.Idle
        || before instanceof State.Checking
        || before instanceof State.Ended) {
      throw new IllegalStateException("no response is awaited in " + before);
    }
    become(new State.Ended());
    if (body.length > MAX_RESPONSE) {
      return AuthRefusal.TOO_LARGE.handshake("a response of more than 1024 bytes");
    }
    return switch (before) {
      case State.Scramble(Nonce nonce) -> onScramble(nonce, body);
      case State.Native(Nonce nonce) -> onNative(nonce, body);
      case State.Full(Nonce nonce) -> onFull(nonce, body);
      case State.Cipher(Nonce nonce, ServerKey ours) -> onCipher(nonce, ours, body);
      case State.Idle _, State.Checking _, State.Ended _ ->
          throw new IllegalStateException("no response is awaited in " + before);
    };
  }

  @Override
  public AuthStep onChecked(PasswordCheck.Outcome outcome) {
    if (!(state instanceof State.Checking)) {
      throw new IllegalStateException("nothing is checked in " + state);
    }
    become(new State.Ended());
    Password right = outcome.right();
    if (right == null || known == null) {
      return wrong();
    }
    if (known.digest() == null) {
      digests.remember(login.user(), known, CachingSha2.digest(right.bytes()));
    }
    return new AuthStep.Granted(login.user(), null, right);
  }

  @Override
  public int maxResponse() {
    return MAX_RESPONSE;
  }

  private void startedOnce() {
    if (!(state instanceof State.Idle)) {
      throw new IllegalStateException("begun twice, in " + state);
    }
    become(new State.Ended());
  }

  private AuthMethod wanted(String plugin) {
    AuthMethod answered = AuthMethod.of(plugin);
    AuthMethod wanted =
        answered == AuthMethod.MYSQL_NATIVE_PASSWORD || answered == AuthMethod.CACHING_SHA2_PASSWORD
            ? answered
            : offer.method();
    return wanted == AuthMethod.MYSQL_NATIVE_PASSWORD && !mayUseNative()
        ? AuthMethod.CACHING_SHA2_PASSWORD
        : wanted;
  }

  private boolean mayUseNative() {
    return known == null ? users.isMostlyNative() : known.nativeHash() != null;
  }

  private AuthStep switchTo(AuthMethod method) {
    Nonce nonce = Nonce.next(random);
    become(
        method == AuthMethod.MYSQL_NATIVE_PASSWORD
            ? new State.Native(nonce)
            : new State.Scramble(nonce));
    return new AuthStep.Switch(method, nonce.terminated());
  }

  private AuthStep onNative(Nonce nonce, byte[] response) {
    if (isNoPassword(response)) {
      return AuthRefusal.EMPTY_PASSWORD.password(login);
    }
    if (response.length != NativePassword.RESPONSE_BYTES) {
      return malformed("mysql_native_password", response);
    }
    byte[] mock = users.mockNativeHash(login.user());
    byte[] own = known == null ? null : known.nativeHash();
    boolean proven = NativePassword.proves(response, own == null ? mock : own, nonce);
    return proven && own != null ? granted(null) : wrong();
  }

  private AuthStep onScramble(Nonce nonce, byte[] response) {
    if (isNoPassword(response)) {
      return AuthRefusal.EMPTY_PASSWORD.password(login);
    }
    if (response.length != CachingSha2.RESPONSE_BYTES) {
      return malformed("caching_sha2_password", response);
    }
    byte[] mock = users.mockDigest(login.user());
    byte[] own = digest();
    boolean proven = CachingSha2.proves(response, own == null ? mock : own, nonce);
    if (proven && own != null) {
      return granted(new byte[] {CachingSha2.FAST_SUCCESS});
    }
    return users.asksForPasswords() ? askForPassword(nonce) : wrong();
  }

  private byte @Nullable [] digest() {
    if (known == null) {
      return null;
    }
    byte[] own = known.digest();
    return own == null ? digests.find(login.user(), known) : own;
  }

  private AuthStep askForPassword(Nonce nonce) {
    if (key == null && !login.line().isPrivate()) {
      return insecure();
    }
    become(new State.Full(nonce));
    return new AuthStep.More(new byte[] {CachingSha2.FULL_AUTHENTICATION});
  }

  private AuthStep onFull(Nonce nonce, byte[] body) {
    ServerKey ours = key;
    if (body.length == 1 && body[0] == CachingSha2.KEY_REQUEST) {
      if (ours == null) {
        return insecure();
      }
      become(new State.Cipher(nonce, ours));
      return new AuthStep.More(ours.pem());
    }
    boolean encrypted = ours != null && body.length == ours.bytes();
    if (!login.line().isPrivate() && !encrypted) {
      return AuthRefusal.MALFORMED_MESSAGE.handshake(
          "the client sent %d bytes that no RSA key of ours has made".formatted(body.length));
    }
    if (!encrypted && (body.length == 0 || body[body.length - 1] != 0)) {
      return AuthRefusal.MALFORMED_MESSAGE.handshake("the client's password does not end");
    }
    return check(nonce, encrypted ? ours : null, body);
  }

  private AuthStep onCipher(Nonce nonce, ServerKey ours, byte[] body) {
    if (body.length != ours.bytes()) {
      return AuthRefusal.MALFORMED_MESSAGE.handshake(
          "the client asked for our RSA key and sent %d bytes, %d are right"
              .formatted(body.length, ours.bytes()));
    }
    return check(nonce, ours, body);
  }

  private AuthStep check(Nonce nonce, @Nullable ServerKey ours, byte[] body) {
    become(new State.Checking());
    return new AuthStep.Check(new PasswordCheck(login, known, users, ours, nonce, body));
  }

  private AuthStep granted(byte @Nullable [] more) {
    become(new State.Ended());
    return new AuthStep.Granted(login.user(), more, null);
  }

  private AuthStep wrong() {
    return (known == null ? AuthRefusal.UNKNOWN_USER : AuthRefusal.WRONG_PASSWORD).password(login);
  }

  private AuthStep insecure() {
    String text =
        "user \"%s\" must show its password, which needs TLS or a Unix socket here"
            .formatted(login.user());
    return new AuthStep.Refused(AuthRefusal.INSECURE_LINE, text, text);
  }

  private AuthStep tooOld() {
    String text = "the client has no CLIENT_PLUGIN_AUTH: one of MySQL 5.5.7 or later is needed";
    return new AuthStep.Refused(AuthRefusal.UNSUPPORTED_CLIENT, text, text);
  }

  private static AuthStep malformed(String method, byte[] response) {
    return AuthRefusal.MALFORMED_MESSAGE.handshake(
        "a response of %d bytes for %s".formatted(response.length, method));
  }

  /** Nothing, or as some write it a NUL. */
  private static boolean isNoPassword(byte[] response) {
    return response.length == 0 || (response.length == 1 && response[0] == 0);
  }

  private void become(State next) {
    state = next;
  }
}
