package dev.pooler.core.pool;

import dev.pooler.core.observe.Sampler;
import dev.pooler.core.session.SqlFailure;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One event loop's share of a pool: its hot leases, newest first, and its waiting sessions, oldest
 * first. A backend that is released goes to the loop whose session has waited longest, and there to
 * whom {@link WaitQueue} says.
 *
 * <p>Confined to its loop; other loops read {@link #oldestWaiter} and {@link #idleCount} only, and
 * hand backends over by tasks.
 */
public final class LoopLeases {
  private static final Logger LOG = LoggerFactory.getLogger(LoopLeases.class);

  /** So many hot backends are looked at for one that has the wanted settings. */
  private static final int LOOKS = 16;

  private static final long NOBODY = Long.MAX_VALUE;

  private final LeasePool pool;
  private final EventLoop loop;
  private final ArrayDeque<Lease> idle = new ArrayDeque<>();

  /** Idle ones and those that sessions have. */
  private final List<Lease> here = new ArrayList<>();

  private final WaitQueue waiters = new WaitQueue();
  private final Sampler sampler = new Sampler();
  private boolean fetching;
  private boolean serving;

  /** When the longest waiter of this loop began to wait, for other loops to compare. */
  private volatile long oldestWaiter = NOBODY;

  private volatile int idleCount;

  /** Leased ones that their sessions keep by a pin, at the last tick. */
  private volatile int pinnedCount;

  /** When the janitor was last here. */
  private long lastTick;

  LoopLeases(LeasePool pool, EventLoop loop) {
    this.pool = pool;
    this.loop = loop;
    this.lastTick = pool.now();
  }

  public EventLoop loop() {
    return loop;
  }

  public LeasePool pool() {
    return pool;
  }

  /**
   * A hot lease at once, or null: then {@link #await} is the way.
   *
   * @param wanted settings that one of the hot backends may have already
   */
  public @Nullable Lease tryAcquire(SessionSettings wanted) {
    if (!waiters.isEmpty() || !pool.open()) {
      return null;
    }
    preferAligned(wanted);
    Lease lease = popUsable();
    if (lease != null) {
      lease.lend();
      pool.counters().acquired(0);
    }
    return lease;
  }

  /** Puts a session in the queue; it is granted a lease, failed, or withdraws. */
  public void await(LeaseRequest request) {
    SqlFailure refused = pool.refusal();
    if (refused != null) {
      request.failed(refused);
      return;
    }
    request.since = pool.now();
    request.told = false;
    waiters.add(request);
    publish();
    if (pool.open()) {
      pool.askIdleOf(this);
      fetchIfNeeded();
    }
  }

  /** A session waits no more. */
  public void withdraw(LeaseRequest request) {
    if (waiters.remove(request)) {
      publish();
    }
  }

  void release(Lease lease) {
    end(lease);
    long now = pool.now();
    if (!lease.backend.usable()) {
      discard(lease, lease.backend.deadFor());
    } else if (pool.surplus()) {
      discard(lease, EvictReason.SURPLUS);
    } else if (pool.takeYield()) {
      discard(lease, EvictReason.YIELDED);
    } else if (!pool.open() || now - lease.heldSince > pool.tenureNanos()) {
      giveBack(lease);
    } else {
      lease.idleSince = now;
      offer(lease);
    }
  }

  void evict(Lease lease, EvictReason reason) {
    end(lease);
    discard(lease, reason);
  }

  /** The supply has a backend for this loop; it is on this loop already. */
  public void supplied(Backend backend) {
    fetching = false;
    Lease lease = new Lease(backend, this, pool.now());
    lease.idleSince = lease.heldSince;
    here.add(lease);
    pool.held(1);
    offer(lease);
    fetchIfNeeded();
  }

  /**
   * The supply has none.
   *
   * @param failure what waiting sessions are to be told, or null when they may go on waiting
   */
  public void notSupplied(@Nullable SqlFailure failure) {
    fetching = false;
    if (failure != null) {
      failWaiters(failure);
    }
    fetchIfNeeded();
  }

  /** The janitor's tick: deadlines of waiters, hot leases nobody needs. */
  void tick(long now) {
    sample(now);
    LeaseRequest oldest;
    while ((oldest = waiters.oldest()) != null && pool.waitedEnough(oldest.since, now)) {
      withdraw(oldest);
      long waited = TimeUnit.NANOSECONDS.toMillis(now - oldest.since);
      pool.counters().timedOut();
      oldest.failed(pool.waitedTooLong(waited));
    }
    Lease coldest;
    while ((coldest = idle.peekLast()) != null && now - coldest.idleSince > pool.restNanos()) {
      idle.removeLast();
      giveBack(coldest);
    }
    idleCount = idle.size();
    while (pool.surplus() && discardIdle(EvictReason.SURPLUS)) {}
    tellThoseThatWait(now);
    lookForLeaks(now);
    serve();
    fetchIfNeeded();
  }

  /**
   * Counts for how long backends are leased, busy and pinned: each tick stands for its interval.
   * First of all in a tick: who has waited too long hears how many are pinned.
   */
  private void sample(long now) {
    long interval = now - lastTick;
    lastTick = now;
    int pinned = 0;
    for (Lease lease : here) {
      if (lease.leased) {
        pool.counters().sampled(interval, lease.backend.owes());
        LeaseHolder holder = lease.backend.holder();
        Set<PinReason> pins = holder == null ? Set.of() : holder.pins();
        pins.forEach(reason -> pool.counters().pinned(reason, interval));
        pinned += pins.isEmpty() ? 0 : 1;
      }
    }
    pinnedCount = pinned;
  }

  private void tellThoseThatWait(long now) {
    long after = pool.limits().notice().toNanos();
    if (after == 0 || waiters.isEmpty()) {
      return;
    }
    List<LeaseRequest> untold = new ArrayList<>();
    for (LeaseRequest request : waiters) {
      if (now - request.since < after) {
        break; // and so the younger ones behind it
      }
      if (!request.told) {
        untold.add(request);
      }
    }
    for (LeaseRequest request : untold) {
      if (request.waiting) {
        request.told = true;
        request.waitsLong(Duration.ofNanos(now - request.since));
      }
    }
  }

  /** Another pool needs the place of an idle backend. */
  void yieldIdle() {
    if (waiters.isEmpty()) {
      discardIdle(EvictReason.YIELDED);
    }
  }

  private boolean discardIdle(EvictReason reason) {
    Lease coldest = idle.pollLast();
    idleCount = idle.size();
    if (coldest == null) {
      return false;
    }
    discard(coldest, reason);
    return true;
  }

  /** Says so when a session keeps its backend for longer than it should, once for each lease. */
  private void lookForLeaks(long now) {
    long limit = pool.limits().leakAfter().toNanos();
    if (limit == 0) {
      return;
    }
    for (Lease lease : here) {
      long age = lease.age(now);
      if (age >= limit && lease.becomesOverdue()) {
        pool.counters().leaked();
        LOG.warn(
            "pool {}: {} has held {} for {} (leak-after {})",
            pool.key(),
            lease.backend.holder(),
            lease.backend,
            Duration.ofNanos(age).truncatedTo(ChronoUnit.MILLIS),
            pool.limits().leakAfter());
      }
    }
  }

  /** The pool is open again after a pause. */
  void reopened() {
    serve();
    if (!waiters.isEmpty()) {
      pool.askIdleOf(this);
      fetchIfNeeded();
    }
  }

  /** What is hot goes back, and what is leased does when its lease ends. */
  void endTenures() {
    giveBackIdle();
    long longAgo = pool.now() - pool.tenureNanos() - 1;
    for (Lease lease : here) {
      lease.heldSince = longAgo;
    }
  }

  /** Returns all hot leases to the supply: a pause, a drain or the pool's end. */
  void giveBackIdle() {
    Lease lease;
    while ((lease = idle.pollFirst()) != null) {
      giveBack(lease);
    }
    idleCount = 0;
  }

  /** Fails all who wait now; who asks again when told so is a new wait. */
  void failWaiters(SqlFailure failure) {
    LeaseRequest oldest;
    for (int left = waiters.size(); left > 0 && (oldest = waiters.oldest()) != null; left--) {
      withdraw(oldest);
      oldest.failed(failure);
    }
  }

  /** The time of the last tick: what is noted with it costs no look at the clock. */
  public long tickTime() {
    return lastTick;
  }

  /** The pool's clock. */
  public long now() {
    return pool.now();
  }

  /** Whether this statement is one of those that are timed. */
  public boolean timesThisOne() {
    return sampler.takes();
  }

  /** How long ago that tick was. */
  public Duration since(long tickTime) {
    return Duration.ofNanos(Math.max(0, pool.now() - tickTime));
  }

  /** Another loop waits: hand it an idle lease if its waiter is the oldest. */
  void handIdleTo(LoopLeases other) {
    if (other.oldestWaiter != NOBODY) {
      serve();
    }
  }

  long oldestWaiter() {
    return oldestWaiter;
  }

  long oldestWait(long now) {
    long oldest = oldestWaiter;
    return oldest == NOBODY ? 0 : Math.max(0, now - oldest);
  }

  int idleCount() {
    return idleCount;
  }

  int pinnedCount() {
    return pinnedCount;
  }

  /** How many wait here in front of this one; on this loop. */
  public int ahead(LeaseRequest request) {
    return waiters.ahead(request);
  }

  public int waiting() {
    return waiters.size();
  }

  /**
   * The backend is free: the loop whose session has waited longest gets it, else it rests here. A
   * session may be done with it at once, so this never calls itself: thousands may be waiting.
   */
  private void offer(Lease lease) {
    if (!lease.backend.usable()) {
      discard(lease, lease.backend.deadFor()); // it closed on its way here
      return;
    }
    if (!pool.open()) {
      giveBack(lease);
      return;
    }
    // A session of another loop publishes its wait and then looks for idle backends; here the
    // backend is published and then the waits are looked at. One of the two sees the other.
    idle.addFirst(lease);
    idleCount = idle.size();
    serve();
  }

  /** Hands idle backends to waiters, here and on other loops, while there are both. */
  void serve() {
    if (serving) {
      return;
    }
    serving = true;
    try {
      while (pool.open() && !idle.isEmpty()) {
        LoopLeases other = pool.longestWaiting(this);
        if (other == null && waiters.isEmpty()) {
          return;
        }
        Lease lease = popUsable();
        if (lease == null) {
          return;
        }
        if (other != null) {
          handOver(lease, other);
        } else {
          grant(lease);
        }
      }
    } finally {
      serving = false;
    }
  }

  private void grant(Lease lease) {
    long now = pool.now();
    // Who is half way to an error is late: by being overtaken nobody should come to wait too long.
    long late = now - pool.maxWaitNanos() / 2;
    LeaseRequest request = waiters.next(lease.backend, here.size(), late);
    publish();
    lease.lend();
    pool.counters().acquired(now - request.since);
    request.granted(lease);
  }

  private void handOver(Lease lease, LoopLeases other) {
    idleCount = idle.size();
    here.remove(lease);
    lease
        .backend
        .moveTo(other.loop)
        .whenComplete((done, failure) ->
            other.execute(() -> {
              lease.home = other;
              other.here.add(lease);
              if (failure != null || !lease.backend.usable()) {
                other.discard(lease, lease.backend.deadFor());
              } else {
                other.offer(lease);
              }
            }));
  }

  private void execute(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /** Brings a backend with these settings to the front, if one of the hottest has them. */
  private void preferAligned(SessionSettings wanted) {
    Lease found = idle.isEmpty() || idle.getFirst().backend.aligned(wanted) ? null : look(wanted);
    if (found != null) {
      idle.remove(found);
      idle.addFirst(found);
    }
  }

  private @Nullable Lease look(SessionSettings wanted) {
    int looks = LOOKS;
    for (Lease lease : idle) {
      if (lease.backend.aligned(wanted) && lease.backend.usable()) {
        return lease;
      }
      if (--looks == 0) {
        break;
      }
    }
    return null;
  }

  private @Nullable Lease popUsable() {
    Lease lease;
    while ((lease = idle.pollFirst()) != null && !lease.backend.usable()) {
      discard(lease, lease.backend.deadFor());
    }
    idleCount = idle.size();
    return lease;
  }

  private void end(Lease lease) {
    if (!lease.leased) {
      throw new IllegalStateException("backend " + lease.backend.id() + " was not leased");
    }
    lease.leased = false;
    pool.counters().released();
    if (lease.wasOverdue()) {
      LOG.info("pool {}: {} has come back", pool.key(), lease.backend);
    }
  }

  private void discard(Lease lease, EvictReason reason) {
    here.remove(lease);
    pool.counters().evicted(reason);
    pool.supply().evict(lease.backend, reason);
    pool.held(-1); // only now may any loop fetch another
    fetchForWaiting();
  }

  private void giveBack(Lease lease) {
    here.remove(lease);
    pool.supply().giveBack(lease.backend);
    pool.held(-1);
    fetchForWaiting();
  }

  private void publish() {
    LeaseRequest oldest = waiters.oldest();
    oldestWaiter = oldest == null ? NOBODY : oldest.since;
  }

  /** The supply may have room again: whoever waits, here or on another loop, asks for it. */
  private void fetchForWaiting() {
    LoopLeases other = pool.longestWaiting(this);
    if (other != null) {
      other.execute(other::fetchIfNeeded);
    }
    fetchIfNeeded();
  }

  private void fetchIfNeeded() {
    if (!fetching && !waiters.isEmpty() && pool.open() && pool.mayFetch()) {
      fetching = true;
      pool.supply().fetch(this);
    }
  }
}
