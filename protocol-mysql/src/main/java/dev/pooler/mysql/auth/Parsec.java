package dev.pooler.mysql.auth;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;

/**
 * MariaDB's parsec (MariaDB 11.6, plugin/auth_parsec): the key is PBKDF2-HMAC-SHA-512 of the
 * password with the server's <em>ext-salt</em>; signed by Ed25519 are the server's 32 bytes and 32
 * of the client.
 *
 * <pre>
 *   ext-salt: 'P' (PBKDF2), f (1024 times 2^f iterations), the salt
 * </pre>
 */
final class Parsec {
  static final int NONCE_BYTES = 32;
  static final int RESPONSE_BYTES = NONCE_BYTES + 64;

  /** 262,144 iterations, a quarter of a second. MariaDB itself stores at most 3. */
  static final int MAX_FACTOR = 8;

  private static final int MIN_SALT = 8;
  private static final int MAX_SALT = 64;
  private static final int SEED_BYTES = 32;

  private Parsec() {}

  /** Whether it can be read; its factor may still be too high. */
  static boolean isExtSalt(byte[] data) {
    return data.length >= 2 + MIN_SALT && data.length <= 2 + MAX_SALT && data[0] == 'P';
  }

  static int factor(byte[] extSalt) {
    return extSalt[1] & 0xff;
  }

  /**
   * Blocks 1 ms for factor 0, twice as long for each further one: never on an event loop.
   *
   * @return the client's nonce and the signature
   */
  static byte[] sign(byte[] password, byte[] extSalt, byte[] serverNonce, byte[] clientNonce) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(privateKey(password, extSalt));
      signature.update(serverNonce);
      signature.update(clientNonce);
      byte[] response = Arrays.copyOf(clientNonce, RESPONSE_BYTES);
      signature.sign(response, NONCE_BYTES, RESPONSE_BYTES - NONCE_BYTES);
      return response;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no Ed25519", e);
    }
  }

  /** The first 32 bytes of the PBKDF2. */
  static byte[] seed(byte[] password, byte[] extSalt) {
    byte[] salt = Arrays.copyOfRange(extSalt, 2, extSalt.length);
    byte[] derived = Hashes.pbkdf2Sha512(password, salt, 1024 << factor(extSalt));
    return Arrays.copyOf(derived, SEED_BYTES);
  }

  private static PrivateKey privateKey(byte[] password, byte[] extSalt)
      throws GeneralSecurityException {
    return KeyFactory.getInstance("Ed25519")
        .generatePrivate(
            new EdECPrivateKeySpec(NamedParameterSpec.ED25519, seed(password, extSalt)));
  }
}
