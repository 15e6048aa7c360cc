package dev.pooler.postgres.auth;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The users that may log in, and for a name that is none of them a verifier that nobody can meet,
 * so that an unknown user goes through the whole exchange (PostgreSQL's "mock authentication").
 * Immutable and safe for all threads; a reload makes a new one with the same secret.
 */
public final class UserStore {
  private final Map<String, Credentials> users;
  private final byte[] mockSecret;
  private final int mockIterations;
  private final boolean md5Only;

  /**
   * Takes a copy of both.
   *
   * @param mockSecret at least 16 random bytes; keep them for the life of the process, since an
   *     unknown user whose salt changes is known to be unknown
   */
  public UserStore(Map<String, Credentials> users, byte[] mockSecret) {
    this.users = Map.copyOf(users);
    this.mockSecret = mockSecret.clone();
    this.mockIterations = usualIterations(this.users);
    this.md5Only =
        !users.isEmpty() && users.values().stream().allMatch(user -> user.scram() == null);
  }

  private UserStore(UserStore like, int mockIterations) {
    this.users = like.users;
    this.mockSecret = like.mockSecret;
    this.mockIterations = mockIterations;
    this.md5Only = like.md5Only;
  }

  /**
   * The same where unknown users are to look like others than those of the configuration.
   *
   * @param iterations that those have, or 0: not known
   */
  public UserStore mocking(int iterations) {
    return iterations == 0 || iterations == mockIterations ? this : new UserStore(this, iterations);
  }

  public static byte[] newMockSecret() {
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    return secret;
  }

  public @Nullable Credentials find(String user) {
    return users.get(user);
  }

  /** Whether the user still has the verifier that these keys belong to. */
  public boolean has(String user, PassedKeys keys) {
    Credentials known = users.get(user);
    return known != null && known.scram() != null && keys.of(known.scram());
  }

  /** The same for the same name, with the iteration count that most of the real ones have. */
  ScramVerifier mockScram(String user) {
    byte[] salt = Arrays.copyOf(mock("salt", user), ScramVerifier.SALT_BYTES);
    return new ScramVerifier(mockIterations, salt, mock("stored", user), mock("server", user));
  }

  Md5Hash mockMd5(String user) {
    return Md5Hash.ofBytes(Arrays.copyOf(mock("md5", user), 16));
  }

  /** Whether an unknown user of an md5 listener looks most like the others when asked for md5. */
  boolean md5Only() {
    return md5Only;
  }

  private byte[] mock(String purpose, String user) {
    return Hashes.hmacSha256(mockSecret, (purpose + ":" + user).getBytes(StandardCharsets.UTF_8));
  }

  private static int usualIterations(Map<String, Credentials> users) {
    return users.values().stream()
        .map(Credentials::scram)
        .filter(Objects::nonNull)
        .collect(groupingBy(ScramVerifier::iterations, counting()))
        .entrySet()
        .stream()
        .max(Comparator.comparingLong(Map.Entry::getValue))
        .map(Map.Entry::getKey)
        .orElse(ScramVerifier.DEFAULT_ITERATIONS);
  }
}
