package dev.pooler.postgres.backend;

import java.util.Map;

/**
 * What the servers of a pool report to a connection that has set nothing, as was heard last. It
 * changes with the server's configuration, with a standby that is promoted, with another server.
 * Thread-safe.
 */
final class ServerDefaults {
  private volatile Map<String, String> latest = Map.of();
  private final Runnable changed;

  /**
   * None heard yet.
   *
   * @param changed is run when they are others than before, on any thread
   */
  ServerDefaults(Runnable changed) {
    this.changed = changed;
  }

  /** Gives equal ones as one object, so that they are compared as fast as can be. */
  Map<String, String> heard(Map<String, String> defaults) {
    Map<String, String> before = latest;
    if (before.equals(defaults)) {
      return before;
    }
    Map<String, String> now = Map.copyOf(defaults);
    latest = now;
    changed.run();
    return now;
  }
}
