package dev.pooler.mysql.auth;

import static java.util.stream.Collectors.groupingBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The users that may log in, and for a name that is none of them credentials that nobody can meet,
 * so that an unknown user goes through the same exchange. Immutable and safe for all threads; a
 * reload makes a new one with the same secret.
 *
 * <p>What a wrong response is answered with hangs on all users together, not on the one: where
 * pooler knows each password, it is refused at once; where it has but a verifier of one, everybody
 * is asked for the password itself, as MySQL does, and each check costs what most verifiers cost.
 */
public final class UserStore {
  private final Map<String, Credentials> users;
  private final byte[] mockSecret;
  private final boolean showing;
  private final boolean mostlyNative;
  private final @Nullable StoredHash usual;

  /**
   * Takes a copy of both.
   *
   * @param mockSecret at least 16 random bytes; keep them for the life of the process
   */
  public UserStore(Map<String, Credentials> users, byte[] mockSecret) {
    this(
        Map.copyOf(users),
        mockSecret.clone(),
        users.values().stream().anyMatch(user -> user.digest() == null));
  }

  private UserStore(Map<String, Credentials> users, byte[] mockSecret, boolean showing) {
    this.users = users;
    this.mockSecret = mockSecret;
    this.showing = showing;
    long natives = users.values().stream().filter(user -> user.nativeHash() != null).count();
    this.mostlyNative = 2 * natives >= users.size();
    this.usual = usual(users);
  }

  /** The same where other users are looked up elsewhere, and only verifiers of them are found. */
  public UserStore withVerifiers() {
    return showing ? this : new UserStore(users, mockSecret, true);
  }

  public static byte[] newMockSecret() {
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    return secret;
  }

  public @Nullable Credentials find(String user) {
    return users.get(user);
  }

  /** Whether a client whose response is wrong, or can't be checked, is asked for its password. */
  boolean asksForPasswords() {
    return showing;
  }

  /** Whether an unknown user looks most like the others when it may use mysql_native_password. */
  boolean isMostlyNative() {
    return mostlyNative;
  }

  byte[] mockNativeHash(String user) {
    return Arrays.copyOf(mock("native", user), Hashes.SHA_1_BYTES);
  }

  byte[] mockDigest(String user) {
    return mock("digest", user);
  }

  /** It costs as much to check as most of the real ones. */
  StoredHash mockStored(String user) {
    return StoredHash.unmet(usual, mock("salt", user), mock("stored", user));
  }

  private static @Nullable StoredHash usual(Map<String, Credentials> users) {
    return users.values().stream()
        .map(Credentials::stored)
        .filter(Objects::nonNull)
        .collect(groupingBy(StoredHash::cost))
        .values()
        .stream()
        .max(Comparator.comparingInt(List::size))
        .map(List::getFirst)
        .orElse(null);
  }

  private byte[] mock(String purpose, String user) {
    return Hashes.hmacSha256(mockSecret, (purpose + ":" + user).getBytes(StandardCharsets.UTF_8));
  }
}
