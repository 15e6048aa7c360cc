package dev.pooler.core.config;

/**
 * How much of TLS a backend connection insists on; libpq's sslmode words (PostgreSQL manual,
 * 32.19).
 */
public enum TlsMode {
  DISABLE("disable"),
  PREFER("prefer"),
  REQUIRE("require"),
  VERIFY_CA("verify-ca"),
  VERIFY_FULL("verify-full");

  private final String word;

  TlsMode(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }

  /** Whether the target's certificate must lead to a trusted one. */
  public boolean verifies() {
    return this == VERIFY_CA || this == VERIFY_FULL;
  }
}
