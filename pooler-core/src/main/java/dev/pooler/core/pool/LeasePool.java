package dev.pooler.core.pool;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.session.SqlFailure;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool in front of the supply: leases between sessions and hot backends, fair over all loops.
 * What HikariCP does (create, bound, retire, check) is behind {@link BackendSupply}; what it can't
 * do (no blocking, first come first served over loops, pause without an error, telling the waiting)
 * is here. Methods may be called from any thread unless they say otherwise.
 */
public final class LeasePool {
  private static final Logger LOG = LoggerFactory.getLogger(LeasePool.class);

  /** A hot lease goes back to the supply when nobody used it for so long. */
  private static final Duration REST = Duration.ofSeconds(1);

  /** A busy backend goes through the supply this often, so that its lifetime rules act on it. */
  private static final Duration TENURE = Duration.ofSeconds(20);

  private final PoolKey key;
  private final LongSupplier clock;
  private final PoolCounters counters;
  private final List<LoopLeases> loops = new ArrayList<>();
  private final AtomicInteger held = new AtomicInteger();
  private final Reserve reserve = new Reserve();
  private volatile PoolLimits limits;

  /** Backends at most: the size, and the reserve while it is open. */
  private volatile int most;

  /** The next backend that becomes free is given up, whoever waits here. */
  private volatile boolean yields;

  private volatile @Nullable Shortage shortage;

  private volatile BackendSupply supply;
  private volatile boolean paused;

  /** When grants last began again: what was waited before does not count against max-wait. */
  private volatile long openSince;

  /** What sessions are told since the pool was closed, or null while it is not. */
  private volatile @Nullable SqlFailure closed;

  /** Why the supply can't connect at the moment, or null. */
  private volatile @Nullable SqlFailure trouble;

  /** When that was told last. */
  private volatile long troubleAt;

  /**
   * A pool without a backend.
   *
   * @param clock nanoseconds, from any origin
   */
  public LeasePool(
      PoolKey key,
      PoolLimits limits,
      Iterable<EventLoop> eventLoops,
      BackendSupply supply,
      LongSupplier clock) {
    this.key = key;
    this.limits = limits;
    this.most = limits.size();
    this.supply = supply;
    this.clock = clock;
    this.openSince = clock.getAsLong();
    this.counters = new PoolCounters();
    for (EventLoop loop : eventLoops) {
      loops.add(new LoopLeases(this, loop));
    }
  }

  public PoolKey key() {
    return key;
  }

  public PoolLimits limits() {
    return limits;
  }

  /** New bounds; the supply applies its own share of them. */
  public void limits(PoolLimits now) {
    limits = now;
    resize();
  }

  /** Backends at most at this moment. */
  public int most() {
    return most;
  }

  private void resize() {
    PoolLimits now = limits;
    int backends = reserve.open() ? now.size() + now.reserve().size() : now.size();
    // The supply first: whoever asks it for more than it allows waits, and is not told of a change.
    supply.most(backends);
    most = backends;
  }

  public PoolCounters counters() {
    return counters;
  }

  /** The share of one loop; the caller must be on it to use it. */
  public LoopLeases on(EventLoop loop) {
    for (LoopLeases share : loops) {
      if (share.loop() == loop) {
        return share;
      }
    }
    throw new IllegalStateException("the pool " + key + " does not know this event loop");
  }

  /** All shares, for metrics and the janitor. */
  public List<LoopLeases> shares() {
    return loops;
  }

  /**
   * No more grants until {@link #resume}; sessions wait, however long it takes, and backends go
   * back to the supply as they become idle.
   */
  public void pause() {
    paused = true;
    onEachLoop(LoopLeases::giveBackIdle);
  }

  public void resume() {
    openSince = now();
    paused = false;
    onEachLoop(LoopLeases::reopened);
  }

  public boolean paused() {
    return paused;
  }

  /** Backends that are hot now, or leased, go back to the supply when their lease is over. */
  public void endTenures() {
    onEachLoop(LoopLeases::endTenures);
  }

  /** How long the session has waited that has waited longest; a glance. */
  public Duration longestWait() {
    long longest = 0;
    for (LoopLeases share : loops) {
      longest = Math.max(longest, share.oldestWait(now()));
    }
    return Duration.ofNanos(longest);
  }

  /** The end: waiters are told, backends go back as they are released. */
  public void close(SqlFailure told) {
    closed = told;
    onEachLoop(share -> {
      share.failWaiters(told);
      share.giveBackIdle();
    });
  }

  /** The janitor's tick for one loop, on that loop. */
  public void tick(EventLoop loop) {
    long now = now();
    PoolLimits bounds = limits;
    if ((bounds.reserve().size() > 0 || reserve.open())
        && reserve.tick(bounds.reserve(), longestWaitWhileOpen(now), now)) {
      LOG.info("pool {}: the reserve is {}", key, reserve.open() ? "opened" : "closed again");
      resize();
    }
    on(loop).tick(now);
  }

  private long longestWaitWhileOpen(long now) {
    return open() ? Math.min(longestWait().toNanos(), now - openSince) : 0;
  }

