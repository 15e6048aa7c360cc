package dev.pooler.postgres.auth;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The older salted-hash method. As in PostgreSQL, a user whose verifier is SCRAM is asked for SCRAM
 * instead, and so is an unknown one unless every user here has an md5 verifier.
 */
public final class Md5 implements ClientAuthentication {
  /** PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH. */
  private static final int MAX_PASSWORD_MESSAGE = 65535;

  private static final int SALT_BYTES = 4;

  private sealed interface State {
    record Idle() implements State {}

    @SuppressWarnings("ArrayRecordComponent") // used once and never compared
    record AwaitHash(byte[] salt) implements State {}

    record Upgraded(ScramSha256 scram) implements State {}

    record Ended() implements State {}
  }

  private final String user;
  private final UserStore users;
  private final SecureRandom random;
  private final @Nullable Credentials known;
  private final byte @Nullable [] binding;
  private final @Nullable Md5Hash own;
  private final Md5Hash mock;

  private State state = new State.Idle();

  /** A user of the configuration, or of no name that is known. */
  public Md5(String user, UserStore users, SecureRandom random) {
    this(user, users.find(user), users, null, random);
  }

  /** A user that was looked up; null where nobody has this name. */
  public Md5(
      String user,
      @Nullable Credentials known,
      UserStore users,
      byte @Nullable [] binding,
      SecureRandom random) {
    this.binding = binding;
    this.user = user;
    this.users = users;
    this.random = random;
    this.known = known;
    this.own = known == null ? null : known.md5();
    this.mock = users.mockMd5(user);
  }

  @Override
  public AuthStep begin() {
    if (!(state instanceof State.Idle)) {
      throw new IllegalStateException("begun twice, in " + state.getClass().getSimpleName());
    }
    if (own != null || (known == null && users.md5Only())) {
      byte[] salt = new byte[SALT_BYTES];
      random.nextBytes(salt);
      become(new State.AwaitHash(salt));
      return new AuthStep.Request(AuthCode.MD5_PASSWORD, salt.clone());
    }
    ScramSha256 scram = new ScramSha256(user, known, users, binding, random);
    become(new State.Upgraded(scram));
    return scram.begin();
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    return switch (state) {
      case State.Upgraded(ScramSha256 scram) -> scram.onResponse(body);
      case State.AwaitHash(byte[] salt) -> {
        become(new State.Ended());
        yield onHash(salt, body);
      }
      case State.Idle _, State.Ended _ ->
          throw new IllegalStateException("no response is awaited in " + state);
    };
  }

  @Override
  public int maxResponse() {
    return state instanceof State.Upgraded(ScramSha256 scram)
        ? scram.maxResponse()
        : MAX_PASSWORD_MESSAGE;
  }

  private AuthStep onHash(byte[] salt, byte[] body) {
    if (body.length > MAX_PASSWORD_MESSAGE) {
      String text = "password message is longer than " + MAX_PASSWORD_MESSAGE + " bytes";
      return new AuthStep.Refused(AuthRefusal.TOO_LARGE, text, text);
    }
    int end = body.length - 1;
    if (end < 0 || body[end] != 0 || indexOfZero(body) != end) {
      String text = "invalid password packet size";
      return new AuthStep.Refused(AuthRefusal.MALFORMED_MESSAGE, text, text);
    }
    if (end == 0) {
      return new AuthStep.Refused(
          AuthRefusal.EMPTY_PASSWORD, "empty password returned by client", "empty password");
    }
    byte[] answer = Arrays.copyOf(body, end);
    boolean proven = MessageDigest.isEqual(answer, (own == null ? mock : own).salted(salt));
    if (own == null) {
      return AuthRefusal.UNKNOWN_USER.password(user, "unknown user");
    }
    return proven
        ? new AuthStep.Granted(user, null, null)
        : AuthRefusal.WRONG_PASSWORD.password(user, "wrong password");
  }

  private void become(State next) {
    state = next;
  }

  private static int indexOfZero(byte[] body) {
    int i = 0;
    while (body[i] != 0) {
      i++;
    }
    return i;
  }
}
