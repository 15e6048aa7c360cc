package dev.pooler.core.pool.hikari;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.pool.StubBackend;
import dev.pooler.core.session.SqlFailure;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes stub backends, or fails as often as it was told to. Any thread. */
final class StubConnector implements BackendConnector {
  final List<StubBackend> made = new CopyOnWriteArrayList<>();
  final AtomicInteger attempts = new AtomicInteger();
  private final AtomicInteger failuresLeft = new AtomicInteger();
  private volatile ConnectFailure failure = refused();
  private volatile CountDownLatch gate = new CountDownLatch(0);
  private volatile CountDownLatch slow = new CountDownLatch(0);
  private volatile long mostOpen;

  static ConnectFailure refused() {
    return new ConnectFailure(SqlFailure.backendLost("connection refused"), true);
  }

  static ConnectFailure wrongPassword() {
    return new ConnectFailure(SqlFailure.fatal("28P01", 1045, "wrong password"), false);
  }

  void fail(ConnectFailure how, int times) {
    failure = how;
    failuresLeft.set(times);
  }

  /** The next attempt fails as soon as the latch has been counted down. */
  CountDownLatch failWhenReleased(ConnectFailure how) {
    fail(how, 1);
    CountDownLatch latch = new CountDownLatch(1);
    gate = latch;
    return latch;
  }

  /** Backends are there as soon as the latch has been counted down. */
  CountDownLatch readyWhenReleased() {
    CountDownLatch latch = new CountDownLatch(1);
    slow = latch;
    return latch;
  }

  long open() {
    return made.stream().filter(backend -> backend.closedFor == null).count();
  }

  long mostOpen() {
    return mostOpen;
  }

  @Override
  public synchronized CompletionStage<Backend> connect() {
    attempts.incrementAndGet();
    if (failuresLeft.get() > 0) {
      failuresLeft.decrementAndGet();
      return CompletableFuture.runAsync(() -> pass(gate), Thread::startVirtualThread)
          .thenCompose(passed -> CompletableFuture.failedFuture(failure));
    }
    StubBackend backend = new StubBackend();
    made.add(backend);
    mostOpen = Math.max(mostOpen, open());
    CountDownLatch ready = slow;
    return ready.getCount() == 0
        ? CompletableFuture.completedFuture(backend)
        : CompletableFuture.runAsync(() -> pass(ready), Thread::startVirtualThread)
            .thenApply(passed -> backend);
  }

  private static void pass(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void change(DatabaseConfig database) {}

  @Override
  public String describe() {
    return "stubs";
  }
}
