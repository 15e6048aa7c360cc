package dev.pooler.mysql.auth;

import java.util.Locale;

/** Why a login at a backend was given up by us; what the server refuses is a ServerRefusal. */
public enum BackendFailure {
  /** A password is asked for, and none is configured. */
  NO_PASSWORD,
  /** mysql_old_password, PAM's dialog, Kerberos, or a plugin nobody knows. */
  UNSUPPORTED_METHOD,
  /** The server asks for a method that the configuration does not allow. */
  METHOD_NOT_ALLOWED,
  /** What the server asks for would show the password to whoever listens. */
  PASSWORD_EXPOSED,
  /** The server said OK before it can have seen a proof: it checks nothing, or isn't the server. */
  NOT_CHECKED,
  /** More iterations than any honest server asks for. */
  TOO_MANY_ITERATIONS,
  /** The server changes the method again and again. */
  TOO_MANY_SWITCHES,
  /** A packet that does not belong here or can't be read. */
  PROTOCOL;

  /** The word in logs and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
