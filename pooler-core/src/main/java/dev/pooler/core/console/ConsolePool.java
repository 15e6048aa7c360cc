package dev.pooler.core.console;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.LeasePool;
import java.util.Collection;

/** A pool with its supply, as the console sees them. Any thread but an event loop. */
public interface ConsolePool {
  LeasePool pool();

  DatabaseConfig database();

  /** Backends whose connection is open; a glance. */
  Collection<Backend> backends();

  /** Backends that are being connected; a glance. */
  int connecting();

  /** See {@link #atRest}: no grants, and backends close as their leases end. Returns at once. */
  void pause();

  void resume();

  /** Paused, and no backend is open. */
  boolean atRest();

  /** None of the backends that are open now is leased again. */
  void reconnect();
}
