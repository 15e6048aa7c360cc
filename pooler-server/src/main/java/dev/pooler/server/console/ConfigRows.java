package dev.pooler.server.console;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.TimeoutsConfig;
import dev.pooler.core.config.UserConfig;
import dev.pooler.core.console.Operations.Setting;
import dev.pooler.server.config.Quantity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The configuration in use, key by key, for SHOW CONFIG: names are those of the file. Secrets are
 * not in it.
 */
final class ConfigRows {
  private final List<Setting> rows = new ArrayList<>();

  private ConfigRows() {}

  static List<Setting> of(PoolerConfig config) {
    ConfigRows rows = new ConfigRows();
    rows.listeners(config.listen());
    if (config.http() != null) {
      rows.fixed("http.address", config.http().address());
    }
    config.databases().values().forEach(rows::database);
    rows.fixed("limits.clients", config.limits().clients());
    rows.fixed("limits.memory", Quantity.text(config.limits().memoryBytes()));
    rows.time("limits.drain", config.limits().drain());
    rows.put("limits.user-clients", config.limits().user().clients());
    rows.put("limits.user-backends", config.limits().user().backends());
    rows.fixed("io.transport", config.io().transport().word());
    rows.fixed("io.event-loops", config.io().eventLoops());
    rows.put("users", String.join(",", config.users().keySet()));
    config.users().values().forEach(rows::user);
    rows.put("admin.users", String.join(",", config.admin().users()));
    rows.put("admin.stats-users", String.join(",", config.admin().statsUsers()));
    rows.put("admin.sockets", config.admin().sockets());
    return rows.rows;
  }

  private void listeners(List<ListenerConfig> listeners) {
    for (int i = 0; i < listeners.size(); i++) {
      fixed("listen[" + i + "].address", listeners.get(i).address());
      fixed("listen[" + i + "].auth", listeners.get(i).auth().word());
    }
  }

  private void database(DatabaseConfig database) {
    String path = "databases." + database.name() + ".";
    put(path + "hosts", String.join(",", database.hosts().stream().map(Object::toString).toList()));
    put(path + "database", database.database());
    put(path + "user", database.user());
    put(path + "replication", database.replication().allowed());
    PoolConfig pool = database.pool();
    put(path + "pool.mode", pool.mode().word());
    put(path + "pool.size", pool.size());
    put(path + "pool.min-idle", pool.minIdle());
    put(path + "pool.replication-size", database.replication().size());
    time(path + "pool.max-wait", pool.maxWait());
    time(path + "pool.max-lifetime", pool.maxLifetime());
    time(path + "pool.idle-timeout", pool.idleTimeout());
    time(path + "pool.keepalive", pool.keepalive());
    time(path + "pool.leak-after", pool.leakAfter());
    put(path + "pool.prepared-statements", pool.preparedStatements());
    put(path + "pool.cache-unnamed-statements", pool.cacheUnnamed());
    put(path + "pool.reserve-size", pool.reserve().size());
    time(path + "pool.reserve-after", pool.reserve().after());
    time(path + "pool.queue-notice", pool.notice());
    new TreeMap<>(pool.pins().policies())
        .forEach(
            (reason, policy) -> put(path + "pool.pins." + reason.replace('_', '-'), policy.word()));
    put(path + "pool.pin-notice", pool.pins().notice());
    put(path + "trust-functions", database.trustFunctions());
    put(path + "limits.clients", database.quota().clients());
    put(path + "limits.backends", database.quota().backends());
    TimeoutsConfig timeouts = database.timeouts();
    time(path + "timeouts.connect", timeouts.connect());
    time(path + "timeouts.login", timeouts.login());
    time(path + "timeouts.statement", timeouts.statement());
    time(path + "timeouts.idle-in-transaction", timeouts.idleInTransaction());
    time(path + "timeouts.client-idle", timeouts.clientIdle());
  }

  private void user(UserConfig user) {
    put("users." + user.name() + ".limits.clients", user.quota().clients());
    put("users." + user.name() + ".limits.backends", user.quota().backends());
  }

  private void time(String key, Duration value) {
    put(key, Quantity.text(value));
  }

  private void put(String key, @Nullable Object value) {
    rows.add(new Setting(key, value == null ? "" : value.toString(), null, true));
  }

  /** Read at the start and never again. */
  private void fixed(String key, Object value) {
    rows.add(new Setting(key, value.toString(), null, false));
  }
}
