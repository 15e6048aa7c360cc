package dev.pooler.postgres.auth;

import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a user's password: one verifier of PostgreSQL's, or both where it was plain.
 *
 * @param derived we made the verifier ourselves, with a salt that no backend has: what a login
 *     against it shows is of no use there
 */
public record Credentials(@Nullable ScramVerifier scram, @Nullable Md5Hash md5, boolean derived) {

  /** As a server keeps them. */
  public Credentials(@Nullable ScramVerifier scram, @Nullable Md5Hash md5) {
    this(scram, md5, false);
  }

  /**
   * Reads a secret as PostgreSQL reads ALTER ROLE … PASSWORD: a verifier by its form, else a plain
   * password. A plain one blocks about 4 ms for its PBKDF2: never on an event loop.
   *
   * @throws IllegalArgumentException if it is empty, holds a NUL, or begins like a SCRAM verifier
   *     and is none; the text does not repeat it
   */
  public static Credentials parse(String user, String secret) {
    if (secret.startsWith("SCRAM-SHA-256$")) {
      return new Credentials(ScramVerifier.parse(secret), null);
    }
    if (Md5Hash.isForm(secret)) {
      return new Credentials(null, Md5Hash.parse(secret));
    }
    return ofPassword(user, new Password(secret), new SecureRandom());
  }

  /**
   * Reads what a server answered. Anything but a verifier is as no password: a plain one is not
   * kept in pg_authid, and its key derivation would hold an event loop.
   */
  public static Credentials ofServer(@Nullable String verifier) {
    if (verifier != null && verifier.startsWith("SCRAM-SHA-256$")) {
      return new Credentials(ScramVerifier.parse(verifier), null);
    }
    return new Credentials(
        null, verifier != null && Md5Hash.isForm(verifier) ? Md5Hash.parse(verifier) : null);
  }

  /** Blocks about 4 ms: never on an event loop. */
  static Credentials ofPassword(String user, Password password, SecureRandom random) {
    byte[] salt = new byte[ScramVerifier.SALT_BYTES];
    random.nextBytes(salt);
    ScramVerifier scram = ScramVerifier.derive(password, salt, ScramVerifier.DEFAULT_ITERATIONS);
    return new Credentials(scram, Md5Hash.of(user, password), true);
  }

  @Override
  public String toString() {
    return "Credentials[hidden]";
  }
}
