package dev.pooler.mysql.auth;

import java.security.MessageDigest;

/**
 * The fast exchange of caching_sha2_password (MySQL 9.7 protocol documentation,
 * "Caching_sha2_password information"): the client sends SHA256(password) XOR
 * SHA256(SHA256(SHA256(password)) + nonce), the server knows SHA256(SHA256(password)).
 */
final class CachingSha2 {
  static final int RESPONSE_BYTES = Hashes.SHA_256_BYTES;

  /** The client wants the public key; sha256_password says it with a 1. */
  static final byte KEY_REQUEST = 2;

  /** AuthMoreData: the response was right, OK follows. */
  static final byte FAST_SUCCESS = 3;

  /** AuthMoreData: the password itself is wanted. */
  static final byte FULL_AUTHENTICATION = 4;

  private CachingSha2() {}

  static byte[] respond(byte[] password, Nonce nonce) {
    byte[] once = Hashes.sha256(password);
    return Hashes.xor(once, Hashes.sha256(Hashes.sha256(once), nonce.bytes()));
  }

  /** What a server remembers of a password it has seen (MySQL's fast digest, two rounds). */
  static byte[] digest(byte[] password) {
    return Hashes.sha256(Hashes.sha256(password));
  }

  /**
   * Takes the same time for each response.
   *
   * @param response {@link #RESPONSE_BYTES} long
   */
  static boolean proves(byte[] response, byte[] digest, Nonce nonce) {
    byte[] once = Hashes.xor(response, Hashes.sha256(digest, nonce.bytes()));
    return MessageDigest.isEqual(Hashes.sha256(once), digest);
  }
}
