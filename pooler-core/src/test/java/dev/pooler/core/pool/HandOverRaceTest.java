package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import io.netty.channel.DefaultEventLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two real event loops and one backend, without a janitor: no tick mends a lost wake-up. */
class HandOverRaceTest {
  private static final int ROUNDS = 20_000;
  private static final Duration BUDGET = Duration.ofSeconds(3);

  private final DefaultEventLoop one = new DefaultEventLoop();
  private final DefaultEventLoop two = new DefaultEventLoop();
  private final LeasePool pool =
      new LeasePool(
          new PoolKey("app", "app", "app_user"),
          new PoolLimits(
              PoolMode.TRANSACTION,
              1,
              0,
              Duration.ofMinutes(1),
              Duration.ZERO,
              Duration.ZERO,
              Duration.ZERO,
              Duration.ZERO),
          List.of(one, two),
          new OneBackend(),
          () -> 0L); // stands still: neither rest nor tenure ends

  @AfterEach
  void stopLoops() {
    one.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    two.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Test
  void aSessionThatBeginsToWaitAtTheMomentOfAReleaseIsServed() throws Exception {
    DefaultEventLoop holder = one;
    DefaultEventLoop waiter = two;
    Lease lease = acquire(holder, new AtomicInteger(1)).get(10, TimeUnit.SECONDS);
    long until = System.nanoTime() + BUDGET.toNanos();
    int rounds = 0;
    while (rounds < ROUNDS && System.nanoTime() - until < 0) {
      rounds++;
      AtomicInteger ready = new AtomicInteger();
      Lease held = lease;
      holder.execute(() -> {
        meet(ready);
        held.release();
      });
      lease = acquire(waiter, ready).get(10, TimeUnit.SECONDS);
      DefaultEventLoop swap = holder;
      holder = waiter;
      waiter = swap;
    }
    assertEquals(1, pool.heldBackends());
    assertEquals(rounds + 1, pool.counters().acquires());
  }

  private CompletableFuture<Lease> acquire(DefaultEventLoop loop, AtomicInteger ready) {
    CompletableFuture<Lease> granted = new CompletableFuture<>();
    Waiter waiter =
        new Waiter() {
          @Override
          protected void granted(Lease lease) {
            granted.complete(lease);
          }
        };
    loop.execute(() -> {
      meet(ready);
      pool.on(loop).await(waiter);
    });
    return granted;
  }

  /** Both go on at once. */
  private static void meet(AtomicInteger ready) {
    ready.incrementAndGet();
    while (ready.get() < 2) {
      Thread.onSpinWait();
    }
  }

  /** Answers the first fetch, and no other. */
  private static final class OneBackend implements BackendSupply {
    private final AtomicInteger fetches = new AtomicInteger();

    @Override
    public void fetch(LoopLeases asker) {
      if (fetches.getAndIncrement() == 0) {
        StubBackend backend = new StubBackend();
        asker.loop().execute(() -> asker.supplied(backend));
      }
    }

    @Override
    public void giveBack(Backend backend) {
      throw new AssertionError("nobody's rest or tenure is over");
    }

    @Override
    public void evict(Backend backend, EvictReason reason) {
      throw new AssertionError("evicted: " + reason);
    }
  }
}
