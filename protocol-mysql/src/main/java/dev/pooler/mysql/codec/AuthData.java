package dev.pooler.mysql.codec;

import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What authentication plugins say to each other: a scramble, its answer, a password in clear text.
 * Never shown.
 */
public final class AuthData {
  /** No bytes: an account without a password, too. */
  public static final AuthData NONE = new AuthData(new byte[0]);

  private final byte[] bytes;

  private AuthData(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Of these bytes, which nobody may change afterwards. */
  public static AuthData of(byte[] bytes) {
    return new AuthData(bytes);
  }

  /** The bytes themselves, which nobody may change. */
  public byte[] bytes() {
    return bytes;
  }

  public int length() {
    return bytes.length;
  }

  /** In a time that doesn't tell where the two differ. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AuthData that && MessageDigest.isEqual(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "AuthData[hidden]";
  }
}
