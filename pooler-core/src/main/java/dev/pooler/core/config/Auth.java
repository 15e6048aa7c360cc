package dev.pooler.core.config;

/** How a listener makes sure who a client is. */
public enum Auth {
  /**
   * The uid at the other end of the Unix socket (SO_PEERCRED): ours, or one that allow-uids maps to
   * a user.
   */
  PEER("peer"),
  /** Whoever can connect is who it says it is. */
  TRUST("trust"),
  SCRAM_SHA_256("scram-sha-256"),
  MD5("md5"),
  /** The common name of the certificate that the client shows is the user. */
  CERT("cert");

  private final String word;

  Auth(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }

  /** Whether it compares a password, and so needs the user's verifier or password. */
  public boolean needsUsers() {
    return this == SCRAM_SHA_256 || this == MD5;
  }
}
