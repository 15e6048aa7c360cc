package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;

/**
 * Our login at one backend: takes the payloads that a server sends after its greeting, says what to
 * answer (MySQL 9.7 protocol documentation, "Connection Phase"; MariaDB 11.4). No channel, no
 * clock, and nothing here blocks: RSA, Ed25519 and PBKDF2 are handed out as {@link
 * BackendStep.Derive}. One object serves one login, on one thread at a time.
 *
 * <pre>
 *   Start → Scrambled → Welcomed                                        → Ended (OK)
 *             caching_sha2_password, 3: the response was right
 *   Start → Scrambled → [KeyAsked → Deriving →] Answered                → Ended
 *             caching_sha2_password, 4: the password itself
 *   Start → Answered                                                    → Ended
 *             mysql_native_password
 *   any of these → switch → one of them | [KeyAsked →] Deriving → Answered
 *                                       | SaltAsked → Deriving → Answered
 * </pre>
 *
 * OK is taken where the server can have seen a proof: in Scrambled, Welcomed and Answered. MySQL
 * has no proof of the server; only TLS with a verified certificate tells who it is.
 */
public final class BackendAuthentication {
  private static final int OK = 0x00;
  private static final int MORE_DATA = 0x01;
  private static final int NEXT_FACTOR = 0x02;
  private static final int ERR = 0xff;

  /** MariaDB tries each method of an account in turn; nobody names as many. */
  private static final int MAX_SWITCHES = 5;

  /** sha256_password wants to be asked for its key by a 1. */
  private static final byte SHA256_KEY_REQUEST = 1;

  private static final byte[] NOTHING = {};

  @SuppressWarnings("ArrayRecordComponent") // used once and never compared
  private sealed interface State {
    record Start() implements State {}

    record Scrambled(Nonce nonce) implements State {}

    record Welcomed() implements State {}

    record KeyAsked(Password password, Nonce nonce) implements State {}

    record SaltAsked(Password password, byte[] nonce) implements State {}

    record Deriving() implements State {}

    record Answered() implements State {}

    record Ended() implements State {}
  }

  private final BackendLogin login;
  private final SecureRandom random;

  private State state = new State.Start();
  private int switches;

  /** One login that has not begun. */
  public BackendAuthentication(BackendLogin login, SecureRandom random) {
    this.login = login;
    this.random = random;
  }

  /**
   * The greeting's plugin and data, or for COM_CHANGE_USER those of the connection's greeting. A
   * greeting names the server's default, not the account's method: where it is one that needs more
   * than a hash, or that is not allowed, another one is named, and the server will switch.
   *
   * @param plugin empty where the server has no plugins (before 5.5.7)
   * @param data auth-plugin-data, 20 bytes with or without a NUL
   * @throws IllegalStateException if it has begun
   */
  public BackendStep begin(String plugin, byte[] data) {
    if (!(state instanceof State.Start)) {
      throw new IllegalStateException("begun twice, in " + name(state));
    }
    Nonce nonce = Nonce.read(data);
    if (nonce == null) {
      return failed(
          BackendFailure.PROTOCOL,
          "the backend's greeting has %d bytes of authentication data, 20 are right"
              .formatted(data.length));
    }
    AuthMethod method = plugin.isEmpty() ? AuthMethod.MYSQL_NATIVE_PASSWORD : AuthMethod.of(plugin);
    if (method != null && isHash(method) && login.allowed().contains(method)) {
      return hello(method, nonce);
    }
    if (login.allowed().contains(AuthMethod.CACHING_SHA2_PASSWORD)) {
      return hello(AuthMethod.CACHING_SHA2_PASSWORD, nonce);
    }
    if (login.allowed().contains(AuthMethod.MYSQL_NATIVE_PASSWORD)) {
      return hello(AuthMethod.MYSQL_NATIVE_PASSWORD, nonce);
    }
    AuthMethod any = login.allowed().stream().sorted().findFirst().orElse(null);
    if (any == null) {
      return failed(BackendFailure.METHOD_NOT_ALLOWED, "this database allows no method");
    }
    become(new State.Answered());
    return new BackendStep.Hello(any, NOTHING);
  }

