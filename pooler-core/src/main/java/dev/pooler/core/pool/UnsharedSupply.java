package dev.pooler.core.pool;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.session.SqlFailure;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Backends that serve one session each, and are closed with it: as many at once as the pool's size
 * says, none kept ready, none tried while idle or replaced for its age. What HikariCP is good for
 * has no place here, so it is not asked. Thread-safe.
 */
public final class UnsharedSupply implements PoolSupply {
  private static final Logger LOG = LoggerFactory.getLogger(UnsharedSupply.class);
  private static final int CLOSE_SECONDS = 3;

  private final LeasePool pool;
  private final BackendConnector connector;
  private final Set<Backend> open = ConcurrentHashMap.newKeySet();

  /** Loops that want a backend when one of those that are out has closed. */
  private final Queue<LoopLeases> askers = new ArrayDeque<>();

  /** Backends that exist, or are about to. */
  private int out;

  private volatile boolean everConnected;
  private volatile boolean paused;

  /**
   * A pool without a backend.
   *
   * @param limits its mode is session; of the times only {@code maxWait} is used
   */
  public UnsharedSupply(
      PoolKey key, PoolLimits limits, Iterable<EventLoop> loops, BackendConnector connector) {
    this.pool = new LeasePool(key, limits, loops, this, System::nanoTime);
    this.connector = connector;
  }

  @Override
  public LeasePool pool() {
    return pool;
  }

  @Override
  public void fetch(LoopLeases asker) {
    synchronized (this) {
      if (out >= pool.limits().size()) {
        askers.add(asker);
        return;
      }
      out++;
    }
    connect(asker);
  }

  private void connect(LoopLeases asker) {
    connector
        .connect()
        .whenComplete((backend, failure) -> {
          if (failure == null) {
            open.add(backend);
            asker.loop().execute(() -> asker.supplied(backend));
          } else {
            left();
            SqlFailure told = failureOf(failure);
            asker.loop().execute(() -> asker.notSupplied(told));
          }
        });
  }

  private static SqlFailure failureOf(Throwable failure) {
    return failure instanceof ConnectFailure known
        ? known.failure()
        : SqlFailure.backendLost(String.valueOf(failure));
  }

  /** A backend that no session took: the next one gets its own. */
  @Override
  public void giveBack(Backend backend) {
    evict(backend, EvictReason.RETIRED);
  }

  @Override
  public void evict(Backend backend, EvictReason reason) {
    LOG.debug("pool {}: closing backend {}: {}", pool.key(), backend.id(), reason.label());
    everConnected |= connected(backend); // before that its session is there
    backend
        .close(reason)
        .whenComplete((done, failure) -> {
          if (open.remove(backend)) {
            left();
          }
        });
  }

  private void left() {
    synchronized (this) {
      out--;
    }
    serve();
  }

  private void serve() {
    LoopLeases next = next();
    while (next != null) {
      connect(next);
      next = next();
    }
  }

  private synchronized @Nullable LoopLeases next() {
    if (askers.isEmpty() || out >= pool.limits().size()) {
      return null;
    }
    out++;
    return askers.remove();
  }

  @Override
  public Collection<Backend> backends() {
    return open.stream().filter(UnsharedSupply::connected).toList();
  }

  /** What its session has not said how to connect has no number at the server yet. */
  private static boolean connected(Backend backend) {
    return backend.detail().serverId() != 0;
  }

  @Override
  public int connecting() {
    return Math.max(0, pool.heldBackends() - pool.idleBackends() - backends().size());
  }

  @Override
  public boolean everConnected() {
    return everConnected;
  }

  @Override
  public int totalBackends() {
    return open.size();
  }

  @Override
  public void pause() {
    paused = true;
    pool.pause();
  }

  @Override
  public void resume() {
    paused = false;
    pool.resume();
  }

  @Override
  public boolean atRest() {
    return paused && pool.heldBackends() == 0 && open.isEmpty();
  }

  /** Nothing to do: no backend is leased twice. */
  @Override
  public void replaceAll() {}

  @Override
  public void reconnect() {}

  @Override
  public void limits(PoolLimits limits) {
    pool.limits(limits);
    serve();
  }

  @Override
  public void close() {
    CompletableFuture<?>[] closing =
        open.stream()
            .map(backend -> backend.close(EvictReason.POOL_CLOSED).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(closing).get(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("pool {}: not all backends closed in {} s", pool.key(), CLOSE_SECONDS);
    }
  }
}
