package dev.pooler.mysql.auth;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import org.jspecify.annotations.Nullable;

/**
 * Our RSA key, for clients that hide the password with it: over TCP without TLS, and Connector/J
 * over a Unix socket too. Immutable, safe for all threads; one for the life of the process is
 * enough.
 */
public final class ServerKey {
  private final PrivateKey privateKey;
  private final int bytes;
  private final byte[] pem;

  /**
   * A key of a file.
   *
   * @throws IllegalArgumentException if it is no RSA key of 2048 to 8192 bits
   */
  public ServerKey(KeyPair pair) {
    if (!(pair.getPublic() instanceof RSAPublicKey key) || !RsaPassword.fits(key)) {
      throw new IllegalArgumentException(
          "the key for caching_sha2_password must be RSA of %d to %d bits"
              .formatted(RsaPassword.MIN_KEY_BITS, RsaPassword.MAX_KEY_BITS));
    }
    this.privateKey = pair.getPrivate();
    this.bytes = RsaPassword.cipherBytes(key);
    this.pem = RsaPassword.writePem(key);
  }

  /** A new one of 2048 bits. Blocks 50 ms to 1 s: at start or on a thread that may block. */
  public static ServerKey generate(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(RsaPassword.MIN_KEY_BITS, random);
      return new ServerKey(generator.generateKeyPair());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no RSA", e);
    }
  }

  byte[] pem() {
    return pem.clone();
  }

  /** Length of what is encrypted with it. */
  int bytes() {
    return bytes;
  }

  /** Blocks about 2 ms: not on an event loop. Null for what was not made for this nonce. */
  byte @Nullable [] decrypt(byte[] encrypted, Nonce nonce) {
    return RsaPassword.decrypt(privateKey, encrypted, nonce);
  }
}
