package dev.pooler.testkit.simulation;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An event loop without a thread: a task runs when the simulation draws the loop, a scheduled one
 * when the simulated clock has reached it. "In the event loop" means that the simulation is running
 * something of this loop.
 */
public final class SimulatedLoop extends AbstractScheduledEventExecutor
    implements EventLoop, Actor {
  private final Simulation simulation;
  private final String name;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final Ticker ticker;
  private final Promise<@Nullable Void> terminated = new DefaultPromise<>(this);

  SimulatedLoop(Simulation simulation, String name) {
    this.simulation = simulation;
    this.name = name;
    this.ticker =
        new Ticker() {
          @Override
          public long initialNanoTime() {
            return 0;
          }

          @Override
          public long nanoTime() {
            return simulation.now();
          }

          @Override
          public void sleep(long delay, TimeUnit unit) {
            throw new UnsupportedOperationException("nobody sleeps in a simulation");
          }
        };
  }

  public Simulation simulation() {
    return simulation;
  }

  /** Runs {@code task} now, as the loop's own thread would. */
  public void run(Runnable task) {
    simulation.on(this, task);
  }

  @Override
  public boolean ready() {
    return !tasks.isEmpty() || nextScheduledTaskDeadlineNanos() <= simulation.now();
  }

  @Override
  public void act() {
    simulation.on(this, this::runOne);
  }

  private void runOne() {
    Runnable due = pollScheduledTask(simulation.now());
    if (due != null) {
      tasks.addLast(due);
    }
    Runnable task = tasks.pollFirst();
    if (task != null) {
      try {
        task.run();
      } catch (RuntimeException e) {
        simulation.fail(new SimulationFailure("a task of " + name + " threw " + e, e));
      }
    }
  }

  long nextDeadline() {
    return nextScheduledTaskDeadlineNanos();
  }

  @Override
  public Ticker ticker() {
    return ticker;
  }

  @Override
  public void execute(Runnable task) {
    tasks.addLast(Objects.requireNonNull(task));
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    return simulation.isCurrent(this);
  }

  @Override
  public @Nullable EventLoopGroup parent() {
    return null;
  }

  @Override
  public EventLoop next() {
    return this;
  }

  @Override
  public ChannelFuture register(Channel channel) {
    return register(new DefaultChannelPromise(channel, this));
  }

  @Override
  public ChannelFuture register(ChannelPromise promise) {
    promise.channel().unsafe().register(this, promise);
    return promise;
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel channel, ChannelPromise promise) {
    channel.unsafe().register(this, promise);
    return promise;
  }

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    throw new UnsupportedOperationException("a simulated loop ends with its simulation");
  }

  @Override
  public Future<?> terminationFuture() {
    return terminated;
  }

  /** Tells those who keep something for each loop that this one is over. */
  void end() {
    run(() -> terminated.trySuccess(null));
  }

  @Deprecated
  @Override
  public void shutdown() {
    throw new UnsupportedOperationException("a simulated loop ends with its simulation");
  }

  @Override
  public boolean isShuttingDown() {
    return false;
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return false;
  }

  @Override
  public String toString() {
    return name;
  }
}
