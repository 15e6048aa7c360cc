package dev.pooler.core.config;

/**
 * Replication connections to one database's targets. Each has a backend of its own, outside {@link
 * PoolConfig#size}.
 *
 * @param allowed whether clients may ask for them at all; the server decides about the user
 * @param size most at once, for each backend user and kind
 */
public record ReplicationConfig(boolean allowed, int size) {
  /** Nobody may ask. */
  public static final ReplicationConfig NONE = new ReplicationConfig(false, 1);
}
