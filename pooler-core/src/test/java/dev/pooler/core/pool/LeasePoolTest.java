package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeasePoolTest {
  private static final SessionSettings NO_SETTINGS = Waiter.NO_SETTINGS;

  private static final SqlFailure WRONG_PASSWORD =
      SqlFailure.fatal("28P01", 1045, "wrong password");

  private static final Duration LEAK_AFTER = Duration.ofSeconds(30);

  private final ManualLoop one = new ManualLoop();
  private final ManualLoop two = new ManualLoop();
  private final StubSupply supply = new StubSupply(2);
  private long now = Long.MAX_VALUE - 5_000_000_000L; // so that the clock wraps during a test
  private LeasePool pool = pool(2);

  /** What the pool says of itself must be true after each test. */
  @AfterEach
  void whatIsHeldIsWhatIsOut() {
    settle();
    assertEquals(supply.out(), pool.heldBackends());
    assertTrue(supply.mostOut <= 2);
    assertTrue(pool.counters().acquires() >= pool.counters().releases());
  }

  @Test
  void nothingIsFetchedBeforeASessionAsks() {
    assertNull(tryAcquire(one));
    assertEquals(0, supply.fetches);
  }

  @Test
  void aWaitingSessionIsGrantedWhatTheSupplyMakes() {
    Waiter waiter = await(one);
    assertTrue(waiter.isWaiting());
    settle();
    assertFalse(waiter.isWaiting());
    assertEquals(1, waiter.ends);
    assertEquals(1, pool.heldBackends());
  }

  @Test
  void aReleasedBackendIsHotForTheNextSessionOfItsLoop() {
    Waiter first = await(one);
    settle();
    release(one, first.granted());
    assertEquals(1, pool.idleBackends());
    Lease second = tryAcquire(one);
    assertNotNull(second);
    assertSame(first.granted().backend(), second.backend());
    assertEquals(1, supply.fetches);
  }

  @Test
  void theNewestHotBackendIsTakenFirst() {
    Waiter a = await(one);
    Waiter b = await(one);
    settle();
    release(one, a.granted());
    release(one, b.granted());
    assertSame(b.granted(), tryAcquire(one));
    assertSame(a.granted(), tryAcquire(one));
    assertNull(tryAcquire(one));
  }

  @Test
  void whoComesFirstIsServedFirst() {
    Lease lease = exhausted();
    Waiter first = await(one);
    Waiter second = await(one);
    release(one, lease);
    settle();
    assertEquals(1, first.ends);
    assertTrue(second.isWaiting());
    release(one, first.granted());
    settle();
    assertEquals(1, second.ends);
  }

  /** Needs the look at the hottest backends: else the newest is taken and has to be changed. */
  @Test
  void aBackendThatHasTheSettingsAlreadyIsPreferredToAHotterOne() {
    Waiter first = await(one);
    Waiter second = await(one);
    settle();
    SessionSettings wanted = new SessionSettings() {};
    ((StubBackend) first.granted().backend()).settings = wanted;
    ((StubBackend) second.granted().backend()).settings = NO_SETTINGS;
    release(one, first.granted());
    release(one, second.granted());
    List<Lease> taken = new ArrayList<>();
    one.on(() -> taken.add(pool.on(one).tryAcquire(wanted)));
    assertSame(first.granted().backend(), taken.getFirst().backend());
    assertEquals(1, pool.idleBackends());
  }

  @Test
  void aFreeBackendGoesToWhoWantsItsSettingsThoughAnotherHasWaitedLonger() {
    Lease lease = exhausted(NO_SETTINGS);
    Waiter older = await(one, new SessionSettings() {});
    Waiter younger = await(one, NO_SETTINGS);
    release(one, lease);
    assertEquals(1, younger.ends);
    assertTrue(older.isWaiting());
    release(one, lease);
    assertEquals(1, older.ends);
  }

  @Test
  void whoHasWaitedForHalfOfMaxWaitIsOvertakenByNobody() {
    Lease lease = exhausted(NO_SETTINGS);
    Waiter older = await(one, new SessionSettings() {});
    Waiter second = await(one, NO_SETTINGS);
    await(one, NO_SETTINGS);
    now += pool.limits().maxWait().toNanos() / 2;
    release(one, lease);
    assertEquals(1, second.ends, "not yet");
    now += 1;
    release(one, lease);
    assertEquals(1, older.ends);
  }

  /** Two backends, so four times: more than that and a steady stream would shut it out. */
  @Test
  void nobodyIsOvertakenMoreThanTwiceForEachBackendOfItsLoop() {
    Lease lease = exhausted(NO_SETTINGS);
    Waiter waiter = await(one, new SessionSettings() {});
    int overtaken = 0;
    await(one, NO_SETTINGS);
    while (waiter.isWaiting() && overtaken < 100) {
      await(one, NO_SETTINGS);
      release(one, lease);
      overtaken += waiter.isWaiting() ? 1 : 0;
    }
    assertEquals(4, overtaken);
  }

  @Test
  void theLoopOfWhoHasWaitedLongestIsServedAndThereWhoWantsTheSettings() {
    Lease lease = exhausted(NO_SETTINGS);
    Waiter oldest = await(two, new SessionSettings() {});
    now += 10;
    Waiter here = await(one, NO_SETTINGS);
    now += 10;
    Waiter there = await(two, NO_SETTINGS);
    release(one, lease);
    settle();
    assertEquals(1, there.ends);
    assertTrue(here.isWaiting());
    assertTrue(oldest.isWaiting());
    release(two, lease);
    settle();
    assertEquals(1, oldest.ends);
    assertTrue(here.isWaiting());
  }

  @Test
  void noSessionOvertakesThoseThatWait() {
    Lease lease = exhausted();
    await(one);
    one.on(() -> assertNull(pool.on(one).tryAcquire(NO_SETTINGS)));
    release(one, lease);
    assertNull(tryAcquire(one));
  }

  @Test
  void aReleasedBackendGoesToTheLoopWhoseSessionHasWaitedLongest() {
    Lease lease = exhausted();
    Waiter older = await(two);
    now += 10;
    Waiter younger = await(one);
    release(one, lease);
    settle();
    assertEquals(1, older.ends);
    assertTrue(younger.isWaiting());
    assertSame(two, ((StubBackend) older.granted().backend()).loop);
    release(two, older.granted());
    settle();
    assertEquals(1, younger.ends);
    assertSame(one, ((StubBackend) younger.granted().backend()).loop);
  }

  @Test
  void aLeaseThatLastsTooLongIsReportedOnce() {
    pool = pool(1);
    Waiter first = await(one);
    settle();
    Lease lease = first.granted();
    tick();
    now += LEAK_AFTER.toNanos() - 1;
    tick();
    assertEquals(0, pool.counters().leaks());
    now += 1;
    tick();
    tick();
    assertEquals(1, pool.counters().leaks());
    release(one, lease);
  }

  @Test
  void aBackendInConstantUseBySeveralSessionsIsNoLeak() {
    pool = pool(1);
    Waiter first = await(one);
    settle();
    Lease lease = first.granted();
    for (int half = 0; half < 6; half++) {
      tick();
      now += LEAK_AFTER.toNanos() / 2;
      Waiter next = await(one);
      release(one, lease);
      settle();
      lease = next.granted();
    }
    tick();
    assertEquals(0, pool.counters().leaks());
  }

  @Test
  void anIdleBackendOfAnotherLoopIsHandedOver() {
    Lease lease = exhausted();
    release(one, lease);
    Waiter waiter = await(two);
    settle();
    assertSame(lease.backend(), waiter.granted().backend());
    assertEquals(2, supply.made.size());
  }

  @Test
  void aBackendThatCantMoveIsDiscardedAndAnotherIsFetched() {
    Lease lease = exhausted();
    ((StubBackend) lease.backend()).immovable = true;
    Waiter waiter = await(two);
    release(one, lease);
    settle();
    assertEquals(1, waiter.ends);
    assertEquals(List.of(EvictReason.BACKEND_CLOSED), supply.evicted);
    assertEquals(1, pool.counters().evictions(EvictReason.BACKEND_CLOSED));
  }

  @Test
  void aSessionThatWithdrewWhileItsBackendMovedLeavesItIdleThere() {
    Lease lease = exhausted();
    Waiter waiter = await(two);
    release(one, lease);
    two.on(() -> pool.on(two).withdraw(waiter));
    settle();
    assertEquals(0, waiter.ends);
    assertEquals(1, pool.idleBackends());
    assertSame(lease, tryAcquire(two));
  }

  @Test
  void aSessionThatWithdrawsIsNotServedAndTheNextIs() {
    Lease lease = exhausted();
    Waiter gone = await(one);
    Waiter next = await(one);
    one.on(() -> pool.on(one).withdraw(gone));
    one.on(() -> pool.on(one).withdraw(gone));
    release(one, lease);
    settle();
    assertEquals(0, gone.ends);
    assertEquals(1, next.ends);
  }

  @Test
  void whoWaitsTooLongIsToldAtATick() {
    exhausted();
    Waiter waiter = await(one);
    now += Duration.ofMillis(999).toNanos();
    tick();
    assertTrue(waiter.isWaiting());
    now += Duration.ofMillis(1).toNanos();
    tick();
    assertEquals(
        "waited 1000 ms for a backend of app/app_user (max-wait 1000 ms, all 2 backends busy)",
        waiter.told());
    assertEquals(1, pool.counters().timeouts());
    assertEquals(1, waiter.ends);
  }

  @Test
  void whoWaitsTooLongInAnOutageIsToldTheOutage() {
    pool.trouble(SqlFailure.backendLost("connection refused"));
    Waiter waiter = await(one);
    now += Duration.ofSeconds(1).toNanos();
    tick();
    assertTrue(waiter.told().contains("connection refused"), waiter.told());
  }

  @Test
  void troubleGrowsOldUnlessItIsToldAgain() {
    SqlFailure refused = SqlFailure.backendLost("connection refused");
    assertNull(pool.troubleWithin(Duration.ofSeconds(30)));
    pool.trouble(refused);
    now += Duration.ofSeconds(30).toNanos();
    assertEquals(refused, pool.troubleWithin(Duration.ofSeconds(30)));
    now++;
    assertNull(pool.troubleWithin(Duration.ofSeconds(30)));
    assertEquals(refused, pool.trouble(), "it is still what is known");
    pool.trouble(refused);
    assertEquals(refused, pool.troubleWithin(Duration.ofSeconds(30)));
  }

  @Test
  void duringAPauseSessionsWaitAndIdleBackendsGoBack() {
    release(one, exhausted());
    pool.pause();
    settle();
    assertEquals(0, pool.idleBackends());
    assertEquals(1, supply.givenBack);
    assertNull(tryAcquire(one));
    Waiter waiter = await(one);
    settle();
    assertTrue(waiter.isWaiting());
    pool.resume();
    settle();
    assertEquals(1, waiter.ends);
  }

  @Test
  void aBackendReleasedDuringAPauseGoesBackAndWhoWaitsGetsAnotherAfterIt() {
    Lease lease = exhausted();
    pool.pause();
    settle();
    Waiter waiter = await(one);
    release(one, lease);
    settle();
    assertTrue(waiter.isWaiting());
    assertEquals(1, supply.givenBack);
    pool.resume();
    settle();
    assertEquals(1, waiter.ends);
  }

  @Test
  void theTimeOfAPauseIsNotCountedAgainstMaxWait() {
    exhausted();
    Waiter waiter = await(one);
    pool.pause();
    now += Duration.ofMinutes(5).toNanos();
    tick();
    assertTrue(waiter.isWaiting());
    assertEquals(Duration.ofMinutes(5), pool.longestWait());
    pool.resume();
    settle();
    now += pool.limits().maxWait().toNanos() - 1;
    tick();
    assertTrue(waiter.isWaiting());
    now++;
    tick();
    assertTrue(waiter.told().contains("all 2 backends busy"), waiter.told());
  }

  @Test
  void endedTenuresSendEachBackendBackWhenItsLeaseEnds() {
    Waiter first = await(one);
    Waiter second = await(one);
    settle();
    Lease leased = second.granted();
    release(one, first.granted());
    settle();
    assertEquals(1, pool.idleBackends());
    pool.endTenures();
    settle();
    assertEquals(1, supply.givenBack);
    release(one, leased);
    settle();
    assertEquals(2, supply.givenBack);
    assertEquals(0, pool.heldBackends());
  }

  @Test
  void ticksCountForHowLongBackendsAreLeased() {
    Lease lease = exhausted();
    tick();
    long before = pool.counters().leasedNanos();
    now += Duration.ofMillis(100).toNanos();
    tick();
    release(one, lease);
    settle();
    now += Duration.ofMillis(100).toNanos();
    tick();
    // Two of them for one tick, one for the next.
    assertEquals(Duration.ofMillis(300).toNanos(), pool.counters().leasedNanos() - before);
  }

  @Test
  void aClosedPoolTellsWhoWaitsAndWhoComes() {
    Lease lease = exhausted();
    Waiter waiter = await(one);
    pool.close(SqlFailure.draining());
    settle();
    assertEquals("57P01", failureOf(waiter).sqlState());
    Waiter late = await(two);
    assertEquals("57P01", failureOf(late).sqlState());
    release(one, lease);
    assertEquals(0, pool.idleBackends());
    assertEquals(1, supply.givenBack);
  }

  @Test
  void whatIsSuppliedToAClosedPoolGoesBackAtOnce() {
    await(one);
    pool.close(SqlFailure.draining());
    settle();
    assertEquals(1, supply.givenBack);
    assertEquals(0, pool.heldBackends());
  }

  @Test
  void aBackendWhoseTenureIsOverGoesThroughTheSupply() {
    Waiter waiter = await(one);
    settle();
    now += Duration.ofSeconds(21).toNanos();
    release(one, waiter.granted());
    assertEquals(1, supply.givenBack);
    assertEquals(0, pool.idleBackends());
  }

  @Test
  void aHotBackendThatNobodyNeedsGoesBackAfterARest() {
    Waiter waiter = await(one);
    settle();
    release(one, waiter.granted());
    now += Duration.ofSeconds(1).toNanos();
    tick();
    assertEquals(1, pool.idleBackends());
    now += 1;
    tick();
    assertEquals(0, pool.idleBackends());
    assertEquals(1, supply.givenBack);
  }

  @Test
  void aBackendThatDiedWhileIdleIsDiscardedNotGranted() {
    Waiter waiter = await(one);
    settle();
    release(one, waiter.granted());
    supply.made.getFirst().kill();
    assertNull(tryAcquire(one));
    assertEquals(List.of(EvictReason.BACKEND_CLOSED), supply.evicted);
    Waiter next = await(one);
    settle();
    assertSame(supply.made.get(1), next.granted().backend());
  }

  @Test
  void aBackendThatDiedInALeaseIsDiscardedAtItsRelease() {
    Waiter waiter = await(one);
    settle();
    supply.made.getFirst().kill();
    release(one, waiter.granted());
    assertEquals(List.of(EvictReason.BACKEND_CLOSED), supply.evicted);
    assertEquals(0, pool.heldBackends());
  }

  @Test
  void anEvictedBackendIsReplacedForWhoeverWaitsOnTheSameLoop() {
    Lease lease = exhausted();
    Waiter waiter = await(one);
    one.on(() -> lease.evict(EvictReason.CLIENT_GONE));
    settle();
    assertEquals(1, waiter.ends);
    assertEquals(1, pool.counters().evictions(EvictReason.CLIENT_GONE));
  }

  @Test
  void anEvictedBackendIsReplacedForWhoeverWaitsOnAnotherLoop() {
    Lease lease = exhausted();
    Waiter waiter = await(two);
    settle();
    one.on(() -> lease.evict(EvictReason.CLIENT_GONE));
    settle();
    assertEquals(1, waiter.ends, "must not need the janitor's tick");
  }

  @Test
  void aBackendAtTheEndOfItsTenureIsReplacedForWhoeverWaitsOnAnotherLoop() {
    Lease lease = exhausted();
    now += Duration.ofSeconds(21).toNanos();
    Waiter waiter = await(two);
    release(one, lease);
    settle();
    assertEquals(1, waiter.ends, "must not need the janitor's tick");
  }

  @Test
  void aLeaseEndsOnce() {
    Waiter waiter = await(one);
    settle();
    release(one, waiter.granted());
    assertThrows(IllegalStateException.class, () -> release(one, waiter.granted()));
    assertThrows(
        IllegalStateException.class,
        () -> one.on(() -> waiter.granted().evict(EvictReason.OUR_FAULT)));
  }

  @Test
  void whatWaitingCantMendIsToldToAllWhoWait() {
    Waiter first = await(one);
    Waiter second = await(one);
    supply.refuse(WRONG_PASSWORD);
    run();
    assertEquals("wrong password", first.told());
    assertEquals("wrong password", second.told());
    assertEquals(0, supply.unanswered());
  }

  @Test
  void whoAsksAgainAfterARefusalIsANewAttempt() {
    Waiter again = new Waiter();
    Waiter first =
        new Waiter() {
          @Override
          protected void failed(SqlFailure told) {
            super.failed(told);
            pool.on(one).await(again);
          }
        };
    one.on(() -> pool.on(one).await(first));
    supply.refuse(WRONG_PASSWORD);
    run();
    assertEquals(1, first.ends);
    assertTrue(again.isWaiting());
    settle();
    assertNotNull(again.lease);
  }

  @Test
  void aSupplyWithoutAnAnswerIsAskedAgainAndSessionsGoOnWaiting() {
    Waiter waiter = await(one);
    supply.refuse(null);
    run();
    assertTrue(waiter.isWaiting());
    assertEquals(2, supply.fetches);
    settle();
    assertEquals(1, waiter.ends);
  }

  @Test
  void oneLoopAsksForOneBackendAtATime() {
    for (int i = 0; i < 10; i++) {
      await(one);
    }
    assertEquals(1, supply.fetches);
  }

  @Test
  void aLoopThatIsNotThePoolsIsRefused() {
    assertThrows(IllegalStateException.class, () -> pool.on(new ManualLoop()));
  }

  /** Leases both backends on loop one, and returns one of them. */
  private Lease exhausted() {
    Waiter first = await(one);
    await(one);
    settle();
    assertEquals(2, pool.heldBackends());
    return first.granted();
  }

  /** As {@link #exhausted()}; the backend has these settings. */
  private Lease exhausted(SessionSettings settings) {
    Lease lease = exhausted();
    ((StubBackend) lease.backend()).settings = settings;
    return lease;
  }

  private Waiter await(ManualLoop loop) {
    return await(loop, NO_SETTINGS);
  }

  private Waiter await(ManualLoop loop, SessionSettings wanted) {
    Waiter waiter = new Waiter(wanted);
    loop.on(() -> pool.on(loop).await(waiter));
    return waiter;
  }

  private @Nullable Lease tryAcquire(ManualLoop loop) {
    return pool.on(loop).tryAcquire(NO_SETTINGS);
  }

  private static void release(ManualLoop loop, Lease lease) {
    loop.on(lease::release);
  }

  private static SqlFailure failureOf(Waiter waiter) {
    SqlFailure failure = waiter.failure;
    if (failure == null) {
      throw new AssertionError("no failure");
    }
    return failure;
  }

  private void tick() {
    one.on(() -> pool.tick(one));
    two.on(() -> pool.tick(two));
  }

  /** Runs the loops' tasks until there are none. */
  private void run() {
    while (one.runOne() || two.runOne()) {}
  }

  /** Runs the loops and the supply until all is quiet. */
  private void settle() {
    do {
      run();
    } while (supply.answer());
  }

  private LeasePool pool(int size) {
    PoolLimits limits =
        new PoolLimits(
            PoolMode.TRANSACTION,
            size,
            0,
            Duration.ofSeconds(1),
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            LEAK_AFTER);
    return new LeasePool(
        new PoolKey("app", "app", "app_user"), limits, List.of(one, two), supply, () -> now);
  }
}
