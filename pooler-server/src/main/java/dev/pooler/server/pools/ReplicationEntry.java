package dev.pooler.server.pools;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Replication;
import dev.pooler.core.pool.PoolDirectory.Found;
import dev.pooler.core.session.SqlFailure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which database entry a client means. Who replicates physically names no database (libpq's
 * programs say "replication", others their user's name), and means the one server that there is.
 */
final class ReplicationEntry {
  private ReplicationEntry() {}

  /** The entry, or null where there is none, or more than one that might be meant. */
  static @Nullable DatabaseConfig find(PoolerConfig config, String asked, Replication kind) {
    DatabaseConfig named = config.database(asked);
    if (named != null || kind != Replication.PHYSICAL) {
      return named;
    }
    List<DatabaseConfig> all = List.copyOf(config.databases().values());
    List<DatabaseConfig> allowing = all.stream().filter(e -> e.replication().allowed()).toList();
    List<DatabaseConfig> meant = allowing.isEmpty() ? all : allowing;
    return meant.size() == 1 ? meant.getFirst() : null;
  }

  static Found refusal(String asked, Replication kind) {
    SqlFailure unknown =
        SqlFailure.fatal("3D000", 1049, "database \"" + asked + "\" does not exist");
    return new Found.Refused(
        unknown.withHint(
            kind == Replication.PHYSICAL
                ? "For physical replication name an entry of databases in pooler's file \""
                    + asked
                    + "\", or allow replication in just one."
                : "See databases in pooler's file."));
  }

  static Found notAllowed(DatabaseConfig entry) {
    String text = "replication connections to \"" + entry.name() + "\" are not allowed here";
    String why =
        entry.user() == null
            ? "pooler's file says replication: false for it."
            : "Backends log in as user \"" + entry.user() + "\", whoever the client is.";
    return new Found.Refused(
        SqlFailure.fatal("28000", 1045, text)
            .withDetail(why)
            .withHint("Set databases." + entry.name() + ".replication: true in pooler's file."));
  }
}
