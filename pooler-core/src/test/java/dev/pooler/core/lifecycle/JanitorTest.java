package dev.pooler.core.lifecycle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendSupply;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JanitorTest {
  private static final PoolKey KEY = new PoolKey("app", "app", "app_user");

  private final EventLoop loop = new DefaultEventLoop();
  private final SessionRegistry sessions = new SessionRegistry();

  @AfterEach
  void stop() {
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  /** Netty stops a periodic task that throws: pools and sessions would have no deadlines left. */
  @Test
  void aFaultInATickOfOnePoolEndsNobodysTicks() throws InterruptedException {
    CountDownLatch ticks = new CountDownLatch(5); // a few readings are not a tick's
    LeasePool faulty = pool(List.of(), System::nanoTime); // which does not know the loop
    LeasePool sound = pool(List.of(loop), counting(ticks));
    assertTicks(List.of(faulty, sound), ticks);
  }

  @Test
  void aFaultInATickOfOneSessionEndsNobodysTicks() throws InterruptedException {
    CountDownLatch ticks = new CountDownLatch(3);
    sessions.add(
        new Ticked(() -> {
          throw new IllegalStateException("this session is broken");
        }));
    sessions.add(new Ticked(ticks::countDown));
    assertTicks(List.of(), ticks);
  }

  private void assertTicks(List<LeasePool> pools, CountDownLatch ticks)
      throws InterruptedException {
    try (Janitor janitor = new Janitor(List.of(loop), () -> pools, sessions)) {
      janitor.start();
      assertTrue(ticks.await(10, TimeUnit.SECONDS), () -> ticks.getCount() + " ticks did not come");
    }
  }

  /** A clock that is read by each tick. */
  private static LongSupplier counting(CountDownLatch readings) {
    return () -> {
      readings.countDown();
      return System.nanoTime();
    };
  }

  private static LeasePool pool(List<EventLoop> loops, LongSupplier clock) {
    PoolLimits limits =
        new PoolLimits(
            PoolMode.TRANSACTION,
            1,
            0,
            Duration.ofSeconds(1),
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO);
    return new LeasePool(KEY, limits, loops, new NoSupply(), clock);
  }

  /** Nobody asks it for anything. */
  private static final class NoSupply implements BackendSupply {
    @Override
    public void fetch(LoopLeases asker) {}

    @Override
    public void giveBack(Backend backend) {}

    @Override
    public void evict(Backend backend, EvictReason reason) {}
  }

  /** A session that does nothing but tick. */
  private final class Ticked implements Session {
    private final long id = sessions.nextId();
    private final Runnable tick;

    Ticked(Runnable tick) {
      this.tick = tick;
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public State state() {
      return State.IDLE;
    }

    @Override
    public PoolKey pool() {
      return KEY;
    }

    @Override
    public CompletionStage<SessionDetail> describe() {
      return new CompletableFuture<>();
    }

    @Override
    public CompletionStage<SessionReport> report() {
      return new CompletableFuture<>();
    }

    @Override
    public boolean timed() {
      return true;
    }

    @Override
    public void tick(EventLoop its) {
      tick.run();
    }

    @Override
    public void drain() {}

    @Override
    public void close(CloseReason reason, SqlFailure told) {}
  }
}
