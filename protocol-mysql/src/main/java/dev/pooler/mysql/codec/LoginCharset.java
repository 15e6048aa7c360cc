package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Collations;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** The character set of the names in a login packet. */
final class LoginCharset {
  private static final Charset WINDOWS = Charset.forName("windows-1252");

  private LoginCharset() {}

  /**
   * That of the packet's collation, as servers read it, where that is latin1 (which is cp1252);
   * else UTF-8, which the names of all others that clients log in with are a part of.
   */
  static Charset of(int collation) {
    return "latin1".equals(Collations.charset(collation)) ? WINDOWS : StandardCharsets.UTF_8;
  }
}
