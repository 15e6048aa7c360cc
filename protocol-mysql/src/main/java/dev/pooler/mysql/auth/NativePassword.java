package dev.pooler.mysql.auth;

import java.security.MessageDigest;

/**
 * mysql_native_password (MySQL 8.4 protocol documentation, "Native Authentication"): the client
 * sends SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password))), the server stores
 * SHA1(SHA1(password)).
 */
final class NativePassword {
  static final int RESPONSE_BYTES = Hashes.SHA_1_BYTES;

  private NativePassword() {}

  static byte[] respond(byte[] password, Nonce nonce) {
    byte[] once = Hashes.sha1(password);
    return Hashes.xor(once, Hashes.sha1(nonce.bytes(), Hashes.sha1(once)));
  }

  /** What a server keeps. */
  static byte[] stored(byte[] password) {
    return Hashes.sha1(Hashes.sha1(password));
  }

  /**
   * Takes the same time for each response.
   *
   * @param response {@link #RESPONSE_BYTES} long
   */
  static boolean proves(byte[] response, byte[] stored, Nonce nonce) {
    byte[] once = Hashes.xor(response, Hashes.sha1(nonce.bytes(), stored));
    return MessageDigest.isEqual(Hashes.sha1(once), stored);
  }
}
