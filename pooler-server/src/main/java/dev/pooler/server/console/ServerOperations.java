package dev.pooler.server.console;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.console.ConsolePool;
import dev.pooler.core.console.Operations;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SessionReport;
import dev.pooler.server.observe.SessionsPage;
import java.util.Collection;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * This server, as the console asks it.
 *
 * @param inUse the configuration; may change with a reload
 * @param keyByKey the same for people
 * @param forget what was learned of the servers may be wrong from now on
 */
public record ServerOperations(
    Supplier<PoolerConfig> inUse,
    Supplier<List<Setting>> keyByKey,
    Supplier<Collection<? extends ConsolePool>> allPools,
    SessionRegistry sessions,
    SessionLimits limits,
    String version,
    BooleanSupplier drains,
    Supplier<List<String>> reloading,
    Runnable forget)
    implements Operations {
  @Override
  public PoolerConfig config() {
    return inUse.get();
  }

  @Override
  public List<Setting> settings() {
    return keyByKey.get();
  }

  @Override
  public Collection<? extends ConsolePool> pools() {
    return allPools.get();
  }

  @Override
  public boolean draining() {
    return drains.getAsBoolean();
  }

  @Override
  public List<String> reload() {
    return reloading.get();
  }

  @Override
  public void forgetServers() {
    forget.run();
  }

  @Override
  public String json(SessionReport report) {
    return SessionsPage.session(report);
  }
}
