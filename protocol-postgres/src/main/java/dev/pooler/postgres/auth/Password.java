package dev.pooler.postgres.auth;

import com.ongres.scram.common.StringPreparation;
import java.nio.charset.StandardCharsets;
import javax.crypto.Mac;

/** A password in the clear, from a secret of the configuration. It never shows itself. */
public final class Password implements BackendSecret {
  private final String text;

  /**
   * Takes the text as it is, white space too.
   *
   * @throws IllegalArgumentException if it is empty or holds a NUL, which neither PostgreSQL's
   *     messages nor libpq can carry
   */
  public Password(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("the password is empty");
    }
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("the password holds a NUL character");
    }
    this.text = text;
  }

  byte[] utf8() {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * SCRAM's SaltedPassword (RFC 5802, Hi). Blocks about 4 ms for 4096 iterations: never on an event
   * loop. Not the JDK's PBKDF2WithHmacSHA256, which hashes a key above 64 bytes anew in each
   * iteration: 1.4 s for a token of 64 KB.
   */
  byte[] salted(byte[] salt, int iterations) {
    Mac mac = Hashes.hmacSha256(prepared());
    mac.update(salt);
    byte[] block = mac.doFinal(new byte[] {0, 0, 0, 1});
    byte[] result = block.clone();
    for (int i = 1; i < iterations; i++) {
      block = mac.doFinal(block);
      for (int j = 0; j < result.length; j++) {
        result[j] ^= block[j];
      }
    }
    return result;
  }

  /** SASLprep, and as libpq does the bytes as they are where SASLprep prohibits them. */
  private byte[] prepared() {
    char[] normal = StringPreparation.POSTGRESQL_PREPARATION.normalize(text.toCharArray());
    return new String(normal).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Password that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return "Password[hidden]";
  }
}
