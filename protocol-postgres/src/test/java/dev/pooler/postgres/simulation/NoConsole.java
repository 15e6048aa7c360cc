package dev.pooler.postgres.simulation;

import dev.pooler.core.config.AdminConfig;
import dev.pooler.core.config.IoConfig;
import dev.pooler.core.config.LimitsConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.config.Transport;
import dev.pooler.core.console.Console;
import dev.pooler.core.console.ConsolePool;
import dev.pooler.core.console.Operations;
import dev.pooler.core.console.Pauses;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SessionReport;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** A server without administrators: its console answers to no name. */
public record NoConsole(SessionRegistry sessions, SessionLimits limits) implements Operations {
  public static Console of(SessionRegistry sessions, SessionLimits limits) {
    return new Console(new NoConsole(sessions, limits), new Pauses());
  }

  @Override
  public PoolerConfig config() {
    return new PoolerConfig(
        List.of(),
        null,
        Map.of(),
        new LimitsConfig(limits.clients(), 0, 0, Duration.ZERO),
        new IoConfig(Transport.AUTO, 1),
        Map.of(),
        AdminConfig.NONE);
  }

  @Override
  public List<Setting> settings() {
    return List.of();
  }

  @Override
  public Collection<? extends ConsolePool> pools() {
    return List.of();
  }

  @Override
  public String version() {
    return "";
  }

  @Override
  public boolean draining() {
    return false;
  }

  @Override
  public List<String> reload() {
    return List.of();
  }

  @Override
  public void forgetServers() {}

  @Override
  public String json(SessionReport report) {
    return "";
  }
}