  /**
   * One payload. Never blocks.
   *
   * @throws IllegalStateException before begin, after the end, or while a derivation is under way
   */
  public BackendStep onPacket(byte[] payload) {
    if (state instanceof State.Start
        || state instanceof State.Deriving
        || state instanceof State.Ended) {
      throw new IllegalStateException("no packet is awaited in " + name(state));
    }
    if (state instanceof State.SaltAsked asked && isExtSalt(payload)) {
      return onExtSalt(asked, payload); // MariaDB sends a plugin's data as it is
    }
    return switch (payload.length == 0 ? -1 : payload[0] & 0xff) {
      case OK -> onOk();
      case MORE_DATA -> onMore(Arrays.copyOfRange(payload, 1, payload.length));
      case AuthSwitch.HEADER -> onSwitch(payload);
      case ERR -> onErr(payload);
      case NEXT_FACTOR ->
          failed(
              BackendFailure.UNSUPPORTED_METHOD,
              "the backend asks user \"%s\" for a second factor, which pooler can't give: use an"
                      .formatted(login.user())
                  + " account with one");
      case -1 -> failed(BackendFailure.PROTOCOL, "the backend sent an empty packet");
      default ->
          failed(
              BackendFailure.PROTOCOL,
              "the backend answered the login with a packet of type 0x%02x"
                  .formatted(payload[0] & 0xff));
    };
  }

  /** The result of {@link BackendStep.Derive}, on the thread that calls onPacket. */
  public BackendStep onDerived(byte[] response) {
    if (!(state instanceof State.Deriving)) {
      throw new IllegalStateException("no derivation is under way in " + name(state));
    }
    become(new State.Answered());
    return new BackendStep.Respond(response);
  }

  private BackendStep hello(AuthMethod method, Nonce nonce) {
    byte[] response =
        switch (login.secret()) {
          case NoSecret _ -> NOTHING;
          case Password password when method == AuthMethod.CACHING_SHA2_PASSWORD ->
              CachingSha2.respond(password.bytes(), nonce);
          case Password password -> NativePassword.respond(password.bytes(), nonce);
        };
    become(
        method == AuthMethod.CACHING_SHA2_PASSWORD
            ? new State.Scrambled(nonce)
            : new State.Answered());
    return new BackendStep.Hello(method, response);
  }

  private BackendStep onOk() {
    return switch (state) {
      case State.Scrambled _, State.Welcomed _, State.Answered _ -> {
        become(new State.Ended());
        yield new BackendStep.Done();
      }
      case State.KeyAsked _, State.SaltAsked _ ->
          failed(
              BackendFailure.NOT_CHECKED,
              "the backend accepted user \"%s\" before it had a proof: check its address"
                  .formatted(login.user()));
      case State.Start _, State.Deriving _, State.Ended _ ->
          throw new IllegalStateException("no packet is awaited in " + name(state));
    };
  }

  private BackendStep onErr(byte[] payload) {
    ServerRefusal refusal = ServerRefusal.read(payload);
    if (refusal == null) {
      return failed(BackendFailure.PROTOCOL, "the backend sent an error packet that is cut off");
    }
    become(new State.Ended());
    return new BackendStep.Refused(refusal);
  }

  private BackendStep onMore(byte[] data) {
    return switch (state) {
      case State.Scrambled(Nonce nonce) -> onFastResult(nonce, data);
      case State.KeyAsked asked -> onKey(asked, data);
      case State.SaltAsked asked -> onExtSalt(asked, data);
      case State.Answered _, State.Welcomed _, State.Start _, State.Deriving _, State.Ended _ ->
          failed(
              BackendFailure.PROTOCOL,
              "the backend sent authentication data that nobody asked for");
    };
  }

  private BackendStep onFastResult(Nonce nonce, byte[] data) {
    if (data.length == 1 && data[0] == CachingSha2.FAST_SUCCESS) {
      become(new State.Welcomed());
      return new BackendStep.Wait();
    }
    if (data.length != 1 || data[0] != CachingSha2.FULL_AUTHENTICATION) {
      return failed(
          BackendFailure.PROTOCOL,
          "the backend answered caching_sha2_password with neither success nor the wish for the"
              + " password");
    }
    if (!(login.secret() instanceof Password password)) {
      return noPassword(AuthMethod.CACHING_SHA2_PASSWORD);
    }
    return login.line().isPrivate()
        ? clear(password)
        : underKey(AuthMethod.CACHING_SHA2_PASSWORD, password, nonce);
  }

