package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What MySQL keeps of a caching_sha2_password in mysql.user.authentication_string:
 *
 * <pre>
 *   $A$005$ salt of 20 bytes, 43 characters    SHA-crypt with SHA-256 (MySQL 8.0 and later)
 *   $B$00A$ salt of 20 bytes, 88 characters    PBKDF2-HMAC-SHA-512, base64 (MySQL 9.6 and later)
 * </pre>
 *
 * The three hexadecimal digits are thousands of rounds. Nothing but the password itself can be
 * compared with it.
 */
final class StoredHash {
  static final int SALT_BYTES = 20;

  /** MySQL's caching_sha2_password_digest_rounds. */
  static final int DEFAULT_ROUNDS = 5000;

  private static final int HEAD = 7;
  private static final int PBKDF2_TEXT_BYTES = 88;

  private enum Kind {
    SHA_CRYPT('A', ShaCrypt.TEXT_BYTES),
    PBKDF2('B', PBKDF2_TEXT_BYTES);

    private final char letter;
    private final int textBytes;

    Kind(char letter, int textBytes) {
      this.letter = letter;
      this.textBytes = textBytes;
    }

    byte[] digest(byte[] password, byte[] salt, int rounds) {
      return switch (this) {
        case SHA_CRYPT -> ShaCrypt.digest(password, salt, rounds);
        case PBKDF2 -> Base64.getEncoder().encode(Hashes.pbkdf2Sha512(password, salt, rounds));
      };
    }
  }

  private final Kind kind;
  private final int rounds;
  private final byte[] salt;
  private final byte[] digest;

  private StoredHash(Kind kind, int rounds, byte[] salt, byte[] digest) {
    this.kind = kind;
    this.rounds = rounds;
    this.salt = salt;
    this.digest = digest;
  }

  /**
   * One that nobody can meet.
   *
   * @param like what it is to cost, or null: SHA-crypt with the usual rounds
   */
  static StoredHash unmet(@Nullable StoredHash like, byte[] salt, byte[] digest) {
    return new StoredHash(
        like == null ? Kind.SHA_CRYPT : like.kind,
        like == null ? DEFAULT_ROUNDS : like.rounds,
        Arrays.copyOf(salt, SALT_BYTES),
        digest.clone());
  }

  /** The same for all that cost the same to check. */
  String cost() {
    return kind + " " + rounds;
  }

  static boolean isForm(byte[] text) {
    return text.length >= 3
        && text[0] == '$'
        && (text[1] == 'A' || text[1] == 'B')
        && text[2] == '$';
  }

  /**
   * As the server shows it.
   *
   * @throws IllegalArgumentException that does not repeat it
   */
  static StoredHash parse(byte[] text) {
    for (Kind kind : Kind.values()) {
      if (text.length == HEAD + SALT_BYTES + kind.textBytes
          && isForm(text)
          && text[1] == kind.letter
          && text[HEAD - 1] == '$') {
        return new StoredHash(
            kind,
            rounds(text),
            Arrays.copyOfRange(text, HEAD, HEAD + SALT_BYTES),
            Arrays.copyOfRange(text, HEAD + SALT_BYTES, text.length));
      }
    }
    throw malformed();
  }

  /**
   * Blocks: 3 ms for SHA-crypt's usual 5,000 rounds, 10 ms for PBKDF2's 10,000. Never on an event
   * loop. The time does not tell how much of the digest is right.
   */
  boolean matches(byte[] password) {
    return MessageDigest.isEqual(kind.digest(password, salt, rounds), digest);
  }

  private static int rounds(byte[] text) {
    int thousands = 0;
    for (int i = 3; i < HEAD - 1; i++) {
      int digit = Character.digit(text[i], 16);
      if (digit < 0) {
        throw malformed();
      }
      thousands = thousands * 16 + digit;
    }
    if (thousands == 0) {
      throw malformed();
    }
    return thousands * 1000;
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException(
        "a caching_sha2_password verifier is $A$005$, a salt of 20 bytes and 43 characters: copy it"
            + " from mysql.user as HEX(authentication_string)");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StoredHash that
        && kind == that.kind
        && rounds == that.rounds
        && Arrays.equals(salt, that.salt)
        && MessageDigest.isEqual(digest, that.digest);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(salt);
  }

  @Override
  public String toString() {
    return "StoredHash[hidden]";
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
