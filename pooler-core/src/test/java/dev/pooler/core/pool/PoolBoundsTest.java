package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.ReserveConfig;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The reserve, the notice to those who wait, and places that are given up. */
class PoolBoundsTest {
  private static final Duration AFTER = Duration.ofSeconds(2);
  private static final Duration NOTICE = Duration.ofSeconds(1);

  private final ManualLoop one = new ManualLoop();
  private final StubSupply supply = new StubSupply(1);
  private long now = Long.MAX_VALUE - 5_000_000_000L; // so that the clock wraps during a test
  private final LeasePool pool =
      new LeasePool(
          new PoolKey("app", "app", "app_user"), bounds(1, 2), List.of(one), supply, () -> now);

  private static PoolLimits bounds(int size, int reserve) {
    return new PoolLimits(
        PoolMode.TRANSACTION,
        size,
        0,
        Duration.ofSeconds(30),
        Duration.ZERO,
        Duration.ZERO,
        Duration.ZERO,
        Duration.ZERO,
        new ReserveConfig(reserve, AFTER),
        NOTICE);
  }

  private static final class Told extends Waiter {
    private final List<Duration> notices = new ArrayList<>();

    @Override
    protected void waitsLong(Duration waited) {
      notices.add(waited);
    }
  }

  @Test
  void theReserveIsOpenedForWhoHasWaitedLongEnough() {
    await();
    List<Waiter> waiting = List.of(await(), await(), await());
    pass(AFTER.minusMillis(1));
    assertEquals(1, supply.size());
    assertTrue(waiting.getFirst().isWaiting());
    pass(Duration.ofMillis(1));
    assertEquals(3, supply.size());
    assertFalse(waiting.get(0).isWaiting());
    assertFalse(waiting.get(1).isWaiting());
    assertTrue(waiting.get(2).isWaiting(), "the reserve is two");
  }

  @Test
  void theReserveIsClosedWhenNobodyHasWaitedForAsLong() {
    Waiter first = await();
    Waiter second = await();
    pass(AFTER);
    assertEquals(2, pool.heldBackends());
    Waiter third = await();
    assertFalse(third.isWaiting());
    pass(AFTER.minusMillis(1));
    assertEquals(3, supply.size());
    pass(Duration.ofMillis(1));
    assertEquals(1, supply.size());
    release(first);
    release(second);
    assertEquals(List.of(EvictReason.SURPLUS, EvictReason.SURPLUS), supply.evicted);
    release(third);
    assertEquals(1, pool.idleBackends(), "the last is the pool's own");
  }

  @Test
  void hotBackendsOfAClosedReserveAreClosed() {
    Waiter first = await();
    Waiter second = await();
    pass(AFTER);
    Duration step = Duration.ofMillis(500); // hot ones rest after a second
    release(first);
    release(second);
    for (int used = 0; used < 3; used++) {
      pass(step);
      Lease a = hot();
      Lease b = hot();
      one.on(a::release);
      one.on(b::release);
    }
    pass(step);
    assertEquals(1, supply.size());
    assertEquals(List.of(EvictReason.SURPLUS), supply.evicted);
    assertEquals(1, pool.idleBackends());
  }

  @Test
  void waitsDuringAPauseOpenNoReserve() {
    await();
    Waiter waiting = await();
    pool.pause();
    pass(AFTER.plusSeconds(1));
    assertEquals(1, supply.size());
    pool.resume();
    pass(AFTER.minusMillis(1));
    assertEquals(1, supply.size());
    pass(Duration.ofMillis(1));
    assertFalse(waiting.isWaiting());
  }

  @Test
  void aReserveThatIsTakenFromTheConfigurationIsClosedAtOnce() {
    await();
    await();
    pass(AFTER);
    assertEquals(3, pool.most());
    pool.limits(bounds(1, 0));
    pass(Duration.ZERO);
    assertEquals(1, pool.most());
  }

  @Test
  void aPoolThatBecomesSmallerClosesWhatBecomesFree() {
    pool.limits(bounds(2, 0));
    Waiter first = await();
    Waiter second = await();
    pool.limits(bounds(1, 0));
    release(first);
    release(second);
    assertEquals(List.of(EvictReason.SURPLUS), supply.evicted);
    assertEquals(1, pool.idleBackends());
  }

  @Test
  void whoWaitsLongIsToldOnceForEachWait() {
    Waiter first = await();
    Told waiting = new Told();
    one.on(() -> pool.on(one).await(waiting));
    pass(NOTICE.minusMillis(1));
    assertEquals(List.of(), waiting.notices);
    pass(Duration.ofMillis(1));
    pass(Duration.ofMillis(100));
    assertEquals(List.of(NOTICE), waiting.notices);
    release(first);
    assertFalse(waiting.isWaiting());
    one.on(() -> pool.on(one).await(waiting));
    pass(NOTICE);
    assertEquals(2, waiting.notices.size());
  }

  @Test
  void aPlaceIsGivenUpByWhatIsIdleOrByWhatBecomesFreeNext() {
    Waiter first = await();
    pool.yieldIdle();
    settle();
    assertEquals(List.of(), supply.evicted, "it is in use");
    Waiter waiting = await();
    pool.yieldNext(true);
    release(first);
    assertEquals(List.of(EvictReason.YIELDED), supply.evicted);
    assertFalse(waiting.isWaiting(), "another one came for it");
    release(waiting);
    assertEquals(1, supply.evicted.size(), "once");
    pool.yieldIdle();
    settle();
    assertEquals(List.of(EvictReason.YIELDED, EvictReason.YIELDED), supply.evicted);
  }

  @Test
  void aPlaceThatIsNotNeededAnyMoreIsKept() {
    Waiter first = await();
    pool.yieldNext(true);
    pool.yieldNext(false);
    release(first);
    assertEquals(List.of(), supply.evicted);
  }

  @Test
  void whoWaitedInVainIsToldWhatWasMissing() {
    await();
    Waiter waiting = await();
    pool.shortage(new Shortage("database \"app\" has its 5 backends", "databases.*.limits"));
    pool.limits(bounds(1, 0));
    pass(Duration.ofSeconds(30));
    SqlFailure told = waiting.failure;
    assertTrue(told != null && told.message().contains("has its 5 backends"), String.valueOf(told));
    assertEquals(
        "Raise databases.*.limits or pool.max-wait, or make transactions shorter.", told.hint());
  }

  private Lease hot() {
    Lease lease = pool.on(one).tryAcquire(new SessionSettings() {});
    if (lease == null) {
      throw new AssertionError("none is hot");
    }
    return lease;
  }

  private Waiter await() {
    Waiter waiter = new Waiter();
    one.on(() -> pool.on(one).await(waiter));
    settle();
    return waiter;
  }

  private void release(Waiter waiter) {
    one.on(waiter.granted()::release);
    settle();
  }

  /** Time passes, and the janitor comes by at its end. */
  private void pass(Duration time) {
    now += time.toNanos();
    one.on(() -> pool.tick(one));
    settle();
  }

  private void settle() {
    do {
      while (one.runOne()) {}
    } while (supply.answer());
  }
}
