package dev.pooler.postgres.backend;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.StatementName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which prepared statements one backend holds, least recently used first; by name, so that none of
 * their texts is kept for it. What has been asked for counts as done until the server skips it.
 * Confined to the backend's loop.
 */
final class BackendStatements {
  private final int limit;

  private @Nullable LinkedHashMap<StatementName, Held> held;

  /** Counts what the server was asked to do. */
  private int places;

  /** How many it was asked to parse since somebody asked. */
  private int parses;

  /** How many are asked for, and not answered. */
  private int unproven;

  /**
   * How many Closes of it are not answered: the server may have skipped them, and hold it still.
   */
  private @Nullable Map<StatementName, Integer> closing;

  /**
   * Those whose Close was skipped while they were asked for again: if the server skips that too, it
   * holds them still.
   */
  private @Nullable Map<StatementName, Held> leftBehind;

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

  int takeParses() {
    int parsed = parses;
    parses = 0;
    return parsed;
  }

  int size() {
    return held == null ? 0 : held.size();
  }

  /** Whether it is held or asked for; counts as a use. */
  boolean contains(StatementName statement) {
    return !outdated && held != null && held.get(statement) != null;
  }

  /** Whether the server has said so; counts as a use. */
  boolean proven(StatementName statement) {
    Held one = outdated || held == null ? null : held.get(statement);
    return one != null && one.proven;
  }

  /** As {@link #proven}, if the server was asked after a time. */
  boolean provenSince(StatementName statement, long earliest) {
    Held one = outdated || held == null ? null : held.get(statement);
    return one != null && one.proven && one.since != null && one.since - earliest > 0;
  }

  /** Whether the server was asked for it in another batch than this one, and has not answered. */
  boolean undecided(StatementName statement, int batch) {
    Held one = unproven == 0 || held == null ? null : held.get(statement);
    return one != null && !one.proven && one.batch != batch;
  }

  /** What must be closed before another one is added, or null. */
  @Nullable StatementName surplus() {
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

  RequestEffect add(StatementName statement, int batch) {
    return add(statement, new Held(++places, batch, null));
  }

  /** As {@link #add(StatementName, int)}, for {@link #provenSince}. */
  RequestEffect add(StatementName statement, int batch, long now) {
    return add(statement, new Held(++places, batch, now));
  }

  private RequestEffect add(StatementName statement, Held one) {
    put(statement, one);
    parses++;
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

  private void put(StatementName statement, Held one) {
    LinkedHashMap<StatementName, Held> all = held;
    if (all == null) {
      all = new LinkedHashMap<>(16, 0.75f, true);
      held = all;
    }
    all.put(statement, one);
  }

  RequestEffect remove(StatementName statement) {
    Map<StatementName, Held> all = held;
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
          Map<StatementName, Held> left = leftBehind;
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
  RequestEffect closingAgain(StatementName statement) {
    return new RequestEffect() {
      @Override
      public void done() {
        takeLeftBehind(statement);
      }

      @Override
      public void undone() {}
    };
  }

  private @Nullable Held takeLeftBehind(StatementName statement) {
    return leftBehind == null ? null : leftBehind.remove(statement);
  }

  /** As {@link #remove}, of all of them, with those that an earlier batch will have put back. */
  RequestEffect removeAll() {
    List<RequestEffect> each = new ArrayList<>(0);
    if (held != null) {
      List.copyOf(held.keySet()).forEach(statement -> each.add(remove(statement)));
    }
    int place = ++places;
    RequestEffect effects = RequestEffect.inTurn(each);
    return new RequestEffect() {
      @Override
      public void done() {
        effects.done();
        if (held != null) {
          held.values().removeIf(one -> one.place < place);
        }
        if (leftBehind != null) {
          leftBehind.values().removeIf(one -> one.place < place);
        }
      }

      @Override
      public void undone() {
        effects.undone();
      }
    };
  }

  /** The server holds these and no others; whether others were thought to be held. */
  boolean retain(Set<String> names) {
    return held != null
        && held.keySet().removeIf(statement -> !names.contains(statement.toString()));
  }

  private void closed(StatementName statement) {
    if (closing != null) {
      closing.merge(statement, -1, (a, b) -> a + b == 0 ? null : Integer.valueOf(a + b));
    }
  }

  /** Whether it may still be there though it was to be closed: then it is closed once more. */
  boolean isClosing(StatementName statement) {
    return closing != null && closing.containsKey(statement);
  }

  /** Its name is taken for something else: it is to be closed before it is parsed again. */
  void displace(StatementName statement) {
    remove(statement); // and never done
  }

  void clear() {
    held = null;
    leftBehind = null;
    outdated = false;
  }
}
