package dev.pooler.mysql.auth;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * MariaDB's client_ed25519 (MariaDB 11.4, plugin/auth_ed25519): Ed25519 of RFC 8032, where the
 * password of any length stands for the private key of 32 bytes. The JDK takes no other length, so
 * the signature is made here.
 */
final class Ed25519Password {
  static final int NONCE_BYTES = 32;
  static final int SIGNATURE_BYTES = 64;

  private static final int HALF = Edwards25519.ENCODED_BYTES;

  private Ed25519Password() {}

  /** Blocks 1 to 3 ms: never on an event loop. */
  static byte[] publicKey(byte[] password) {
    return Edwards25519.multiplyBase(scalar(Hashes.sha512(password)));
  }

  /** Blocks 2 to 6 ms: never on an event loop. */
  static byte[] sign(byte[] password, byte[] message) {
    byte[] hash = Hashes.sha512(password);
    byte[] scalar = scalar(hash);
    byte[] publicKey = Edwards25519.multiplyBase(scalar);
    BigInteger r = reduced(Hashes.sha512(Arrays.copyOfRange(hash, HALF, 2 * HALF), message));
    byte[] point = Edwards25519.multiplyBase(Edwards25519.bytes(r));
    BigInteger k = reduced(Hashes.sha512(point, publicKey, message));
    BigInteger s = k.multiply(Edwards25519.number(scalar)).add(r).mod(Edwards25519.ORDER);
    byte[] signature = Arrays.copyOf(point, SIGNATURE_BYTES);
    System.arraycopy(Edwards25519.bytes(s), 0, signature, HALF, HALF);
    return signature;
  }

  /** RFC 8032, 5.1.5: the hash's first half, with its ends set. */
  private static byte[] scalar(byte[] hash) {
    byte[] scalar = Arrays.copyOf(hash, HALF);
    scalar[0] &= (byte) 248;
    scalar[HALF - 1] &= 63;
    scalar[HALF - 1] |= 64;
    return scalar;
  }

  private static BigInteger reduced(byte[] hash) {
    return Edwards25519.number(hash).mod(Edwards25519.ORDER);
  }
}
