package dev.pooler.postgres.auth;

import java.util.EnumSet;
import java.util.Set;

/**
 * Who logs in at a backend, with what, and what the server may ask for.
 *
 * @param exposed a network without TLS lies between: a password in the clear is then flagged
 * @param allowed as libpq's require_auth: a server that asks for another method is not answered
 */
public record BackendLogin(
    String user, BackendSecret secret, boolean exposed, Set<BackendMethod> allowed) {

  public BackendLogin {
    allowed = Set.copyOf(allowed);
  }

  /** Any method that the server asks for, as libpq does by default. */
  public static BackendLogin of(String user, BackendSecret secret, boolean exposed) {
    return new BackendLogin(user, secret, exposed, EnumSet.allOf(BackendMethod.class));
  }
}
