package dev.pooler.testkit.simulation;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One seed's world on one thread: a clock that moves only when told, event loops whose tasks run
 * when drawn, and actors of which the seed chooses who is next. Two runs of one seed are the same,
 * so a failed seed is run again with its trace.
 */
public final class Simulation implements AutoCloseable {
  private static final int TRACE = Integer.getInteger("trace", 60);

  private final long seed;
  private final SplittableRandom random;
  private final boolean tracing;
  private final List<Actor> actors = new ArrayList<>();
  private final List<SimulatedLoop> loops = new ArrayList<>();
  private final ArrayDeque<String> trace = new ArrayDeque<>();
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
  private @Nullable SimulatedLoop current;
  private @Nullable SimulationFailure failure;
  private long now = TimeUnit.SECONDS.toNanos(1);
  private int steps;

  public Simulation(long seed, boolean tracing) {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.tracing = tracing;
  }

  public long seed() {
    return seed;
  }

  public int steps() {
    return steps;
  }

  /** Nanoseconds of the simulated clock. */
  public long now() {
    return now;
  }

  /** All buffers of the simulated channels: what it still counts at the end has leaked. */
  public UnpooledByteBufAllocator allocator() {
    return allocator;
  }

  /** Bytes in buffers that nobody has released. */
  public long unreleasedBytes() {
    return allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory();
  }

  // --- choices -----------------------------------------------------------------------------

  /** A number from 0 up to and without {@code bound}. */
  public int below(int bound) {
    return random.nextInt(bound);
  }

  /** True once in {@code times}. */
  public boolean onceIn(int times) {
    return random.nextInt(times) == 0;
  }

  /** One of these. */
  @SafeVarargs
  public final <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  // --- who takes part -----------------------------------------------------------------------

  public SimulatedLoop newLoop() {
    SimulatedLoop loop = new SimulatedLoop(this, "loop" + loops.size());
    loops.add(loop);
    actors.add(loop);
    return loop;
  }

  public void add(Actor actor) {
    actors.add(actor);
  }

  boolean isCurrent(SimulatedLoop loop) {
    return current == loop;
  }

  /** Runs {@code task} as {@code loop}'s thread would. */
  void on(SimulatedLoop loop, Runnable task) {
    SimulatedLoop before = current;
    current = loop;
    try {
      task.run();
    } finally {
      current = before;
    }
  }

  // --- running ------------------------------------------------------------------------------

  /**
   * Steps until {@code done}.
   *
   * @throws SimulationFailure when an invariant broke, or after {@code most} steps
   */
  public void runUntil(BooleanSupplier done, int most) {
    int last = steps + most;
    while (!done.getAsBoolean()) {
      step();
      if (steps > last) {
        throw new SimulationFailure("not done after " + most + " steps: " + actors);
      }
    }
  }

  /** Lets {@code nanos} pass and everything happen that can. */
  public void settle(long nanos, int most) {
    long end = now + nanos;
    runUntil(() -> now >= end, most);
  }

  private void step() {
    steps++;
    Actor next = random.nextInt(64) == 0 ? null : choose();
    if (next == null) {
      advance();
    } else {
      next.act();
      if (next.over()) {
        actors.remove(next);
      }
    }
    SimulationFailure broken = failure;
    if (broken != null) {
      throw broken;
    }
  }

  private @Nullable Actor choose() {
    int size = actors.size();
    int start = random.nextInt(size);
    for (int i = 0; i < size; i++) {
      Actor actor = actors.get((start + i) % size);
      if (actor.ready()) {
        return actor;
      }
    }
    return null;
  }

  /** Time passes: a little, and never past the next deadline. */
  private void advance() {
    long next = now + TimeUnit.MILLISECONDS.toNanos(1L + random.nextInt(100));
    for (SimulatedLoop loop : loops) {
      long deadline = loop.nextDeadline();
      if (deadline > now && deadline < next) {
        next = deadline;
      }
    }
    now = next;
  }

  /** The end of this world: nothing of it stays in anyone's map. */
  @Override
  public void close() {
    loops.forEach(SimulatedLoop::end);
  }

  // --- what happened ------------------------------------------------------------------------

  /** Notes an event, if this is the run that is to be told. */
  public void trace(Supplier<String> what) {
    if (tracing) {
      if (trace.size() == TRACE) {
        trace.removeFirst();
      }
      trace.addLast(steps + " @" + TimeUnit.NANOSECONDS.toMicros(now) + "us " + what.get());
    }
  }

  /** An invariant is broken: the run ends after this step. The first one counts. */
  public void fail(String what) {
    fail(new SimulationFailure(what));
  }

  public void fail(SimulationFailure broken) {
    if (failure == null) {
      failure = broken;
      trace(() -> "BROKEN: " + broken.getMessage());
    }
  }

  /** The last events, oldest first, one a line. */
  public String told() {
    return String.join("\n", trace);
  }
}
