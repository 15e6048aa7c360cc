package dev.pooler.postgres.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.nio.charset.StandardCharsets;

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
   * SCRAM's SaltedPassword (RFC 5802, Hi) of the password after SASLprep, or as libpq does of its
   * bytes as they are where SASLprep prohibits them. Blocks about 4 ms for 4096 iterations, more in
   * a JVM that is not warm yet: never on an event loop.
   */
  byte[] salted(byte[] salt, int iterations) {
    return ScramFunctions.saltedPassword(
        ScramMechanism.SCRAM_SHA_256,
        StringPreparation.POSTGRESQL_PREPARATION,
        text.toCharArray(),
        salt,
        iterations);
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
