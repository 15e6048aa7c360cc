package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's share of a pool: its hot leases, newest first, and its waiting sessions, oldest
 * first. A backend that is released goes to the session of any loop that has waited longest.
 *
 * <p>Confined to its loop; other loops read {@link #oldestWaiter} and {@link #idleCount} only, and
 * hand backends over by tasks.
 */
public final class LoopLeases {
  private static final long NOBODY = Long.MAX_VALUE;

  private final LeasePool pool;
  private final EventLoop loop;
  private final ArrayDeque<Lease> idle = new ArrayDeque<>();
  private final ArrayDeque<LeaseRequest> waiters = new ArrayDeque<>();
  private boolean fetching;

  /** When the longest waiter of this loop began to wait, for other loops to compare. */
  private volatile long oldestWaiter = NOBODY;

  private volatile int idleCount;

  LoopLeases(LeasePool pool, EventLoop loop) {
    this.pool = pool;
    this.loop = loop;
  }

  public EventLoop loop() {
    return loop;
  }

  public LeasePool pool() {
    return pool;
  }

  /** A hot lease at once, or null: then {@link #await} is the way. */
  public @Nullable Lease tryAcquire() {
    if (!waiters.isEmpty() || !pool.open()) {
      return null;
    }
    Lease lease = popUsable();
    if (lease != null) {
      lease.leased = true;
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
    request.waiting = true;
    waiters.addLast(request);
    publish();
    if (pool.open()) {
      pool.askIdleOf(this);
      fetchIfNeeded();
    }
  }

  /** A session waits no more. */
  public void withdraw(LeaseRequest request) {
    if (request.waiting) {
      request.waiting = false;
      waiters.remove(request);
      publish();
    }
  }

  void release(Lease lease) {
    end(lease);
    long now = pool.now();
    if (!lease.backend.usable()) {
      discard(lease, EvictReason.BACKEND_CLOSED);
    } else if (pool.closed() || now - lease.heldSince > pool.tenureNanos()) {
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
    pool.placeFreed();
    if (failure != null) {
      while (!waiters.isEmpty()) {
        LeaseRequest request = waiters.peekFirst();
        take(request);
        request.failed(failure);
      }
    }
    fetchIfNeeded();
  }

  /** The janitor's tick: deadlines of waiters, hot leases nobody needs. */
  void tick(long now) {
    long maxWait = pool.maxWaitNanos();
    LeaseRequest oldest;
    while ((oldest = waiters.peekFirst()) != null && now - oldest.since >= maxWait) {
      take(oldest);
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
    fetchIfNeeded();
  }

  /** Serves waiters after a pause. */
  void serve() {
    while (!waiters.isEmpty() && pool.open()) {
      Lease lease = popUsable();
      if (lease == null) {
        pool.askIdleOf(this);
        fetchIfNeeded();
        return;
      }
      grant(lease);
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

  /** Fails every waiter: the pool is going away. */
  void failWaiters(SqlFailure failure) {
    while (!waiters.isEmpty()) {
      LeaseRequest request = waiters.peekFirst();
      take(request);
      request.failed(failure);
    }
  }

  /** Another loop waits: hand it an idle lease if its waiter is the oldest. */
  void handIdleTo(LoopLeases other) {
    if (other.oldestWaiter != NOBODY && waiters.isEmpty()) {
      Lease lease = popUsable();
      if (lease != null) {
        handOver(lease, other);
      }
    }
  }

  long oldestWaiter() {
    return oldestWaiter;
  }

  int idleCount() {
    return idleCount;
  }

  public int waiting() {
    return waiters.size();
  }

  /** The backend is free: whoever has waited longest on any loop gets it, else it rests here. */
  private void offer(Lease lease) {
    if (pool.open()) {
      LoopLeases other = pool.longestWaiting(this);
      if (other != null) {
        handOver(lease, other);
        return;
      }
      if (!waiters.isEmpty()) {
        grant(lease);
        return;
      }
    }
    idle.addFirst(lease);
    idleCount = idle.size();
  }

  private void grant(Lease lease) {
    LeaseRequest request = waiters.getFirst();
    take(request);
    lease.leased = true;
    pool.counters().acquired(pool.now() - request.since);
    request.granted(lease);
  }

  private void handOver(Lease lease, LoopLeases other) {
    idleCount = idle.size();
    lease
        .backend
        .moveTo(other.loop)
        .whenComplete((done, failure) ->
            other.execute(() -> {
              lease.home = other;
              if (failure != null || !lease.backend.usable()) {
                other.discard(lease, EvictReason.BACKEND_CLOSED);
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

  private @Nullable Lease popUsable() {
    Lease lease;
    while ((lease = idle.pollFirst()) != null && !lease.backend.usable()) {
      discard(lease, EvictReason.BACKEND_CLOSED);
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
  }

  private void discard(Lease lease, EvictReason reason) {
    pool.counters().evicted(reason);
    pool.supply().evict(lease.backend, reason).whenComplete((done, failed) -> pool.placeFreed());
  }

  private void giveBack(Lease lease) {
    pool.supply().giveBack(lease.backend).whenComplete((done, failed) -> pool.placeFreed());
  }

  private void take(LeaseRequest request) {
    waiters.remove(request);
    request.waiting = false;
    publish();
  }

  private void publish() {
    LeaseRequest oldest = waiters.peekFirst();
    oldestWaiter = oldest == null ? NOBODY : oldest.since;
  }

  /** Asks the supply for a backend when somebody waits and there is a place for one. */
  void fetchIfNeeded() {
    if (!fetching && !waiters.isEmpty() && pool.open() && pool.takePlace()) {
      fetching = true;
      pool.supply().fetch(this);
    }
  }
}
