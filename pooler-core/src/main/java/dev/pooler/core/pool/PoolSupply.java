package dev.pooler.core.pool;

import java.util.Collection;

/** The supply of one pool as its owner sees it. Any thread but an event loop. */
public interface PoolSupply extends BackendSupply, AutoCloseable {
  LeasePool pool();

  /** Backends whose connection is open; a glance. */
  Collection<Backend> backends();

  /** Backends that are being connected; a glance. */
  int connecting();

  /** Backends that exist, leased or idle; a glance. */
  int totalBackends();

  /** Whether a backend has ever logged in. Any thread. */
  boolean everConnected();

  /** No more grants, and backends close as their leases end. Returns at once. */
  void pause();

  /** Ends a pause; sessions that waited go on. */
  void resume();

  /** Paused, and no backend is open. */
  boolean atRest();

  /** Replaces backends: idle ones now, the others as their leases end. */
  void replaceAll();

  /** As {@link #replaceAll}, hot ones too: none that is open now is leased again. */
  void reconnect();

  /** New bounds. */
  void limits(PoolLimits limits);

  /** Closes all backends; blocks until they are closed, seconds at most. */
  @Override
  void close();
}
