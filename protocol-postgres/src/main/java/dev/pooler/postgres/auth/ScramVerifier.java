package dev.pooler.postgres.auth;

import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What PostgreSQL keeps of a password in pg_authid: {@code
 * SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>}. It is enough to check a client, not
 * to log in as it; whoever has it can still impersonate the server, so it does not show itself.
 */
public final class ScramVerifier {
  /** PostgreSQL's scram_iterations unless changed. */
  public static final int DEFAULT_ITERATIONS = 4096;

  /** PostgreSQL's SCRAM_DEFAULT_SALT_LEN. */
  static final int SALT_BYTES = 16;

  private static final Pattern FORM =
      Pattern.compile("SCRAM-SHA-256\\$(\\d{1,9}):([^$:]+)\\$([^$:]{44}):([^$:]{44})");

  private final int iterations;
  private final byte[] salt;
  private final byte[] storedKey;
  private final byte[] serverKey;

  ScramVerifier(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {
    this.iterations = iterations;
    this.salt = salt;
    this.storedKey = storedKey;
    this.serverKey = serverKey;
  }

  /**
   * Reads the form of pg_authid.
   *
   * @throws IllegalArgumentException if it isn't a verifier; the text does not repeat it
   */
  public static ScramVerifier parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches() || Integer.parseInt(form.group(1)) == 0) {
      throw malformed();
    }
    byte[] storedKey = base64(form.group(3));
    byte[] serverKey = base64(form.group(4));
    if (storedKey.length != Hashes.SHA_256_BYTES || serverKey.length != Hashes.SHA_256_BYTES) {
      throw malformed();
    }
    return new ScramVerifier(
        Integer.parseInt(form.group(1)), base64(form.group(2)), storedKey, serverKey);
  }

  /** Blocks about 4 ms for 4096 iterations: never on an event loop. */
  public static ScramVerifier derive(Password password, byte[] salt, int iterations) {
    ScramKey key = ScramKey.of(password.salted(salt, iterations));
    return new ScramVerifier(iterations, salt.clone(), key.storedKey(), key.serverKey());
  }

  int iterations() {
    return iterations;
  }

  byte[] salt() {
    return salt;
  }

  byte[] storedKey() {
    return storedKey;
  }

  byte[] serverKey() {
    return serverKey;
  }

  /** The form of pg_authid, secret: for {@code users[].verifier}, not for a log. */
  public String text() {
    Base64.Encoder base64 = Base64.getEncoder();
    return "SCRAM-SHA-256$%d:%s$%s:%s"
        .formatted(
            iterations,
            base64.encodeToString(salt),
            base64.encodeToString(storedKey),
            base64.encodeToString(serverKey));
  }

  @Override
  public String toString() {
    return "ScramVerifier[hidden]";
  }

  private static byte[] base64(String text) {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw malformed();
    }
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException(
        "not a verifier of the form SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>");
  }
}
