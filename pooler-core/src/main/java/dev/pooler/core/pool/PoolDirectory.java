package dev.pooler.core.pool;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.session.SqlFailure;
import org.jspecify.annotations.Nullable;

/** Finds the pool that a client's database and user lead to. Any thread; never blocks. */
public interface PoolDirectory {
  /** What was found. */
  sealed interface Found {
    /** The pool, made if it was not there yet. */
    record Pool(LeasePool pool, DatabaseConfig database) implements Found {}

    /** There is none for this database. */
    record Refused(SqlFailure failure) implements Found {}
  }

  Found find(String database, String user);

  /** The entry that a database name leads to, or null. */
  @Nullable DatabaseConfig entry(String database);
}
