package dev.pooler.postgres.auth;

import java.util.Locale;

/** Why a login at a backend was given up by us (what the server refuses comes as ErrorResponse). */
public enum BackendFailure {
  /** A password is asked for, none is configured, and no client of that user has shown its keys. */
  NO_PASSWORD,
  /** The keys of the client's own login don't fit what this backend stores. */
  KEYS_DO_NOT_FIT,
  /** GSS, SSPI, SCRAM-SHA-256-PLUS alone, or a code nobody knows. */
  UNSUPPORTED_METHOD,
  /** The server asks for less than the configuration demands. */
  METHOD_NOT_ALLOWED,
  /** The server could not prove that it knows the password's verifier, or skipped the proof. */
  SERVER_NOT_PROVEN,
  /** More iterations than any honest server asks for. */
  TOO_MANY_ITERATIONS,
  /** A message that does not belong here or can't be read. */
  PROTOCOL;

  /** The word in logs and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
