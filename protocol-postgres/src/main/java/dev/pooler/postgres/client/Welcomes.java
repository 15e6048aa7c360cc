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

  /** Who logs in with more settings than this, in bytes, always asks. */
  private static final int LARGEST_SETTINGS = 4 * 1024;

  private record Key(PoolKey pool, PgSettings settings) {}

  /**
   * What a login is told.
   *
   * @param reported with what the start-up packet has set
   * @param defaults what the server reports where nothing is set
   */
  record Welcome(Map<String, String> reported, Map<String, String> defaults) {}

  private final ConcurrentHashMap<Key, Welcome> known = new ConcurrentHashMap<>();

  @Nullable Welcome find(PoolKey pool, PgSettings settings) {
    return known.get(new Key(pool, settings));
  }

  void remember(PoolKey pool, PgSettings settings, Welcome welcome) {
    if (settings.size() > LARGEST_SETTINGS) {
      return;
    }
    if (known.size() >= LARGEST) {
      known.clear();
    }
    known.put(new Key(pool, settings), welcome);
  }

  /** The servers may have changed: a reload, a reconnect. */
  public void forget() {
    known.clear();
  }
}
