package dev.pooler.postgres.listen;

import dev.pooler.core.config.PoolKey;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The shared listeners of this process, by pool. Any thread. */
public final class Listeners {
  private final ConcurrentHashMap<PoolKey, SharedListener> all = new ConcurrentHashMap<>();

  /** A pool is made; one that it replaces keeps its own listener for its sessions. */
  public void put(PoolKey pool, SharedListener listener) {
    all.put(pool, listener);
  }

  /** A pool is no more. */
  public void remove(PoolKey pool) {
    all.remove(pool);
  }

  /** A pool's listener, or null where there is none: its sessions keep their backends. */
  public @Nullable SharedListener of(PoolKey pool) {
    return all.get(pool);
  }
}
