package dev.pooler.testkit.simulation;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.BackendSupply;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.session.SqlFailure;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A supply as HikariCP is one, by the seed: bounded, late with its answers, handing out backends
 * that have closed meanwhile only to notice it in time, sometimes without luck in connecting.
 */
public final class SimulatedSupply implements BackendSupply {
  private final Simulation simulation;
  private final SimulatedLoop own;
  private final BackendConnector connector;
  private final int size;
  private final ArrayDeque<LoopLeases> asking = new ArrayDeque<>();
  private final ArrayDeque<Backend> idle = new ArrayDeque<>();
  private final Set<Backend> out = new HashSet<>();
  private int total;

  /**
   * @param own the supply's tasks run there
   * @param size backends at once
   */
  public SimulatedSupply(
      Simulation simulation, SimulatedLoop own, BackendConnector connector, int size) {
    this.simulation = simulation;
    this.own = own;
    this.connector = connector;
    this.size = size;
  }

  /** Backends that exist. */
  public int total() {
    return total;
  }

  /** Backends in the pool's hands. */
  public int borrowed() {
    return out.size();
  }

  @Override
  public void fetch(LoopLeases asker) {
    asking.addLast(asker);
    soon(this::serve);
  }

  private void serve() {
    LoopLeases asker = asking.peekFirst();
    if (asker == null) {
      return;
    }
    Backend backend = idle.pollFirst();
    if (backend == null) {
      if (total < size) {
        asking.removeFirst();
        connect(asker);
      }
    } else if (!backend.usable()) {
      retire(backend, EvictReason.BACKEND_CLOSED);
      soon(this::serve);
    } else {
      asking.removeFirst();
      hand(backend, asker);
    }
  }

  private void connect(LoopLeases asker) {
    total++;
    connector
        .connect()
        .whenComplete((backend, failure) ->
            own.execute(() -> {
              if (failure == null) {
                hand(backend, asker);
              } else {
                total--;
                asker.loop().execute(() -> asker.notSupplied(told(failure)));
                soon(this::serve);
              }
            }));
  }

  private static @Nullable SqlFailure told(Throwable failure) {
    return failure instanceof ConnectFailure connect && !connect.temporary()
        ? connect.failure()
        : null;
  }

  private void hand(Backend backend, LoopLeases asker) {
    backend
        .moveTo(asker.loop())
        .whenComplete((moved, failure) ->
            own.execute(() -> {
              if (failure != null) {
                retire(backend, EvictReason.BACKEND_CLOSED);
                asker.loop().execute(() -> asker.notSupplied(null));
              } else {
                if (!out.add(backend)) {
                  simulation.fail("the supply hands out " + backend + " twice");
                }
                asker.loop().execute(() -> asker.supplied(backend));
              }
            }));
  }

  @Override
  public void giveBack(Backend backend) {
    takeBack(backend);
    soon(() -> {
      idle.addFirst(backend);
      serve();
    });
  }

  @Override
  public void evict(Backend backend, EvictReason reason) {
    takeBack(backend);
    retire(backend, reason);
  }

  /** Closes the idle ones, as the end of the pool does. */
  public void closeIdle() {
    Backend backend;
    while ((backend = idle.pollFirst()) != null) {
      retire(backend, EvictReason.POOL_CLOSED);
    }
  }

  private void takeBack(Backend backend) {
    if (!out.remove(backend)) {
      simulation.fail("the pool gives " + backend + " back, which it does not have");
    }
  }

  private void retire(Backend backend, EvictReason reason) {
    backend
        .close(reason)
        .whenComplete((closed, failure) ->
            soon(() -> {
              total--;
              serve();
            }));
  }

  private void soon(Runnable task) {
    own.schedule(task, simulation.below(20), TimeUnit.MILLISECONDS);
  }
}
