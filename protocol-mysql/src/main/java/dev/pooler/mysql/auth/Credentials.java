package dev.pooler.mysql.auth;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a user's password: the password itself, or what a server stores of it.
 * Immutable; it never shows itself.
 */
public final class Credentials {
  private final byte @Nullable [] nativeHash;
  private final byte @Nullable [] digest;
  private final @Nullable StoredHash stored;

  private Credentials(
      byte @Nullable [] nativeHash, byte @Nullable [] digest, @Nullable StoredHash stored) {
    this.nativeHash = nativeHash;
    this.digest = digest;
    this.stored = stored;
  }

  /**
   * Reads a secret by its form, else as a password in the clear.
   *
   * <pre>
   *   *0123…CDEF            mysql_native_password: an asterisk and 40 hexadecimal digits
   *   $A$005$…, $B$00A$…    caching_sha2_password, as in mysql.user
   *   0x2441…, 2441…        the same in hexadecimal: SHOW CREATE USER with
   *                         print_identified_with_as_hex, HEX(authentication_string)
   * </pre>
   *
   * @throws IllegalArgumentException if it is empty, holds a NUL, or begins like a
   *     caching_sha2_password verifier and is none; the text does not repeat it
   */
  public static Credentials parse(String secret) {
    byte[] hash = nativeHash(secret);
    if (hash != null) {
      return new Credentials(hash, null, null);
    }
    byte[] verifier = verifier(secret);
    if (verifier != null) {
      return new Credentials(null, null, StoredHash.parse(verifier));
    }
    return of(new Password(secret));
  }

  /** All that can be made of a password. */
  static Credentials of(Password password) {
    return new Credentials(
        NativePassword.stored(password.bytes()), CachingSha2.digest(password.bytes()), null);
  }

  /** SHA1(SHA1(password)), or null. */
  byte @Nullable [] nativeHash() {
    return nativeHash;
  }

  /** SHA256(SHA256(password)), or null: then only a client that shows the password can prove it. */
  byte @Nullable [] digest() {
    return digest;
  }

  /** Null where one of the others is there. */
  @Nullable StoredHash stored() {
    return stored;
  }

  private static byte @Nullable [] nativeHash(String secret) {
    return secret.length() == 41 && secret.charAt(0) == '*' ? hex(secret.substring(1)) : null;
  }

  private static byte @Nullable [] verifier(String secret) {
    byte[] plain = StoredHash.bytes(secret);
    if (StoredHash.isForm(plain)) {
      return plain;
    }
    String digits = secret.startsWith("0x") ? secret.substring(2) : secret;
    boolean isHex = digits.startsWith("244124") || digits.startsWith("244224"); // $A$, $B$
    byte[] decoded = isHex ? hex(digits) : null;
    return decoded != null && StoredHash.isForm(decoded) ? decoded : null;
  }

  private static byte @Nullable [] hex(String digits) {
    try {
      return HexFormat.of().parseHex(digits.toLowerCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Credentials that
        && same(nativeHash, that.nativeHash)
        && same(digest, that.digest)
        && Objects.equals(stored, that.stored);
  }

  private static boolean same(byte @Nullable [] left, byte @Nullable [] right) {
    return MessageDigest.isEqual(left, right);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(nativeHash) + Objects.hashCode(stored);
  }

  @Override
  public String toString() {
    return "Credentials[hidden]";
  }
}
