package dev.pooler.mysql.auth;

import java.util.Locale;

/** Why a client was not let in: log word, metric label, and MySQL's error number and SQLSTATE. */
public enum AuthRefusal {
  UNKNOWN_USER(1045, "28000"),
  WRONG_PASSWORD(1045, "28000"),
  EMPTY_PASSWORD(1045, "28000"),
  PEER_UID(1698, "28000"),
  PEER_USER(1698, "28000"),
  /** The password itself is wanted, and the line would show it. */
  INSECURE_LINE(3159, "HY000"),
  /** A client from before MySQL 5.5.7 that would have to change its method. */
  UNSUPPORTED_CLIENT(1251, "08004"),
  MALFORMED_MESSAGE(1043, "08S01"),
  TOO_LARGE(1043, "08S01");

  private final int errno;
  private final String sqlState;

  AuthRefusal(int errno, String sqlState) {
    this.errno = errno;
    this.sqlState = sqlState;
  }

  public int errno() {
    return errno;
  }

  public String sqlState() {
    return sqlState;
  }

  /** The word in logs and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** MySQL's sentence, the same for each reason that must not be told from another. */
  AuthStep.Refused password(ClientLogin login) {
    return new AuthStep.Refused(
        this,
        "Access denied for user '%s'@'%s' (using password: %s)"
            .formatted(login.user(), login.host(), this == EMPTY_PASSWORD ? "NO" : "YES"),
        label());
  }

  /** MySQL's ER_HANDSHAKE_ERROR, and for the log what was wrong. */
  AuthStep.Refused handshake(String detail) {
    return new AuthStep.Refused(this, "Bad handshake", detail);
  }
}
