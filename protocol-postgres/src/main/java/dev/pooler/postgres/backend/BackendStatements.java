package dev.pooler.postgres.backend;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.SharedStatement;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which prepared statements one backend holds, least recently used first. What has been asked for
 * counts as done until the server skips it. Confined to the backend's loop.
 */
final class BackendStatements {
  private final int limit;

  private @Nullable LinkedHashMap<SharedStatement, Held> held;

  /** Counts what the server was asked to do. */
  private int places;

  /** How many are asked for, and not answered. */
  private int unproven;

  /**
   * How many Closes of it are not answered: the server may have skipped them, and hold it still.
   */
  private @Nullable Map<SharedStatement, Integer> closing;

  /**
   * Those whose Close was skipped while they were asked for again: if the server skips that too, it
   * holds them still.
   */
  private @Nullable Map<SharedStatement, Held> leftBehind;

  /** What is held is of no use any more, and closed before the next is added. */
  private boolean outdated;

  /** One that the server was asked to parse. */
  private static final class Held {
    /** When, or null where nobody asks. */
    final @Nullable Long since;

    /** In which batch. */
    final int batch;

    /** The server has answered. */
    boolean proven;

    /** It was never parsed: the server has failed or skipped that. */
    boolean gone;

    /** A later Parse or Close has a greater one. */
    final int place;

    Held(int place, int batch, @Nullable Long since) {
      this.place = place;
      this.batch = batch;
      this.since = since;
    }
  }

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
    Held one = outdated || held == null ? null : held.get(statement);
    return one != null && one.proven;
  }

  /** As {@link #proven}, if the server was asked after a time. */
  boolean provenSince(SharedStatement statement, long earliest) {
    Held one = outdated || held == null ? null : held.get(statement);
    return one != null && one.proven && one.since != null && one.since - earliest > 0;
  }

  /** Whether the server was asked for it in another batch than this one, and has not answered. */
  boolean undecided(SharedStatement statement, int batch) {
    Held one = unproven == 0 || held == null ? null : held.get(statement);
    return one != null && !one.proven && one.batch != batch;
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

  RequestEffect add(SharedStatement statement, int batch) {
    return add(statement, new Held(++places, batch, null));
  }

  /** As {@link #add(SharedStatement, int)}, for {@link #provenSince}. */
  RequestEffect add(SharedStatement statement, int batch, long now) {
    return add(statement, new Held(++places, batch, now));
  }

  private RequestEffect add(SharedStatement statement, Held one) {
    put(statement, one);
    unproven++;
    return new RequestEffect() {
      @Override
      public void done() {
        unproven--;
        one.proven = true;
      }

      @Override
      public void undone() {
        unproven--;
        one.gone = true;
        boolean was = held != null && held.remove(statement, one);
        Held still = was ? takeLeftBehind(statement) : null;
        if (still != null) {
          put(statement, still);
        }
      }
    };
  }

  private void put(SharedStatement statement, Held one) {
    LinkedHashMap<SharedStatement, Held> all = held;
    if (all == null) {
      all = new LinkedHashMap<>(16, 0.75f, true);
      held = all;
    }
    all.put(statement, one);
  }

  RequestEffect remove(SharedStatement statement) {
    Map<SharedStatement, Held> all = held;
    Held before = all == null ? null : all.remove(statement);
    if (closing == null) {
      closing = new HashMap<>();
    }
    closing.merge(statement, 1, Integer::sum);
    int place = ++places;
    return new RequestEffect() {
      @Override
      public void done() {
        closed(statement);
        Held back = held == null ? null : held.get(statement);
        if (back != null && back.place < place && held != null) {
          held.remove(statement); // put back by an earlier batch that failed
        }
      }

      @Override
      public void undone() {
        closed(statement);
        if (before == null || before.gone) {
          return;
        }
        if (held == null || !held.containsKey(statement)) {
          put(statement, before);
        } else {
          Map<SharedStatement, Held> left = leftBehind;
          if (left == null) {
            left = new HashMap<>();
            leftBehind = left;
          }
          left.put(statement, before);
        }
      }
    };
  }

  /** It is closed once more, for the case that the Close before was skipped. */
  RequestEffect closingAgain(SharedStatement statement) {
    return new RequestEffect() {
      @Override
      public void done() {
        takeLeftBehind(statement);
      }

      @Override
      public void undone() {}
    };
  }

  private @Nullable Held takeLeftBehind(SharedStatement statement) {
    return leftBehind == null ? null : leftBehind.remove(statement);
  }

  /** As {@link #remove}, of all of them. */
  RequestEffect removeAll() {
    RequestEffect all = RequestEffect.NONE;
    if (held != null) {
      for (SharedStatement statement : List.copyOf(held.keySet())) {
        all = all.and(remove(statement));
      }
    }
    return all;
  }

  /** The server holds these and no others; whether others were thought to be held. */
  boolean retain(Set<String> names) {
    return held != null
        && held.keySet().removeIf(statement -> !names.contains(statement.toString()));
  }

  private void closed(SharedStatement statement) {
    if (closing != null) {
      closing.merge(statement, -1, (a, b) -> a + b == 0 ? null : Integer.valueOf(a + b));
    }
  }

  /** Whether it may still be there though it was to be closed: then it is closed once more. */
  boolean isClosing(SharedStatement statement) {
    return closing != null && closing.containsKey(statement);
  }

  void forget(SharedStatement statement) {
    if (held != null) {
      held.remove(statement);
    }
  }

  void clear() {
    held = null;
    leftBehind = null;
    outdated = false;
  }
}
