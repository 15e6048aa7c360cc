package dev.pooler.core.console;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which databases an administrator has paused: all, or some by name, also names that have no pool
 * yet. As in PgBouncer the two are apart: RESUME without a name ends PAUSE without one.
 * Thread-safe.
 */
public final class Pauses {
  private final Set<String> names = new TreeSet<>();
  private boolean all;

  /** Whether a pool of this database may not give out a backend. */
  public synchronized boolean covers(String database) {
    return all || names.contains(database);
  }

  /** Everything is paused, whatever its name. */
  public synchronized boolean all() {
    return all;
  }

  /** Whether this database is paused by its name. */
  public synchronized boolean named(String database) {
    return names.contains(database);
  }

  public synchronized Set<String> names() {
    return Set.copyOf(names);
  }

  /** Notes a pause. */
  synchronized void begin(@Nullable String database) {
    if (database == null) {
      all = true;
    } else {
      names.add(database);
    }
  }

  synchronized void end(@Nullable String database) {
    if (database == null) {
      all = false;
    } else {
      names.remove(database);
    }
  }
}
