package dev.pooler.mysql.auth;

/** What lies between client and server while a password is proven. */
public enum Line {
  /** TLS, whatever carries it. */
  TLS,
  /** A Unix socket without TLS. */
  UNIX_SOCKET,
  /** TCP without TLS, loopback too: servers take no password in the clear over it. */
  PLAIN_TCP;

  /**
   * Whether caching_sha2_password lets the password itself go over it (MySQL's
   * is_secure_transport).
   */
  boolean isPrivate() {
    return this != PLAIN_TCP;
  }
}
