package dev.pooler.core.pool;

import dev.pooler.core.observe.LatencyBuckets;
import dev.pooler.core.observe.Sampler;
import dev.pooler.core.statement.StatementClass;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What a pool did, counted on its loops and read by anyone. Adders, because several loops may count
 * at once and a scrape must not hold them up.
 */
public final class PoolCounters {
  private final LongAdder acquires = new LongAdder();
  private final LongAdder releases = new LongAdder();
  private final LongAdder timeouts = new LongAdder();
  private final LongAdder leaks = new LongAdder();
  private final LongAdder transactions = new LongAdder();
  private final LongAdder innerStatements = new LongAdder();
  private final LongAdder logins = new LongAdder();
  private final LongAdder clientParses = new LongAdder();
  private final LongAdder serverParses = new LongAdder();
  private final LongAdder binds = new LongAdder();
  private final LongAdder settingsReplayed = new LongAdder();
  private final LongAdder leasedNanos = new LongAdder();
  private final LongAdder busyNanos = new LongAdder();
  private final LongAdder clientBytes = new LongAdder();
  private final LongAdder backendBytes = new LongAdder();
  private final LongAdder notifications = new LongAdder();
  private final LongAdder listeningSessions = new LongAdder();
  private volatile int listenerChannels;
  private final LatencyBuckets waits = new LatencyBuckets();

  /** By the class of statement; made with the first of its class. */
  private final AtomicReferenceArray<@Nullable LatencyBuckets> statements =
      new AtomicReferenceArray<>(StatementClass.values().length);

  private final Map<EvictReason, LongAdder> evictions = new EnumMap<>(EvictReason.class);
  private final Map<PinReason, LongAdder> pins = new EnumMap<>(PinReason.class);
  private final Map<PinReason, LongAdder> pinnedNanos = new EnumMap<>(PinReason.class);

  PoolCounters() {
    for (EvictReason reason : EvictReason.values()) {
      evictions.put(reason, new LongAdder());
    }
    for (PinReason reason : PinReason.values()) {
      pins.put(reason, new LongAdder());
      pinnedNanos.put(reason, new LongAdder());
    }
  }

  void acquired(long waitedNanos) {
    acquires.increment();
    waits.record(waitedNanos);
  }

  void released() {
    releases.increment();
  }

  void timedOut() {
    timeouts.increment();
  }

  void leaked() {
    leaks.increment();
  }

  public void evicted(EvictReason reason) {
    count(evictions, reason);
  }

  public void pinned(PinReason reason) {
    count(pins, reason);
  }

  /** A backend became idle after a statement: one transaction is over. */
  public void transactionEnded() {
    transactions.increment();
  }

  /** A statement was answered and its transaction goes on. */
  public void statementEnded() {
    innerStatements.increment();
  }

  /**
   * A request was timed, one of {@link Sampler#ONE_IN}, from its first message to its last reply.
   *
   * @param first its first statement
   */
  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  public void timed(StatementClass first, long nanos) {
    LatencyBuckets times = statements.get(first.ordinal());
    if (times == null) {
      LatencyBuckets made = new LatencyBuckets();
      LatencyBuckets other = statements.compareAndExchange(first.ordinal(), null, made);
      times = other == null ? made : other;
    }
    times.record(nanos, Sampler.ONE_IN);
  }

  /** How long requests took that began with a statement of this class; null before the first. */
  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  public @Nullable LatencyBuckets times(StatementClass first) {
    return statements.get(first.ordinal());
  }

  /**
   * What a request did with prepared statements.
   *
   * @param byClients statements that clients prepared by name
   * @param atServers statements that servers were asked to parse for sessions to share
   * @param bound times that one was readied for execution
   */
  public void prepared(int byClients, int atServers, int bound) {
    add(clientParses, byClients);
    add(serverParses, atServers);
    add(binds, bound);
  }

  private static void add(LongAdder counter, int more) {
    if (more != 0) {
      counter.add(more);
    }
  }

  /** A backend was given the settings of the session that has it now. */
  public void settingsMoved() {
    settingsReplayed.increment();
  }

  /** A client logged in. */
  public void loggedIn() {
    logins.increment();
  }

  /**
   * A tick saw a lease: it stands for the time since the tick before. Sampled, because a clock read
   * for each statement would cost the data path more than the figure is worth.
   */
  void sampled(long nanos, boolean busy) {
    leasedNanos.add(nanos);
    if (busy) {
      busyNanos.add(nanos);
    }
  }

  /** A tick saw a pinned session. */
  void pinned(PinReason reason, long nanos) {
    LongAdder adder = pinnedNanos.get(reason);
    if (adder != null) {
      adder.add(nanos);
    }
  }

  /** A notification was passed to a client. */
  public void notified() {
    notifications.increment();
  }

  public void notified(int count) {
    notifications.add(count);
  }

  /** So many more sessions have channels at the pool's shared listener. */
  public void listening(int more) {
    listeningSessions.add(more);
  }

  /** The pool's shared listener listens to so many channels now. */
  public void listenerChannels(int now) {
    listenerChannels = now;
  }

  public void fromClient(int bytes) {
    clientBytes.add(bytes);
  }

  public void fromBackend(int bytes) {
    backendBytes.add(bytes);
  }

  public long acquires() {
    return acquires.sum();
  }

  public long releases() {
    return releases.sum();
  }

  public long timeouts() {
    return timeouts.sum();
  }

  /** Leases that outlasted {@code leak-after}. */
  public long leaks() {
    return leaks.sum();
  }

  public long transactions() {
    return transactions.sum();
  }

  /**
   * Requests that were answered: a simple query, or a batch of the extended protocol with what was
   * sent behind it without waiting.
   */
  public long statements() {
    return transactions.sum() + innerStatements.sum();
  }

  /** Statements that clients prepared by name. */
  public long clientParses() {
    return clientParses.sum();
  }

  /** Statements that servers were asked to parse for sessions to share. */
  public long serverParses() {
    return serverParses.sum();
  }

  /** Binds of statements that clients named. */
  public long binds() {
    return binds.sum();
  }

  /** Times that a backend got its new session's settings. */
  public long settingsReplayed() {
    return settingsReplayed.sum();
  }

  public long logins() {
    return logins.sum();
  }

  /** Nanoseconds that sessions had backends, as far as ticks of a tenth of a second tell. */
  public long leasedNanos() {
    return leasedNanos.sum();
  }

  /** Nanoseconds that backends owed replies, as far as ticks tell. */
  public long busyNanos() {
    return busyNanos.sum();
  }

  /** Nanoseconds that sessions were pinned for this reason, as far as ticks tell. */
  public long pinnedNanos(PinReason reason) {
    return sum(pinnedNanos, reason);
  }

  public long notifications() {
    return notifications.sum();
  }

  public long listeningSessions() {
    return listeningSessions.sum();
  }

  public int listenerChannels() {
    return listenerChannels;
  }

  public long clientBytes() {
    return clientBytes.sum();
  }

  public long backendBytes() {
    return backendBytes.sum();
  }

  public LatencyBuckets waits() {
    return waits;
  }

  public long evictions(EvictReason reason) {
    return sum(evictions, reason);
  }

  public long pins(PinReason reason) {
    return sum(pins, reason);
  }

  private static <E extends Enum<E>> void count(Map<E, LongAdder> counts, E reason) {
    LongAdder adder = counts.get(reason);
    if (adder != null) {
      adder.increment();
    }
  }

  private static <E extends Enum<E>> long sum(Map<E, LongAdder> counts, E reason) {
    LongAdder adder = counts.get(reason);
    return adder == null ? 0 : adder.sum();
  }
}
