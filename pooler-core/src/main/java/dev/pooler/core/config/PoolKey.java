package dev.pooler.core.config;

/**
 * One pool: a database entry of the configuration, the database asked of the server, and the user
 * the backends log in as. Sessions of different keys never share a backend.
 */
public record PoolKey(String entry, String database, String user) {
  /** The entry's name, or where the entry is for any database, the database's own. */
  public String name() {
    return entry.equals(DatabaseConfig.ANY) ? database : entry;
  }

  @Override
  public String toString() {
    return name() + "/" + user;
  }
}
