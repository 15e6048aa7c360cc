package dev.pooler.postgres.auth;

/** Of a pool without a configured password: what its user's own clients have shown, if anything. */
public record ShownSecrets(LoginKeys keys, String entry, String user) implements BackendSecrets {
  @Override
  public BackendSecret now() {
    PassedKeys shown = keys.find(entry, user);
    return shown == null ? new NoSecret() : shown;
  }
}
