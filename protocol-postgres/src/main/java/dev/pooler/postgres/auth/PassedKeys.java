package dev.pooler.postgres.auth;

import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Keys that a client's SCRAM login has shown, good for a backend that stores the verifier with the
 * same salt and iteration count, and for no other.
 */
public final class PassedKeys implements BackendSecret {
  private final byte[] salt;
  private final int iterations;
  private final ScramKey key;

  PassedKeys(byte[] salt, int iterations, ScramKey key) {
    this.salt = salt;
    this.iterations = iterations;
    this.key = key;
  }

  boolean fits(byte[] salt, int iterations) {
    return this.iterations == iterations && Arrays.equals(this.salt, salt);
  }

  /** Whether they are those of this verifier. */
  public boolean of(ScramVerifier verifier) {
    return fits(verifier.salt(), verifier.iterations())
        && MessageDigest.isEqual(key.storedKey(), verifier.storedKey());
  }

  ScramKey key() {
    return key;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PassedKeys that
        && that.fits(salt, iterations)
        && MessageDigest.isEqual(key.clientKey(), that.key.clientKey());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(salt);
  }

  @Override
  public String toString() {
    return "PassedKeys[hidden]";
  }
}