  private BackendStep onSwitch(byte[] payload) {
    if (state instanceof State.Welcomed) {
      return failed(
          BackendFailure.PROTOCOL,
          "the backend changed the method after it had accepted the proof");
    }
    if (payload.length == 1) {
      return refused(
          BackendFailure.UNSUPPORTED_METHOD,
          "the backend keeps the password of user \"%s\" in the format from before MySQL 4.1"
                  .formatted(login.user())
              + " (mysql_old_password): with old_passwords=0 set it anew there",
          NOTHING);
    }
    AuthSwitch request = AuthSwitch.read(payload);
    if (request == null) {
      return failed(BackendFailure.PROTOCOL, "the backend's change of the method can't be read");
    }
    if (++switches > MAX_SWITCHES) {
      return refused(
          BackendFailure.TOO_MANY_SWITCHES,
          "the backend changed the method %d times, pooler follows %d times at most"
              .formatted(switches, MAX_SWITCHES),
          NOTHING);
    }
    AuthMethod method = AuthMethod.of(request.plugin());
    if (method == null) {
      return unsupported(request);
    }
    if (!login.allowed().contains(method)) {
      return refused(
          BackendFailure.METHOD_NOT_ALLOWED,
          "the backend asks for authentication method %s, which this database does not allow"
              .formatted(method.plugin()),
          wrongProof(method));
    }
    return follow(method, request.data());
  }

  private BackendStep follow(AuthMethod method, byte[] data) {
    return switch (method) {
      case MYSQL_CLEAR_PASSWORD -> onClear();
      case MYSQL_NATIVE_PASSWORD, CACHING_SHA2_PASSWORD, SHA256_PASSWORD -> {
        Nonce nonce = Nonce.read(data);
        yield nonce == null ? badNonce(method, data) : onNonce(method, nonce);
      }
      case CLIENT_ED25519 -> onEd25519(data);
      case PARSEC -> onParsec(data);
    };
  }

  private BackendStep onNonce(AuthMethod method, Nonce nonce) {
    if (method == AuthMethod.SHA256_PASSWORD) {
      return onSha256(nonce);
    }
    BackendStep.Hello hello = (BackendStep.Hello) hello(method, nonce);
    return new BackendStep.Respond(hello.response());
  }

  private BackendStep onClear() {
    AuthMethod method = AuthMethod.MYSQL_CLEAR_PASSWORD;
    if (!(login.secret() instanceof Password password)) {
      return noPassword(method);
    }
    return login.line().isPrivate() ? clear(password) : exposed(method);
  }

  /** Unlike caching_sha2_password it takes the password itself over TLS only. */
  private BackendStep onSha256(Nonce nonce) {
    AuthMethod method = AuthMethod.SHA256_PASSWORD;
    return switch (login.secret()) {
      case NoSecret _ -> {
        become(new State.Answered());
        yield new BackendStep.Respond(new byte[1]); // a NUL alone says: no password
      }
      case Password password ->
          login.line() == Line.TLS ? clear(password) : underKey(method, password, nonce);
    };
  }

  private BackendStep onEd25519(byte[] data) {
    AuthMethod method = AuthMethod.CLIENT_ED25519;
    if (data.length != Ed25519Password.NONCE_BYTES) {
      return badNonce(method, data);
    }
    if (!(login.secret() instanceof Password password)) {
      return noPassword(method);
    }
    return derive(new Derivation.Signed(password, data));
  }

  private BackendStep onParsec(byte[] data) {
    if (data.length != Parsec.NONCE_BYTES) {
      return badNonce(AuthMethod.PARSEC, data);
    }
    if (!(login.secret() instanceof Password password)) {
      return noPassword(AuthMethod.PARSEC);
    }
    become(new State.SaltAsked(password, data));
    return new BackendStep.Respond(NOTHING);
  }

  private BackendStep onExtSalt(State.SaltAsked asked, byte[] data) {
    if (!Parsec.isExtSalt(data)) {
      return failed(BackendFailure.PROTOCOL, "the backend's salt for parsec can't be read");
    }
    if (Parsec.factor(data) > Parsec.MAX_FACTOR) {
      return refused(
          BackendFailure.TOO_MANY_ITERATIONS,
          "the backend asks for 1024 * 2^%d iterations of parsec, pooler does at most 1024 * 2^%d"
              .formatted(Parsec.factor(data), Parsec.MAX_FACTOR),
          new byte[Parsec.RESPONSE_BYTES]);
    }
    byte[] clientNonce = new byte[Parsec.NONCE_BYTES];
    random.nextBytes(clientNonce);
    return derive(new Derivation.ParsecSigned(asked.password(), data, asked.nonce(), clientNonce));
  }

  private BackendStep clear(Password password) {
    become(new State.Answered());
    return new BackendStep.Respond(password.terminated());
  }

