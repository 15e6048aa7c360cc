package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/**
 * A password under the server's RSA key, for caching_sha2_password and sha256_password where the
 * line shows what goes over it: the password and a NUL, XORed with the nonce, RSA-OAEP with SHA-1
 * (MySQL since 8.0.5; sha256_password always).
 */
final class RsaPassword {
  /** MySQL's MAX_CIPHER_LENGTH is 1024 bytes. */
  static final int MAX_KEY_BITS = 8192;

  /** What MySQL makes by itself has 2048; with less the password could as well go in the clear. */
  static final int MIN_KEY_BITS = 2048;

  /** A key of {@link #MAX_KEY_BITS} has 1,500. */
  private static final int MAX_PEM = 4096;

  /** Two SHA-1 hashes and two bytes (RFC 8017, 7.1.1). */
  private static final int OAEP_BYTES = 42;

  private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
  private static final String END = "-----END PUBLIC KEY-----";
  private static final String TRANSFORMATION = "RSA/ECB/OAEPWithSHA-1AndMGF1Padding";

  private RsaPassword() {}

  /** Null for what is no PEM public key, no RSA key, or one of a size we don't take. */
  static @Nullable RSAPublicKey readPem(byte[] pem) {
    if (pem.length > MAX_PEM) {
      return null;
    }
    String text = new String(pem, StandardCharsets.ISO_8859_1);
    int begin = text.indexOf(BEGIN);
    int end = begin < 0 ? -1 : text.indexOf(END, begin + BEGIN.length());
    if (end < 0) {
      return null;
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(text.substring(begin + BEGIN.length(), end));
      PublicKey key = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
      return key instanceof RSAPublicKey rsa && fits(rsa) ? rsa : null;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return null;
    }
  }

  static byte[] writePem(PublicKey key) {
    byte[] newLine = {'\n'};
    String body = Base64.getMimeEncoder(64, newLine).encodeToString(key.getEncoded());
    return (BEGIN + "\n" + body + "\n" + END + "\n").getBytes(StandardCharsets.ISO_8859_1);
  }

  static boolean fits(RSAPublicKey key) {
    int bits = key.getModulus().bitLength();
    return bits >= MIN_KEY_BITS && bits <= MAX_KEY_BITS;
  }

  /** Length of what this key makes, in bytes. */
  static int cipherBytes(RSAPublicKey key) {
    return (key.getModulus().bitLength() + 7) / 8;
  }

  /** Whether a password and its NUL fit under this key: 213 bytes for 2048 bits. */
  static boolean holds(RSAPublicKey key, byte[] password) {
    return password.length + 1 <= cipherBytes(key) - OAEP_BYTES;
  }

  /**
   * Blocks about 0.1 ms for 2048 bits: not on an event loop.
   *
   * @throws IllegalStateException if the key {@link #holds} no such password
   */
  static byte[] encrypt(RSAPublicKey key, byte[] password, Nonce nonce) {
    try {
      Cipher cipher = Cipher.getInstance(TRANSFORMATION);
      cipher.init(Cipher.ENCRYPT_MODE, key);
      return cipher.doFinal(nonce.mask(Arrays.copyOf(password, password.length + 1)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the password can't be encrypted: " + e.getMessage(), e);
    }
  }

  /**
   * Blocks about 2 ms for 2048 bits: not on an event loop.
   *
   * @return the password without its NUL, or null for what was not made with our key and this nonce
   */
  static byte @Nullable [] decrypt(PrivateKey key, byte[] encrypted, Nonce nonce) {
    try {
      Cipher cipher = Cipher.getInstance(TRANSFORMATION);
      cipher.init(Cipher.DECRYPT_MODE, key);
      return withoutNul(nonce.mask(cipher.doFinal(encrypted)));
    } catch (GeneralSecurityException e) {
      return null;
    }
  }

  /** Null where no NUL ends it. */
  static byte @Nullable [] withoutNul(byte[] text) {
    int last = text.length - 1;
    return last >= 0 && text[last] == 0 ? Arrays.copyOf(text, last) : null;
  }
}
