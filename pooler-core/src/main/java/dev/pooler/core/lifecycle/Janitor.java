package dev.pooler.core.lifecycle;

import dev.pooler.core.pool.LeasePool;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One tick on each event loop for everything that has a deadline, instead of a timer for each: it
 * looks after the pools' waiters and resting backends.
 */
public final class Janitor implements AutoCloseable {
  private static final Duration TICK = Duration.ofMillis(100);

  private final List<EventLoop> loops;
  private final Supplier<? extends Collection<LeasePool>> pools;
  private final List<Future<?>> ticks = new ArrayList<>();

  public Janitor(List<EventLoop> loops, Supplier<? extends Collection<LeasePool>> pools) {
    this.loops = List.copyOf(loops);
    this.pools = pools;
  }

  public void start() {
    for (EventLoop loop : loops) {
      ticks.add(
          loop.scheduleAtFixedRate(
              () -> pools.get().forEach(pool -> pool.tick(loop)),
              TICK.toMillis(),
              TICK.toMillis(),
              TimeUnit.MILLISECONDS));
    }
  }

  @Override
  public void close() {
    ticks.forEach(tick -> tick.cancel(false));
  }
}
