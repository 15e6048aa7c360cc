package dev.pooler.mysql.auth;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The JDK's digests without their checked exceptions. */
final class Hashes {
  static final int SHA_1_BYTES = 20;
  static final int SHA_256_BYTES = 32;

  private Hashes() {}

  static byte[] sha1(byte[]... parts) {
    return digest("SHA-1", parts);
  }

  static byte[] sha256(byte[]... parts) {
    return digest("SHA-256", parts);
  }

  static byte[] sha512(byte[]... parts) {
    return digest("SHA-512", parts);
  }

  static byte[] hmacSha256(byte[] key, byte[] message) {
    return mac("HmacSHA256", key).doFinal(message);
  }

  /**
   * The first block of PBKDF2 with HMAC-SHA-512 (RFC 8018, 5.2), 64 bytes, which is all that MySQL
   * and MariaDB use of it. The JDK's own wants characters; passwords here are bytes. Blocks about 1
   * µs for each iteration.
   */
  static byte[] pbkdf2Sha512(byte[] password, byte[] salt, int iterations) {
    Mac mac = mac("HmacSHA512", password);
    mac.update(salt);
    byte[] last = mac.doFinal(new byte[] {0, 0, 0, 1});
    byte[] sum = last.clone();
    for (int i = 1; i < iterations; i++) {
      last = mac.doFinal(last);
      for (int j = 0; j < sum.length; j++) {
        sum[j] ^= last[j];
      }
    }
    return sum;
  }

  static byte[] xor(byte[] left, byte[] right) {
    byte[] result = new byte[left.length];
    for (int i = 0; i < left.length; i++) {
      result[i] = (byte) (left[i] ^ right[i]);
    }
    return result;
  }

  static MessageDigest newDigest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no " + algorithm, e);
    }
  }

  private static byte[] digest(String algorithm, byte[]... parts) {
    MessageDigest digest = newDigest(algorithm);
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }

  private static Mac mac(String algorithm, byte[] key) {
    try {
      Mac mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(key, algorithm));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no " + algorithm, e);
    }
  }
}
