package dev.pooler.postgres.auth;

/**
 * The number that follows the length of an Authentication message ('R'), as the manual's "Message
 * Formats" lists them. Those that are not named here (Kerberos, crypt, SCM, GSS, SSPI) are never
 * sent to a client and refused from a backend.
 */
public final class AuthCode {
  public static final int OK = 0;
  public static final int CLEARTEXT_PASSWORD = 3;
  public static final int MD5_PASSWORD = 5;
  public static final int SASL = 10;
  public static final int SASL_CONTINUE = 11;
  public static final int SASL_FINAL = 12;

  private AuthCode() {}
}
