package dev.pooler.core.config;

import org.jspecify.annotations.Nullable;

/**
 * A user of listeners that ask for a password. Exactly one of verifier and password is there.
 *
 * @param verifier what PostgreSQL's pg_authid keeps: {@code SCRAM-SHA-256$…} or {@code md5…}
 */
public record UserConfig(String name, @Nullable String verifier, @Nullable Secret password) {
  /**
   * A verifier is not a password, but whoever has it can try passwords offline: it is masked too.
   */
  @Override
  public String toString() {
    return "UserConfig["
        + name
        + ", "
        + (verifier != null ? "verifier=***" : "password=" + password)
        + "]";
  }
}
