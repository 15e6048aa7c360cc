package dev.pooler.core.config;

/**
 * One pool: a database entry of the configuration, the database asked of the server, and the user
 * the backends log in as. Sessions of different keys never share a backend.
 */
public record PoolKey(String entry, String database, String user) {
  @Override
  public String toString() {
    return database + "/" + user;
  }
}
