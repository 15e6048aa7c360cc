package dev.pooler.core.config;

import java.util.Locale;

/** What a backend is for: statements, or one of the kinds of replication a database server has. */
public enum Replication {
  /** Statements: the backend is pooled. */
  NONE,
  /** The server's log as it is, of all its databases. */
  PHYSICAL,
  /** The changes of one database, decoded. */
  LOGICAL;

  /** The word at the console and in metrics: PgBouncer's. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
