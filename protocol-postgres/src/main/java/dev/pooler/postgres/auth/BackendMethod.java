package dev.pooler.postgres.auth;

/**
 * The ways we can prove ourselves to a backend, weakest first; the words of libpq's require_auth.
 */
public enum BackendMethod {
  NONE("none"),
  PASSWORD("password"),
  MD5("md5"),
  SCRAM_SHA_256("scram-sha-256");

  private final String label;

  BackendMethod(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
