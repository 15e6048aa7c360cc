package dev.pooler.core.pool;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.Replication;
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

  /** As {@link #find(String, String)}, for backends of this kind. */
  default Found find(String database, String user, Replication replication) {
    return replication == Replication.NONE
        ? find(database, user)
        : new Found.Refused(
            SqlFailure.fatal("0A000", 1235, "replication connections are not supported"));
  }

  /** As {@link #entry(String)}, for backends of this kind: physical ones may name no database. */
  default @Nullable DatabaseConfig entry(String database, Replication replication) {
    return entry(database);
  }
}
