package dev.pooler.core.config;

/** How TLS begins towards a target: libpq's sslnegotiation. */
public enum TlsStart {
  /** The server is asked first (PostgreSQL's SSLRequest). */
  POSTGRES("postgres"),
  /** At once, with ALPN: PostgreSQL 17 and later, one round trip less. */
  DIRECT("direct");

  private final String word;

  TlsStart(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }
}
