package dev.pooler.server.pools;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.Replication;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the pools' own logins say against a target that takes connections: a server that starts up,
 * is full, or refuses the user admits nobody all the same. Where no pool has tried, nothing does.
 * Thread-safe.
 */
public final class PoolEvidence {
  /**
   * So old a refusal says nothing any more unless it is tried again: nobody may ever come to find
   * out, least of all to a process that is not ready.
   */
  private static final Duration FRESH = Duration.ofSeconds(30);

  private final Supplier<? extends Collection<Pools.Entry>> pools;

  public PoolEvidence(Supplier<? extends Collection<Pools.Entry>> pools) {
    this.pools = pools;
  }

  /** Why this database's clients get no backend at this target, or null. */
  public @Nullable String against(DatabaseConfig database, Address target) {
    String ofServer = null;
    boolean served = false;
    for (Pools.Entry pool : pools.get()) {
      if (pool.pool().key().replication() != Replication.NONE
          || !pool.database().hosts().contains(target)) {
        continue;
      }
      boolean mine = pool.pool().key().entry().equals(database.name());
      SqlFailure trouble = pool.backends().isEmpty() ? trouble(pool) : null;
      if (trouble == null) {
        served |= !pool.backends().isEmpty() && (mine || pool.database().hosts().size() == 1);
      } else if (!concernsTheLogin(trouble)) {
        ofServer = trouble.message();
      } else if (mine && isForAll(database)) {
        return trouble.message();
      }
    }
    return served ? null : ofServer; // one that is served shows that the server is there
  }

  private static @Nullable SqlFailure trouble(Pools.Entry pool) {
    SqlFailure trouble =
        pool.connecting() > 0 ? pool.pool().trouble() : pool.pool().troubleWithin(FRESH);
    // 53000 is what this process lacks, see OwnTrouble: that says nothing of the target.
    return trouble == null || trouble.sqlState().equals("53000") ? null : trouble;
  }

  /** The user, its password, the database: another user may be let in by the same server. */
  private static boolean concernsTheLogin(SqlFailure trouble) {
    String state = trouble.sqlState();
    return state.startsWith("28") // invalid authorization specification
        || state.startsWith("3D") // no such database
        || state.startsWith("42") // no right to connect to it
        || state.startsWith("55"); // it allows no connections
  }

  /** All its clients share one user and one database: what one is refused, all are. */
  private static boolean isForAll(DatabaseConfig database) {
    return database.user() != null && (!database.isAny() || database.database() != null);
  }
}
