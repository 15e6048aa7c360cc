package dev.pooler.postgres.auth;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The keys that clients' own SCRAM logins have shown, the newest of each user and database entry:
 * with them pooler logs in at a backend that stores the same verifier, and no password stands in
 * the Pod. They are as good as the password for that one verifier, so they are kept for the entry
 * that the client asked for and for no other. Holds the most recently used ones; safe for all
 * threads.
 */
public final class LoginKeys {
  private static final int MAX_KEYS = 4096;

  private record Owner(String entry, String user) {}

  private final Map<Owner, PassedKeys> keys =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Owner, PassedKeys> eldest) {
          return size() > MAX_KEYS;
        }
      };

  /** A user has logged in for this entry: these keys replace what an earlier login has shown. */
  public void remember(String entry, String user, PassedKeys shown) {
    synchronized (keys) {
      keys.put(new Owner(entry, user), shown);
    }
  }

  /** What the last login showed, or null before the first. */
  public @Nullable PassedKeys find(String entry, String user) {
    synchronized (keys) {
      return keys.get(new Owner(entry, user));
    }
  }

  /** Forgets the keys of users for whom it holds: their verifier has changed or is gone. */
  public void forget(BiPredicate<String, PassedKeys> stale) {
    synchronized (keys) {
      keys.entrySet().removeIf(entry -> stale.test(entry.getKey().user(), entry.getValue()));
    }
  }
}
