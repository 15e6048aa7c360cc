package dev.pooler.core.observe;

import dev.pooler.core.session.CloseReason;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * How sessions ended and logins failed, for one protocol, by database: the names of the
 * configuration's entries, since strangers may ask for any. Thread-safe.
 */
public final class SessionCounters {
  /** The database of a client that asked for none yet, or for one that is not there. */
  public static final String NO_DATABASE = "";

  private final ConcurrentHashMap<String, OfDatabase> databases = new ConcurrentHashMap<>();

  /** Takes one counter. */
  public interface Taker {
    void take(String database, String reason, long count);
  }

  private static final class OfDatabase {
    private final Map<CloseReason, LongAdder> closed = new EnumMap<>(CloseReason.class);
    private final ConcurrentHashMap<String, LongAdder> authFailures = new ConcurrentHashMap<>();

    OfDatabase() {
      for (CloseReason reason : CloseReason.values()) {
        closed.put(reason, new LongAdder());
      }
    }
  }

  public SessionCounters() {
    of(NO_DATABASE);
  }

  /** Counters that begin at zero are there before anything happens. */
  public void known(Collection<String> names) {
    names.forEach(this::of);
  }

  private OfDatabase of(String database) {
    OfDatabase counters = databases.get(database);
    return counters == null
        ? databases.computeIfAbsent(database, name -> new OfDatabase())
        : counters;
  }

  /**
   * Counts the end of a session, or of a login.
   *
   * @param database the name of an entry, or {@link #NO_DATABASE}
   */
  public void closed(String database, CloseReason reason) {
    LongAdder adder = of(database).closed.get(reason);
    if (adder != null) {
      adder.increment();
    }
  }

  /**
   * Counts a refused login.
   *
   * @param database the name of an entry, or {@link #NO_DATABASE}
   * @param reason one of a bounded set of words
   */
  public void authFailed(String database, String reason) {
    of(database).authFailures.computeIfAbsent(reason, word -> new LongAdder()).increment();
  }

  public void eachClosed(Taker taker) {
    databases.forEach((database, counters) ->
        counters.closed.forEach(
            (reason, adder) -> taker.take(database, reason.label(), adder.sum())));
  }

  public void eachAuthFailure(Taker taker) {
    databases.forEach((database, counters) ->
        counters.authFailures.forEach(
            (reason, adder) -> taker.take(database, reason, adder.sum())));
  }
}
