package dev.pooler.core.config;

import org.jspecify.annotations.Nullable;

/**
 * A user that the configuration names. Of verifier and password one is there, or none: then it
 * can't log in at listeners that ask for a password.
 *
 * @param verifier what PostgreSQL's pg_authid keeps: {@code SCRAM-SHA-256$…} or {@code md5…}
 */
public record UserConfig(
    String name, @Nullable String verifier, @Nullable Secret password, QuotaConfig quota) {

  /** A user without limits. */
  public UserConfig(String name, @Nullable String verifier, @Nullable Secret password) {
    this(name, verifier, password, QuotaConfig.NONE);
  }

  /**
   * A verifier is not a password, but whoever has it can try passwords offline: it is masked too.
   */
  @Override
  public String toString() {
    return "UserConfig["
        + name
        + ", "
        + (verifier != null ? "verifier=***" : "password=" + password)
        + ", "
        + quota
        + "]";
  }
}
