package dev.pooler.postgres.auth;

import dev.pooler.core.config.ChannelBinding;
import java.util.EnumSet;
import java.util.Set;

/**
 * Who logs in at a backend, with what, and what the server may ask for.
 *
 * @param exposed a network without TLS lies between: a password in the clear is then flagged
 * @param binding whether SCRAM is bound to the server's certificate
 * @param allowed as libpq's require_auth: a server that asks for another method is not answered
 */
public record BackendLogin(
    String user,
    BackendSecret secret,
    boolean exposed,
    Set<BackendMethod> allowed,
    ChannelBinding binding) {

  public BackendLogin {
    allowed = Set.copyOf(allowed);
  }

  /** With channel binding where the server offers it. */
  public BackendLogin(
      String user, BackendSecret secret, boolean exposed, Set<BackendMethod> allowed) {
    this(user, secret, exposed, allowed, ChannelBinding.PREFER);
  }

  /** Any method that the server asks for, as libpq does by default. */
  public static BackendLogin of(String user, BackendSecret secret, boolean exposed) {
    return of(user, secret, exposed, ChannelBinding.PREFER);
  }

  /** Any method, unless it must be one that binds to the channel. */
  public static BackendLogin of(
      String user, BackendSecret secret, boolean exposed, ChannelBinding binding) {
    Set<BackendMethod> allowed =
        binding == ChannelBinding.REQUIRE
            ? EnumSet.of(BackendMethod.SCRAM_SHA_256)
            : EnumSet.allOf(BackendMethod.class);
    return new BackendLogin(user, secret, exposed, allowed, binding);
  }
}
