package dev.pooler.postgres.auth;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** PostgreSQL's older verifier, {@code md5} and the hex of md5(password + user). It is a secret. */
public final class Md5Hash {
  private static final Pattern FORM = Pattern.compile("md5[0-9a-fA-F]{32}");

  private final String hex;

  private Md5Hash(String hex) {
    this.hex = hex;
  }

  /** Whether PostgreSQL would take the text for an md5 verifier instead of a password. */
  static boolean isForm(String text) {
    return FORM.matcher(text).matches();
  }

  /**
   * Reads the form of pg_authid.
   *
   * @throws IllegalArgumentException if it isn't one; the text does not repeat it
   */
  public static Md5Hash parse(String text) {
    if (!isForm(text)) {
      throw new IllegalArgumentException("not a verifier of the form md5<32 hex digits>");
    }
    return new Md5Hash(text.substring(3).toLowerCase(Locale.ROOT));
  }

  public static Md5Hash of(String user, Password password) {
    byte[] name = user.getBytes(StandardCharsets.UTF_8);
    return new Md5Hash(HexFormat.of().formatHex(Hashes.md5(password.utf8(), name)));
  }

  static Md5Hash ofBytes(byte[] hash) {
    return new Md5Hash(HexFormat.of().formatHex(hash));
  }

  /** The answer to AuthenticationMD5Password, without the terminating zero. */
  byte[] salted(byte[] salt) {
    byte[] hash = Hashes.md5(hex.getBytes(StandardCharsets.US_ASCII), salt);
    return ("md5" + HexFormat.of().formatHex(hash)).getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public String toString() {
    return "Md5Hash[hidden]";
  }
}
