package dev.pooler.benchmarks.pool;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendSupply;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LeaseRequest;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.pool.SessionSettings;
import dev.pooler.core.session.SqlFailure;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A lease on one loop of the pool; the benchmark's thread stands for that loop. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LeasePoolBenchmark {
  private static final SessionSettings NO_SETTINGS = new SessionSettings() {};

  /** Loops of the pool, all but one without sessions. */
  @Param({"1", "2"})
  public int loops = 1;

  private final Taker first = new Taker();
  private final Taker second = new Taker();
  private @Nullable LoopLeases share;

  /** Makes a pool of one hot backend. */
  @Setup
  public void prepare() {
    List<EventLoop> all =
        loops == 1
            ? List.of(new DefaultEventLoop())
            : List.of(new DefaultEventLoop(), new DefaultEventLoop());
    LeasePool pool =
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
            all,
            new NoSupply(),
            LeasePoolBenchmark::readAndForget);
    share = pool.on(all.getFirst());
    share.supplied(new IdleBackend());
  }

  /** A hot lease taken and released. */
  @Benchmark
  public Lease hot() {
    Lease lease = leases().tryAcquire(NO_SETTINGS);
    if (lease == null) {
      throw new IllegalStateException("the backend is not hot");
    }
    lease.release();
    return lease;
  }

  /** Three sessions and one backend: two wait while the first has it, and are granted it. */
  @Benchmark
  public Lease handedToAWaiter() {
    Lease lease = leases().tryAcquire(NO_SETTINGS);
    if (lease == null) {
      throw new IllegalStateException("the backend is not hot");
    }
    leases().await(first);
    leases().await(second);
    lease.release();
    first.taken().release();
    second.taken().release();
    return lease;
  }

  /** Costs what a clock costs, and never ends a tenure. */
  private static long readAndForget() {
    return System.nanoTime() >>> (Long.SIZE - 1);
  }

  private LoopLeases leases() {
    LoopLeases mine = share;
    if (mine == null) {
      throw new IllegalStateException("not prepared");
    }
    return mine;
  }

  private static final class Taker extends LeaseRequest {
    private @Nullable Lease lease;

    Lease taken() {
      Lease mine = lease;
      if (mine == null) {
        throw new IllegalStateException("not granted");
      }
      return mine;
    }

    @Override
    protected SessionSettings wanted() {
      return NO_SETTINGS;
    }

    @Override
    protected void granted(Lease granted) {
      lease = granted;
    }

    @Override
    protected void failed(SqlFailure failure) {
      throw new IllegalStateException(failure.message());
    }
  }

  /** Never asked: the one backend is there. */
  private static final class NoSupply implements BackendSupply {
    @Override
    public void fetch(LoopLeases asker) {
      throw new IllegalStateException("fetched");
    }

    @Override
    public void giveBack(Backend backend) {
      throw new IllegalStateException("given back");
    }

    @Override
    public void evict(Backend backend, EvictReason reason) {
      throw new IllegalStateException("evicted");
    }
  }
}
