package dev.pooler.mysql.auth;

import java.security.SecureRandom;

/**
 * What our greeting says of authentication. The client's first response is made for it, if the
 * client takes the method.
 *
 * @param method a hash: {@link AuthMethod#CACHING_SHA2_PASSWORD}, or for listeners with old clients
 *     {@link AuthMethod#MYSQL_NATIVE_PASSWORD}, which spares those a round trip
 */
public record Offer(AuthMethod method, Nonce nonce) {
  public Offer {
    if (method != AuthMethod.CACHING_SHA2_PASSWORD && method != AuthMethod.MYSQL_NATIVE_PASSWORD) {
      throw new IllegalArgumentException(method.plugin() + " can't be offered in a greeting");
    }
  }

  /** For one greeting. */
  public static Offer next(SecureRandom random) {
    return new Offer(AuthMethod.CACHING_SHA2_PASSWORD, Nonce.next(random));
  }
}
