package dev.pooler.postgres.auth;

/** Where the logins of one pool get what they show. Both may block: never on an event loop. */
public interface BackendSecrets {
  /**
   * What is known now; what costs much to get may be some time old.
   *
   * @throws IllegalStateException with the cause, if it can't be read
   */
  BackendSecret now();

  /**
   * Read from its source whatever it costs, because the backend has refused the other. The same
   * where {@link #now} always is.
   *
   * @throws IllegalStateException with the cause, if it can't be read
   */
  default BackendSecret fresh() {
    return now();
  }
}
