package dev.pooler.postgres.auth;

import dev.pooler.core.config.Secret;
import dev.pooler.core.protocol.Secrets;

/** The password that a database's entry names. */
public record ConfiguredSecret(Secrets source, Secret secret) implements BackendSecrets {
  @Override
  public BackendSecret now() {
    return of(source.get(secret));
  }

  @Override
  public BackendSecret fresh() {
    return of(source.fresh(secret));
  }

  private static BackendSecret of(String text) {
    return text.isEmpty() ? new NoSecret() : new Password(text);
  }
}
