package dev.pooler.core.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything pooler is told, complete and checked: no default is left to its readers. Equal parts
 * mean that nothing changed, which is how a reload finds what to touch.
 *
 * @param http null where no HTTP is served
 * @param databases by the name clients ask for, in the file's order
 * @param users by name, in the file's order
 */
public record PoolerConfig(
    List<ListenerConfig> listen,
    @Nullable HttpConfig http,
    Map<String, DatabaseConfig> databases,
    LimitsConfig limits,
    IoConfig io,
    Map<String, UserConfig> users,
    AdminConfig admin) {
  public PoolerConfig {
    listen = List.copyOf(listen);
    databases = Collections.unmodifiableMap(new LinkedHashMap<>(databases));
    users = Collections.unmodifiableMap(new LinkedHashMap<>(users));
  }

  /**
   * The entry for the name a client asked for, or the one for any name, or null: unknown database.
   */
  public @Nullable DatabaseConfig database(String asked) {
    DatabaseConfig exact = databases.get(asked);
    return exact != null ? exact : databases.get(DatabaseConfig.ANY);
  }

  /** Of the database that clients ask for by this name. */
  public QuotaConfig databaseQuota(String asked) {
    DatabaseConfig entry = database(asked);
    return entry == null ? QuotaConfig.NONE : entry.quota();
  }

  /** Of a user, whether it is named here or not. */
  public QuotaConfig userQuota(String user) {
    UserConfig named = users.get(user);
    return named == null ? limits.user() : named.quota();
  }
}