  /**
   * Since when the session waits that has waited longest, by the pool's clock; {@link
   * Long#MAX_VALUE} where none waits, or none is served because of a pause. A glance.
   */
  public long waitingSince() {
    long oldest = Long.MAX_VALUE;
    for (LoopLeases share : loops) {
      long since = share.oldestWaiter();
      if (since != Long.MAX_VALUE && (oldest == Long.MAX_VALUE || since - oldest < 0)) {
        oldest = since;
      }
    }
    return open() ? oldest : Long.MAX_VALUE;
  }

  /** Another pool needs the place of a backend that is hot here, and idle. */
  public void yieldIdle() {
    for (LoopLeases share : loops) {
      if (share.idleCount() > 0) {
        share.loop().execute(share::yieldIdle);
        return;
      }
    }
  }

  /** Another pool needs the place of the next backend that becomes free here; or not any more. */
  public void yieldNext(boolean yes) {
    yields = yes;
  }

  /** Whether a backend that becomes free is given up; true once for each time it was asked. */
  boolean takeYield() {
    if (!yields) {
      return false;
    }
    yields = false;
    return true;
  }

  /** There are more backends than there should be: whichever becomes free is closed. */
  boolean surplus() {
    return held.get() > most;
  }

  /**
   * Why no backend can be opened though the pool's own size allows it; those who wait in vain are
   * told.
   */
  public void shortage(@Nullable Shortage why) {
    shortage = why;
  }

  /** The supply can't connect: sessions go on waiting, and hear this if they wait too long. */
  public void trouble(@Nullable SqlFailure failure) {
    troubleAt = now();
    trouble = failure;
  }

  public @Nullable SqlFailure trouble() {
    return trouble;
  }

  /** The same if the supply has tried not longer ago than this. */
  public @Nullable SqlFailure troubleWithin(Duration age) {
    SqlFailure failure = trouble;
    return failure != null && now() - troubleAt <= age.toNanos() ? failure : null;
  }

  /** Backends out of the supply's hands: leased, or hot and idle. */
  public int heldBackends() {
    return held.get();
  }

  /** Hot backends that no session has; a glance. */
  public int idleBackends() {
    int sum = 0;
    for (LoopLeases share : loops) {
      sum += share.idleCount();
    }
    return sum;
  }

  long now() {
    return clock.getAsLong();
  }

  boolean open() {
    return !paused && closed == null;
  }

  boolean closed() {
    return closed != null;
  }

  BackendSupply supply() {
    return supply;
  }

  long maxWaitNanos() {
    return limits.maxWait().toNanos();
  }

  long restNanos() {
    return REST.toNanos();
  }

  long tenureNanos() {
    return TENURE.toNanos();
  }

  void held(int change) {
    held.addAndGet(change);
  }

  /** Whether a session that waits since then has waited for longer than it may. */
  boolean waitedEnough(long since, long now) {
    return !paused && now - since >= maxWaitNanos() && now - openSince >= maxWaitNanos();
  }

  boolean mayFetch() {
    return held.get() < most;
  }

  @Nullable SqlFailure refusal() {
    return closed;
  }

  SqlFailure waitedTooLong(long millis) {
    SqlFailure cause = trouble;
    if (cause != null) {
      return SqlFailure.noUsableTarget(key.toString(), cause.message());
    }
    Shortage lack = shortage;
    int pinned = pinnedBackends();
    String state =
        " (max-wait "
            + limits.maxWait().toMillis()
            + " ms, "
            + (lack == null ? "all " + most + " backends busy" : lack.what())
            + (pinned == 0 ? "" : ", " + pinned + " of them pinned to sessions")
            + ")";
    String setting = lack == null ? "pool.size" : lack.setting();
    return SqlFailure.waitedTooLong(millis, key.toString(), state, setting, pinned > 0);
  }

  /** Backends that sessions keep beyond the mode's rule; a glance. */
  public int pinnedBackends() {
    int sum = 0;
    for (LoopLeases share : loops) {
      sum += share.pinnedCount();
    }
    return sum;
  }

  /** The loop other than {@code mine} whose session has waited longer than any of mine, if any. */
  @Nullable LoopLeases longestWaiting(LoopLeases mine) {
    if (loops.size() == 1) {
      return null;
    }
    LoopLeases longest = mine;
    for (LoopLeases share : loops) {
      // Clocks compare by difference; Long.MAX_VALUE says that nobody waits.
      long theirs = share.oldestWaiter();
      long best = longest.oldestWaiter();
      if (theirs != Long.MAX_VALUE && (best == Long.MAX_VALUE || theirs - best < 0)) {
        longest = share;
      }
    }
    return longest == mine ? null : longest;
  }

  /** A session on {@code asker} waits: loops with idle backends are asked for one. */
  void askIdleOf(LoopLeases asker) {
    for (LoopLeases share : loops) {
      if (share != asker && share.idleCount() > 0) {
        share.loop().execute(() -> share.handIdleTo(asker));
        return;
      }
    }
  }

  private void onEachLoop(java.util.function.Consumer<LoopLeases> task) {
    for (LoopLeases share : loops) {
      if (share.loop().inEventLoop()) {
        task.accept(share);
      } else {
        share.loop().execute(() -> task.accept(share));
      }
    }
  }
}
