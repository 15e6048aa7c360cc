package dev.pooler.core.lifecycle;

import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionRegistry;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One tick on each event loop for everything that has a deadline, instead of a timer for each: it
 * looks after the pools' waiters and resting backends, and after sessions that have time limits.
 */
public final class Janitor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Janitor.class);

  private static final Duration TICK = Duration.ofMillis(100);

  private final List<EventLoop> loops;
  private final Supplier<? extends Collection<LeasePool>> pools;
  private final SessionRegistry sessions;
  private final List<Future<?>> ticks = new ArrayList<>();

  public Janitor(
      List<EventLoop> loops,
      Supplier<? extends Collection<LeasePool>> pools,
      SessionRegistry sessions) {
    this.loops = List.copyOf(loops);
    this.pools = pools;
    this.sessions = sessions;
  }

  public void start() {
    for (EventLoop loop : loops) {
      ticks.add(
          loop.scheduleAtFixedRate(
              () -> tick(loop), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS));
    }
  }

  private void tick(EventLoop loop) {
    pools.get().forEach(pool -> guarded(pool.key(), () -> pool.tick(loop)));
    for (Session session : sessions.timed()) {
      guarded(session, () -> session.tick(loop));
    }
  }

  /**
   * A fault of ours in one of them ends no other's ticks: Netty stops a periodic task that throws.
   */
  private static void guarded(Object whose, Runnable tick) {
    try {
      tick.run();
    } catch (RuntimeException e) {
      LOG.error("{}: a tick failed", whose, e);
    }
  }

  @Override
  public void close() {
    ticks.forEach(tick -> tick.cancel(false));
  }
}
