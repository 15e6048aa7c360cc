package dev.pooler.benchmarks.pool;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendSupply;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.statement.StatementClass;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs a request that {@code pooler_statement_seconds} is kept. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class StatementTimesBenchmark {
  private final EventLoop loop = new DefaultEventLoop();
  private final LeasePool pool =
      new LeasePool(
          new PoolKey("bench", "bench", "bench"),
          new PoolLimits(
              PoolMode.TRANSACTION,
              1,
              0,
              Duration.ofMinutes(1),
              Duration.ZERO,
              Duration.ZERO,
              Duration.ZERO,
              Duration.ZERO),
          List.of(loop),
          new NoBackends(),
          System::nanoTime);
  private final LoopLeases leases = pool.on(loop);
  private final PoolCounters counters = pool.counters();

  /** One in sixteen is timed. */
  @Benchmark
  public void sampled() {
    if (leases.timesThisOne()) {
      long since = leases.now();
      counters.timed(StatementClass.READ, leases.now() - since);
    }
  }

  /** Each one is. */
  @Benchmark
  public void each() {
    long since = leases.now();
    counters.timed(StatementClass.READ, leases.now() - since);
  }

  private static final class NoBackends implements BackendSupply {
    @Override
    public void fetch(LoopLeases asker) {}

    @Override
    public void giveBack(Backend backend) {}

    @Override
    public void evict(Backend backend, EvictReason reason) {}
  }
}
