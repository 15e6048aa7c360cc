package dev.pooler.postgres.cancel;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The process id and secret of BackendKeyData, which a CancelRequest repeats. Protocol 3.0 has 4
 * bytes of secret, 3.2 up to 256 (manual, "Message Formats"). Two keys are compared in a time that
 * doesn't depend on where they differ; the secret never shows itself.
 */
public final class CancelKey {
  /** The secret's length in protocol 3.0, and the least there is, in bytes. */
  public static final int MIN_SECRET = 4;

  /** The longest secret of protocol 3.2, in bytes. */
  public static final int MAX_SECRET = 256;

  private final int processId;
  private final byte[] secret;

  /**
   * Takes a copy of the secret.
   *
   * @throws IllegalArgumentException if the secret isn't 4 to 256 bytes long
   */
  public CancelKey(int processId, byte[] secret) {
    if (secret.length < MIN_SECRET || secret.length > MAX_SECRET) {
      throw new IllegalArgumentException("a cancel secret of " + secret.length + " bytes");
    }
    this.processId = processId;
    this.secret = secret.clone();
  }

  /**
   * Reads what follows the request code of a CancelRequest, or the body of a BackendKeyData: the
   * process id, then the secret to the end.
   *
   * @return null if the secret isn't 4 to 256 bytes long
   */
  public static @Nullable CancelKey parse(byte[] body) {
    int secretLength = body.length - Integer.BYTES;
    if (secretLength < MIN_SECRET || secretLength > MAX_SECRET) {
      return null;
    }
    int processId = ByteBuffer.wrap(body).getInt();
    return new CancelKey(processId, Arrays.copyOfRange(body, Integer.BYTES, body.length));
  }

  public int processId() {
    return processId;
  }

  /** A copy, for BackendKeyData or a CancelRequest. */
  public byte[] secret() {
    return secret.clone();
  }

  /** Whether the secrets are the same, in a time that depends on the length of ours alone. */
  boolean matches(CancelKey presented) {
    return MessageDigest.isEqual(secret, presented.secret);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CancelKey that && processId == that.processId && matches(that);
  }

  @Override
  public int hashCode() {
    return processId;
  }

  @Override
  public String toString() {
    return "CancelKey[processId=" + processId + ", secret=hidden]";
  }
}
