package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.Replication;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Backends for one session each, on two loops whose order of events is the test's. */
class UnsharedSupplyTest {
  private final ManualLoop one = new ManualLoop();
  private final ManualLoop two = new ManualLoop();
  private final List<StubBackend> made = new ArrayList<>();
  private @Nullable ConnectFailure trouble;

  private final BackendConnector connector =
      new BackendConnector() {
        @Override
        public CompletionStage<Backend> connect() {
          if (trouble != null) {
            return CompletableFuture.failedFuture(trouble);
          }
          made.add(new StubBackend());
          return CompletableFuture.completedFuture(made.getLast());
        }

        @Override
        public void change(DatabaseConfig database) {}

        @Override
        public String describe() {
          return "stubs";
        }
      };

  private final UnsharedSupply supply =
      new UnsharedSupply(
          new PoolKey("app", "app", "app_user", Replication.PHYSICAL),
          limits(1),
          List.of(one, two),
          connector);

  private static PoolLimits limits(int size) {
    Duration never = Duration.ZERO;
    return new PoolLimits(
        PoolMode.SESSION, size, 0, Duration.ofSeconds(1), never, never, never, never);
  }

  private Waiter ask(ManualLoop loop) {
    Waiter waiter = new Waiter();
    loop.on(() -> supply.pool().on(loop).await(waiter));
    settle();
    return waiter;
  }

  private void settle() {
    while (one.runOne() || two.runOne()) {
      // until both have nothing to do
    }
  }

  private void end(ManualLoop loop, Lease lease) {
    loop.on(() -> lease.evict(EvictReason.CLIENT_GONE));
    settle();
  }

  @Test
  void aBackendIsClosedWithItsLeaseAndWhoWaitedOnTheOtherLoopGetsANewOne() {
    Waiter first = ask(one);
    Waiter second = ask(two);
    assertNull(second.lease, "there is one place");
    Lease lease = first.granted();
    end(one, lease);
    assertEquals(EvictReason.CLIENT_GONE, made.getFirst().closedFor);
    assertNotSame(lease.backend(), second.granted().backend());
    assertEquals(2, made.size());
    assertEquals(1, supply.totalBackends());
    end(two, second.granted());
    assertEquals(0, supply.totalBackends());
    assertEquals(0, supply.pool().heldBackends());
  }

  @Test
  void morePlacesServeThoseWhoWait() {
    ask(one).granted();
    Waiter second = ask(two);
    assertNull(second.lease);
    supply.limits(limits(2));
    two.on(() -> supply.pool().tick(two));
    settle();
    second.granted();
  }

  @Test
  void aPlaceThatNobodyTookIsTheNextSessions() {
    Waiter gone = new Waiter();
    one.on(() -> {
      supply.pool().on(one).await(gone);
      supply.pool().on(one).withdraw(gone);
    });
    settle();
    Waiter next = ask(two);
    assertSame(made.getFirst(), next.granted().backend());
    assertEquals(1, made.size());
  }

  @Test
  void aPauseIsOverTheServerWhenTheLastSessionHasEnded() {
    Waiter first = ask(one);
    supply.pause();
    Waiter second = ask(one);
    settle();
    assertFalse(supply.atRest());
    end(one, first.granted());
    assertTrue(supply.atRest());
    assertNull(second.lease);
    supply.resume();
    settle();
    second.granted();
  }

  @Test
  void whatCannotBeMadeIsToldAndTakesNoPlace() {
    trouble = new ConnectFailure(SqlFailure.fatal("28000", 1045, "nobody knows you"), false);
    assertEquals("nobody knows you", ask(one).told());
    trouble = null;
    ask(two).granted();
  }

  @Test
  void closingEndsThoseThatServeToo() {
    ask(one).granted();
    supply.close();
    assertEquals(EvictReason.POOL_CLOSED, made.getFirst().closedFor);
  }
}
