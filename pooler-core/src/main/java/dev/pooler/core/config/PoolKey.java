package dev.pooler.core.config;

/**
 * One pool: a database entry of the configuration, the database asked of the server, the user the
 * backends log in as, and what they are for. Sessions of different keys never share a backend.
 */
public record PoolKey(String entry, String database, String user, Replication replication) {
  /** A pool for statements. */
  public PoolKey(String entry, String database, String user) {
    this(entry, database, user, Replication.NONE);
  }

  /** The entry's name, or where the entry is for any database, the database's own. */
  public String name() {
    return entry.equals(DatabaseConfig.ANY) ? database : entry;
  }

  @Override
  public String toString() {
    String pool = name() + "/" + user;
    return replication == Replication.NONE
        ? pool
        : pool + " (" + replication.word() + " replication)";
  }
}
