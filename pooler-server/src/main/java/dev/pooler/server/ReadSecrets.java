package dev.pooler.server;

import dev.pooler.core.config.Secret;
import dev.pooler.core.protocol.Secrets;
import dev.pooler.server.config.SecretSource;

/** Secrets as protocols get them: a value, or an exception that says why there is none. */
record ReadSecrets(SecretSource source) implements Secrets {
  @Override
  public String get(Secret secret) {
    return value(source.get(secret));
  }

  @Override
  public String fresh(Secret secret) {
    return value(source.fresh(secret));
  }

  private static String value(SecretSource.Answer found) {
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    if (found instanceof SecretSource.Unknown unknown) {
      throw new IllegalStateException(unknown.reason());
    }
    return ((SecretSource.Known) found).value();
  }
}
