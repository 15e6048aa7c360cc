package dev.pooler.core.session;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many clients each database or each user has. Names are the clients' own: one without a client
 * is forgotten. Thread-safe.
 */
final class ClientCounts {
  private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

  /**
   * Counts one in.
   *
   * @param most zero: as many as come
   * @return false when there are as many already; then nothing is counted
   */
  boolean enter(String name, int most) {
    boolean[] entered = new boolean[1];
    counts.compute(
        name,
        (key, count) -> {
          int now = count == null ? 0 : count;
          entered[0] = most == 0 || now < most;
          return entered[0] ? Integer.valueOf(now + 1) : count;
        });
    return entered[0];
  }

  void leave(String name) {
    counts.computeIfPresent(name, (key, count) -> count > 1 ? count - 1 : null);
  }

  Set<String> names() {
    return Set.copyOf(counts.keySet());
  }

  int of(String name) {
    return counts.getOrDefault(name, 0);
  }
}
