package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolKey;
import dev.pooler.postgres.session.PgSettings;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The ParameterStatus values that a login is answered with, by pool and start-up settings, as a
 * real backend reported them. With one of these a client logs in without a backend. Thread-safe,
 * bounded; forgetting costs the next login a backend's moment.
 */
public final class Welcomes {
  private static final int LARGEST = 512;

  private record Key(PoolKey pool, PgSettings settings) {}

  private final ConcurrentHashMap<Key, Map<String, String>> known = new ConcurrentHashMap<>();

  @Nullable Map<String, String> find(PoolKey pool, PgSettings settings) {
    return known.get(new Key(pool, settings));
  }

  void remember(PoolKey pool, PgSettings settings, Map<String, String> reported) {
    if (known.size() >= LARGEST) {
      known.clear();
    }
    known.put(new Key(pool, settings), Map.copyOf(reported));
  }

  /** The servers may have changed: a reload, a reconnect. */
  public void forget() {
    known.clear();
  }
}
