package dev.pooler.postgres.auth;

import java.util.Locale;

/** Why a client was not let in: log word, metric label, and the SQLSTATE PostgreSQL would use. */
public enum AuthRefusal {
  UNKNOWN_USER("28P01"),
  WRONG_PASSWORD("28P01"),
  /** The user has a verifier, but not of the kind that the listener's method needs. */
  NO_FITTING_VERIFIER("28P01"),
  EMPTY_PASSWORD("28P01"),
  /** Nobody could be asked for the user's verifier. */
  LOOKUP_FAILED("08006"),
  PEER_UID("28000"),
  PEER_USER("28000"),
  /** The client wants it where it is not offered. */
  CHANNEL_BINDING("0A000"),
  /** Somebody between the client and us speaks another TLS with it than with us. */
  BINDING_MISMATCH("28000"),
  CERTIFICATE("28000"),
  UNSUPPORTED_MECHANISM("08P01"),
  MALFORMED_MESSAGE("08P01"),
  TOO_LARGE("08P01");

  private final String sqlState;

  AuthRefusal(String sqlState) {
    this.sqlState = sqlState;
  }

  public String sqlState() {
    return sqlState;
  }

  /** The word in logs and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** PostgreSQL's sentence, the same for each reason that must not be told from another. */
  AuthStep.Refused password(String user, String detail) {
    return new AuthStep.Refused(
        this, "password authentication failed for user \"" + user + "\"", detail);
  }
}
