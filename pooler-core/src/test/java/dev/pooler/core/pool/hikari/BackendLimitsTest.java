package dev.pooler.core.pool.hikari;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.pool.Shortage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BackendLimitsTest {
  private static final long NOBODY = Long.MAX_VALUE;

  private final AtomicInteger ofDatabase = new AtomicInteger(1);
  private final AtomicInteger ofUser = new AtomicInteger();
  private final BackendLimits limits =
      new BackendLimits(
          name -> name.equals("app") ? ofDatabase.get() : 0,
          name -> name.equals("anna") ? ofUser.get() : 0);

  /** A pool by hand. What it is asked for is noted; a session waits when the test says so. */
  private static final class Pool implements BackendLimits.Tenant {
    private final PoolKey key;
    volatile long since = NOBODY;
    volatile boolean spare;
    volatile boolean asked = true;
    volatile boolean idle;
    volatile boolean next;
    volatile @Nullable Shortage shortOf;
    final AtomicInteger yielded = new AtomicInteger();

    Pool(String database, String user) {
      key = new PoolKey(database, database, user);
    }

    Pool waitingSince(long millisAgo) {
      since = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(millisAgo);
      return this;
    }

    @Override
    public PoolKey key() {
      return key;
    }

    @Override
    public long waitingSince() {
      return since;
    }

    @Override
    public long now() {
      return System.nanoTime();
    }

    @Override
    public boolean wantsSpare() {
      return spare;
    }

    @Override
    public boolean unasked() {
      return !asked;
    }

    @Override
    public boolean yieldIdle() {
      if (idle) {
        yielded.incrementAndGet();
        idle = false;
        return true;
      }
      return false;
    }

    @Override
    public void yieldNext(boolean yes) {
      next = yes;
    }

    @Override
    public void shortOf(@Nullable Shortage what) {
      shortOf = what;
    }
  }

  private final Pool anna = new Pool("app", "anna");
  private final Pool ben = new Pool("app", "ben");
  private final Pool carl = new Pool("app", "carl");

  @Test
  void whereThereIsRoomNobodyWaits() throws Exception {
    assertNotNull(limits.take(anna));
    assertNotNull(limits.take(new Pool("other", "ben")));
    assertEquals(1, limits.held(anna));
  }

  @Test
  void aPermitThatIsGivenBackIsTheNextPoolsAndCountsOnce() throws Exception {
    BackendLimits.Permit first = take(anna).get();
    CompletableFuture<BackendLimits.@Nullable Permit> second = take(ben.waitingSince(0));
    until(() -> ben.shortOf != null);
    assertEquals(
        new Shortage("database \"app\" has its 1 backends", "databases.*.limits.backends"),
        ben.shortOf);
    giveBack(first);
    giveBack(first);
    assertNotNull(second.get());
    assertNull(ben.shortOf);
    assertEquals(0, limits.held(anna));
    CompletableFuture<BackendLimits.@Nullable Permit> third = take(carl.waitingSince(0));
    until(() -> carl.shortOf != null);
    assertFalse(third.isDone());
    giveBack(second.get());
    assertNotNull(third.get());
  }

  @Test
  @Tag("case-45")
  void thePoolWhoseSessionHasWaitedLongestComesFirst() throws Exception {
    BackendLimits.Permit only = take(anna).get();
    CompletableFuture<BackendLimits.@Nullable Permit> younger = take(ben.waitingSince(10));
    until(() -> ben.shortOf != null);
    CompletableFuture<BackendLimits.@Nullable Permit> older = take(carl.waitingSince(200));
    until(() -> carl.shortOf != null);
    giveBack(only);
    assertNotNull(older.get());
    assertFalse(younger.isDone());
    giveBack(older.get());
    assertNotNull(younger.get());
  }

  @Test
  void anIdleBackendOfAnotherPoolIsAskedFor() throws Exception {
    BackendLimits.Permit held = take(anna).get();
    anna.idle = true;
    CompletableFuture<BackendLimits.@Nullable Permit> waiting = take(ben.waitingSince(0));
    until(() -> anna.yielded.get() == 1);
    giveBack(held);
    assertNotNull(waiting.get());
    assertFalse(anna.next, "nobody waited so long");
  }

  @Test
  void aPoolInConstantUseGivesUpItsNextToWhoHasWaitedLong() throws Exception {
    BackendLimits.Permit held = take(anna).get();
    anna.waitingSince(5);
    CompletableFuture<BackendLimits.@Nullable Permit> waiting = take(ben.waitingSince(2_000));
    until(() -> anna.next);
    giveBack(held);
    assertNotNull(waiting.get());
    assertFalse(anna.next, "what was asked for is taken back");
  }

  @Test
  void aPoolWhoseOwnSessionHasWaitedLongerGivesUpNothing() throws Exception {
    take(anna).get();
    anna.waitingSince(10_000);
    take(ben.waitingSince(2_000));
    awaitQueued(ben);
    assertFalse(anna.next);
    take(carl.waitingSince(20_000));
    awaitQueued(carl);
    assertTrue(anna.next);
  }

  /** Needs spare backends to come last: else two pools with min-idle would evict each other's. */
  @Test
  @Tag("case-47")
  void aBackendToBeHeldReadyIsNobodysLoss() throws Exception {
    BackendLimits.Permit held = take(anna).get();
    anna.idle = true;
    ben.spare = true;
    CompletableFuture<BackendLimits.@Nullable Permit> ready = take(ben);
    awaitQueued(ben);
    assertEquals(0, anna.yielded.get());
    CompletableFuture<BackendLimits.@Nullable Permit> session = take(carl.waitingSince(0));
    until(() -> anna.yielded.get() == 1);
    giveBack(held);
    assertNotNull(session.get());
    assertFalse(ready.isDone());
    giveBack(session.get());
    assertNotNull(ready.get());
    assertEquals(1, anna.yielded.get(), "for carl's session alone");
  }

  @Test
  void whoNeedsNoneAnyMoreLeavesTheQueue() throws Exception {
    take(anna).get();
    CompletableFuture<BackendLimits.@Nullable Permit> waiting = take(ben.waitingSince(0));
    until(() -> ben.shortOf != null);
    ben.since = NOBODY;
    limits.look();
    assertFalse(waiting.isDone(), "somebody still asks the pool for one");
    ben.asked = false;
    limits.look();
    assertNull(waiting.get());
  }

  @Test
  void aUsersLimitSpansDatabases() throws Exception {
    ofUser.set(1);
    BackendLimits.Permit here = take(anna).get();
    Pool there = new Pool("other", "anna").waitingSince(0);
    CompletableFuture<BackendLimits.@Nullable Permit> waiting = take(there);
    until(() -> there.shortOf != null);
    Shortage told = there.shortOf;
    assertTrue(told != null && told.setting().startsWith("limits.user-backends"), "" + told);
    assertEquals("user \"anna\" has its 1 backends", told.what());
    giveBack(here);
    assertNotNull(waiting.get());
  }

  /** The oldest can't use the room: it must not keep it from those who can. */
  @Test
  void whoWaitsForAnotherLimitHoldsNobodyUp() throws Exception {
    ofUser.set(1);
    ofDatabase.set(2);
    take(new Pool("other", "anna")).get();
    take(anna.waitingSince(5_000));
    until(() -> anna.shortOf != null);
    assertNotNull(take(ben.waitingSince(0)).get());
  }

  @Test
  void aLimitThatIsRaisedIsSeenAtOnce() throws Exception {
    take(anna).get();
    CompletableFuture<BackendLimits.@Nullable Permit> waiting = take(ben.waitingSince(0));
    until(() -> ben.shortOf != null);
    ofDatabase.set(0);
    limits.look();
    assertNotNull(waiting.get());
  }

  /** Each of many pools gets its turn, and there are never more permits out than the limit says. */
  @Test
  @Tag("case-45")
  void manyPoolsShareAFewPlaces() throws Exception {
    ofDatabase.set(3);
    AtomicInteger out = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<CompletableFuture<Integer>> turns = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Pool pool = new Pool("app", "user" + i).waitingSince(0);
      turns.add(
          take(pool)
              .thenApplyAsync(
                  permit -> {
                    most.accumulateAndGet(out.incrementAndGet(), Math::max);
                    Thread.onSpinWait();
                    out.decrementAndGet();
                    giveBack(permit);
                    return 1;
                  },
                  task -> Thread.startVirtualThread(task)));
    }
    for (CompletableFuture<Integer> turn : turns) {
      assertEquals(1, turn.get());
    }
    assertTrue(most.get() <= 3, most + " at once");
  }

  private static void giveBack(BackendLimits.@Nullable Permit permit) {
    assertNotNull(permit);
    permit.giveBack();
  }

  private CompletableFuture<BackendLimits.@Nullable Permit> take(Pool pool) {
    CompletableFuture<BackendLimits.@Nullable Permit> taken = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try {
        taken.complete(limits.take(pool));
      } catch (InterruptedException e) {
        taken.completeExceptionally(e);
      }
    });
    return taken;
  }

  /** It waits for a permit, and has asked for what it may ask for. */
  private void awaitQueued(Pool pool) {
    until(() -> pool.shortOf != null);
    limits.held(pool); // waits for the lock
  }

  private static void until(BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, "did not come about");
      Thread.onSpinWait();
    }
  }
}
