package dev.pooler.mysql.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * A password in the clear: of the configuration, or what a client has shown. It never shows itself.
 */
public final class Password implements BackendSecret {
  private final byte[] bytes;

  /**
   * The text in UTF-8, as it is, white space too.
   *
   * @throws IllegalArgumentException if it is empty or holds a NUL, which ends a password on the
   *     wire
   */
  public Password(String text) {
    this(text.getBytes(StandardCharsets.UTF_8));
  }

  /** In the bytes of whoever sent it; the array is ours from now on. */
  Password(byte[] bytes) {
    if (bytes.length == 0) {
      throw new IllegalArgumentException("the password is empty");
    }
    for (byte one : bytes) {
      if (one == 0) {
        throw new IllegalArgumentException("the password holds a NUL character");
      }
    }
    this.bytes = bytes;
  }

  /** Not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  /** With the NUL that ends it where it goes in the clear. */
  byte[] terminated() {
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Password that && MessageDigest.isEqual(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "Password[hidden]";
  }
}
