package dev.pooler.postgres.backend;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.SharedStatement;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which prepared statements one backend holds, least recently used first. What has been asked for
 * counts as done until the server skips it. Confined to the backend's loop.
 */
final class BackendStatements {
  private final int limit;

  /** True once the server has answered the Parse. */
  private @Nullable LinkedHashMap<SharedStatement, Boolean> held;

  /** What is held is of no use any more, and closed before the next is added. */
  private boolean outdated;

  /**
   * An empty set.
   *
   * @param limit statements at most; the server keeps a plan for each in every backend
   */
  BackendStatements(int limit) {
    this.limit = limit;
  }

  int size() {
    return held == null ? 0 : held.size();
  }

  /** Whether it is held or asked for; counts as a use. */
  boolean contains(SharedStatement statement) {
    return !outdated && held != null && held.get(statement) != null;
  }

  /** Whether the server has said so; counts as a use. */
  boolean proven(SharedStatement statement) {
    return !outdated && held != null && Boolean.TRUE.equals(held.get(statement));
  }

  /** What must be closed before another one is added, or null. */
  @Nullable SharedStatement surplus() {
    if (held == null || held.isEmpty()) {
      outdated = false;
      return null;
    }
    return !outdated && held.size() < limit ? null : held.keySet().iterator().next();
  }

  /**
   * The server refuses to run one of them ever again, because what it selects from was changed
   * ("cached plan must not change result type"); the others may be next.
   */
  void outdate() {
    outdated = true;
  }

  RequestEffect add(SharedStatement statement) {
    LinkedHashMap<SharedStatement, Boolean> all = held;
    if (all == null) {
      all = new LinkedHashMap<>(16, 0.75f, true);
      held = all;
    }
    all.put(statement, false);
    return new RequestEffect() {
      @Override
      public void done() {
        replace(statement, true);
      }

      @Override
      public void undone() {
        forget(statement);
      }
    };
  }

  RequestEffect remove(SharedStatement statement) {
    Map<SharedStatement, Boolean> all = held;
    Boolean before = all == null ? null : all.remove(statement);
    return new RequestEffect() {
      @Override
      public void done() {}

      @Override
      public void undone() {
        if (before != null) {
          add(statement).done();
        }
      }
    };
  }

  void forget(SharedStatement statement) {
    if (held != null) {
      held.remove(statement);
    }
  }

  void clear() {
    held = null;
    outdated = false;
  }

  private void replace(SharedStatement statement, boolean proven) {
    if (held != null) {
      held.replace(statement, proven);
    }
  }
}
