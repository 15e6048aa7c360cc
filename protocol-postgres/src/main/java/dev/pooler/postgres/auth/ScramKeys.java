package dev.pooler.postgres.auth;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keys that earlier logins derived, so that a reconnect costs no PBKDF2. Only keys that a server's
 * signature confirmed come in: a server that makes up salts can't push the others out. Holds the
 * most recently used ones; safe for all threads.
 */
public final class ScramKeys {
  private static final int MAX_KEYS = 1024;

  private record Origin(Password password, ByteBuffer salt, int iterations) {}

  private final Map<Origin, ScramKey> keys =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Origin, ScramKey> eldest) {
          return size() > MAX_KEYS;
        }
      };

  @Nullable ScramKey find(Password password, byte[] salt, int iterations) {
    synchronized (keys) {
      return keys.get(new Origin(password, ByteBuffer.wrap(salt), iterations));
    }
  }

  void remember(Password password, byte[] salt, int iterations, ScramKey key) {
    synchronized (keys) {
      keys.put(new Origin(password, ByteBuffer.wrap(salt), iterations), key);
    }
  }

  int size() {
    synchronized (keys) {
      return keys.size();
    }
  }
}