  private BackendStep underKey(AuthMethod method, Password password, Nonce nonce) {
    RSAPublicKey known = login.serverKey();
    if (known != null) {
      return encrypt(password, nonce, known);
    }
    if (!login.line().isPrivate() && !login.askForKey()) {
      return exposed(method);
    }
    become(new State.KeyAsked(password, nonce));
    return new BackendStep.Respond(
        new byte[] {
          method == AuthMethod.SHA256_PASSWORD ? SHA256_KEY_REQUEST : CachingSha2.KEY_REQUEST
        });
  }

  private BackendStep onKey(State.KeyAsked asked, byte[] pem) {
    RSAPublicKey key = RsaPassword.readPem(pem);
    if (key == null) {
      return refused(
          BackendFailure.PROTOCOL,
          "the backend's RSA key can't be read, or is none of %d to %d bits"
              .formatted(RsaPassword.MIN_KEY_BITS, RsaPassword.MAX_KEY_BITS),
          new byte[1]);
    }
    return encrypt(asked.password(), asked.nonce(), key);
  }

  private BackendStep encrypt(Password password, Nonce nonce, RSAPublicKey key) {
    if (!RsaPassword.holds(key, password.bytes())) {
      return refused(
          BackendFailure.PASSWORD_EXPOSED,
          "the password of user \"%s\" is too long for the backend's RSA key: use TLS"
              .formatted(login.user()),
          new byte[1]);
    }
    return derive(new Derivation.Encrypted(key, password, nonce));
  }

  private BackendStep derive(Derivation derivation) {
    become(new State.Deriving());
    return new BackendStep.Derive(derivation);
  }

  private BackendStep exposed(AuthMethod method) {
    return refused(
        BackendFailure.PASSWORD_EXPOSED,
        "the backend asks for the password of user \"%s\" (%s) over TCP without TLS: set `tls`, or"
                .formatted(login.user(), method.plugin())
            + (method == AuthMethod.MYSQL_CLEAR_PASSWORD
                ? " use a Unix socket"
                : " use a Unix socket, or give pooler the server's public RSA key"),
        wrongProof(method));
  }

  private BackendStep noPassword(AuthMethod method) {
    return refused(
        BackendFailure.NO_PASSWORD,
        "the backend asks for a password (%s) of user \"%s\": set `password` of this database in"
                .formatted(method.plugin(), login.user())
            + " pooler's configuration",
        wrongProof(method));
  }

  private BackendStep unsupported(AuthSwitch request) {
    return refused(
        BackendFailure.UNSUPPORTED_METHOD,
        "the backend asks user \"%s\" for authentication method %s%s, which pooler can't do: use an"
                .formatted(login.user(), request.printable(), meaning(request.plugin()))
            + " account with caching_sha2_password, client_ed25519, parsec or"
            + " mysql_native_password",
        NOTHING);
  }

  private static String meaning(String plugin) {
    return switch (plugin) {
      case "dialog" -> " (PAM or another conversation)";
      case "mysql_old_password" -> " (from before MySQL 4.1)";
      case "auth_gssapi_client", "authentication_kerberos_client" -> " (Kerberos)";
      case "authentication_ldap_sasl_client" -> " (LDAP)";
      default -> "";
    };
  }

  private BackendStep badNonce(AuthMethod method, byte[] data) {
    return failed(
        BackendFailure.PROTOCOL,
        "the backend's challenge for %s has %d bytes".formatted(method.plugin(), data.length));
  }

  /** The server is well and waits: it is left in good order. */
  private BackendStep refused(BackendFailure reason, String text, byte[] farewell) {
    become(new State.Ended());
    return new BackendStep.Failed(reason, text, farewell);
  }

  /**
   * A proof that can't be right, in the form that the server expects: anything else would be an
   * error of the handshake.
   */
  private static byte[] wrongProof(AuthMethod method) {
    return switch (method) {
      case MYSQL_CLEAR_PASSWORD, MYSQL_NATIVE_PASSWORD, PARSEC -> NOTHING;
      case SHA256_PASSWORD, CACHING_SHA2_PASSWORD -> new byte[1];
      case CLIENT_ED25519 -> new byte[Ed25519Password.SIGNATURE_BYTES];
    };
  }

  private BackendStep failed(BackendFailure reason, String text) {
    become(new State.Ended());
    return new BackendStep.Failed(reason, text, null);
  }

  private void become(State next) {
    state = next;
  }

  private static boolean isHash(AuthMethod method) {
    return method == AuthMethod.CACHING_SHA2_PASSWORD || method == AuthMethod.MYSQL_NATIVE_PASSWORD;
  }

  private static boolean isExtSalt(byte[] payload) {
    return payload.length > 0 && payload[0] == 'P';
  }

  private static String name(State state) {
    return state.getClass().getSimpleName();
  }
}
