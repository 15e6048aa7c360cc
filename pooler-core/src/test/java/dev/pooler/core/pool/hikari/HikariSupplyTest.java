package dev.pooler.core.pool.hikari;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import dev.pooler.core.pool.LeaseRequest;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.pool.SessionSettings;
import dev.pooler.core.pool.StubBackend;
import dev.pooler.core.session.SqlFailure;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The real HikariCP over backends without a server. */
class HikariSupplyTest {
  /** HikariCP asks a connection that was idle for longer whether it lives; 500 ms by itself. */
  private static final String PROBE_AFTER = "com.zaxxer.hikari.aliveBypassWindowMs";

  private static final long PATIENCE_SECONDS = 20;

  private static final SessionSettings NO_SETTINGS = new SessionSettings() {};

  private final DefaultEventLoop one = new DefaultEventLoop();
  private final DefaultEventLoop two = new DefaultEventLoop();
  private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final StubConnector connector = new StubConnector();
  private @Nullable HikariSupply supply;

  @AfterEach
  void closeAll() {
    if (supply != null) {
      supply.close();
    }
    System.clearProperty(PROBE_AFTER);
    scheduler.shutdownNow();
    one.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    two.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Test
  void nothingIsConnectedBeforeTheFirstSessionAsks() {
    HikariSupply lazy = supply(3, 0, Duration.ofSeconds(5));
    assertEquals(0, lazy.totalBackends());
    assertEquals(0, connector.attempts.get());
  }

  @Test
  void theMinimumIsConnectedAheadOfTheFirstSession() {
    supply(3, 2, Duration.ofSeconds(5));
    until(() -> idle() == 2);
    assertEquals(2, connector.made.size());
  }

  /**
   * What HikariCP has scheduled between half the lifetime and all of it are the ends of backends.
   */
  @Test
  @Tag("case-48")
  void backendsOfOneBirthdayDoNotEndOnOneDay() {
    long lifetime = TimeUnit.HOURS.toMillis(4);
    supply(16, 16, Duration.ofSeconds(5), Duration.ofMillis(lifetime));
    until(() -> idle() == 16 && ends(lifetime).length == 16);
    long[] ends = ends(lifetime);
    assertTrue(
        ends[15] - ends[0] > lifetime / 20, () -> "all end at once: " + Arrays.toString(ends));
    assertTrue(ends[15] <= lifetime, () -> "too late: " + Arrays.toString(ends));
  }

  /** What is scheduled so late is the next look at an idle backend: there is no lifetime here. */
  @Test
  @Tag("case-91")
  void anotherKeepaliveIsThatOfBackendsToCome() throws Exception {
    HikariSupply changing = supply(2, 0, Duration.ofSeconds(5));
    get(acquire(one));
    Duration keepalive = Duration.ofHours(1);
    assertEquals(0, ends(keepalive.toMillis()).length);
    PoolLimits was = pool().pool().limits();
    changing.limits(
        new PoolLimits(
            was.mode(),
            2,
            0,
            was.maxWait(),
            was.maxLifetime(),
            was.idleTimeout(),
            keepalive,
            was.leakAfter()));
    get(acquire(one));
    assertEquals(1, ends(keepalive.toMillis()).length);
  }

  private long[] ends(long lifetime) {
    return scheduler.getQueue().stream()
        .mapToLong(task -> ((Delayed) task).getDelay(TimeUnit.MILLISECONDS))
        .filter(delay -> delay > lifetime / 2)
        .sorted()
        .toArray();
  }

  @Test
  void theSizeIsNeverExceededAndEverySessionIsServed() throws Exception {
    supply(3, 0, Duration.ofSeconds(30));
    List<CompletableFuture<Integer>> sessions = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      sessions.add(leaseAndRelease(i % 2 == 0 ? one : two));
    }
    for (CompletableFuture<Integer> session : sessions) {
      assertEquals(1, get(session));
    }
    assertTrue(connector.mostOpen() <= 3, () -> connector.mostOpen() + " backends at once");
    assertEquals(40, pool().pool().counters().acquires());
    assertEquals(40, pool().pool().counters().releases());
  }

  @Test
  void anOutageIsWaitedFor() throws Exception {
    supply(1, 0, Duration.ofSeconds(30));
    connector.fail(StubConnector.refused(), 3);
    get(acquire(one));
    assertEquals(4, connector.attempts.get());
    assertEquals(null, pool().pool().trouble());
  }

  @Test
  void whoWaitsTooLongInAnOutageIsToldIt() {
    supply(1, 0, Duration.ofMillis(300));
    connector.fail(StubConnector.refused(), Integer.MAX_VALUE);
    one.scheduleAtFixedRate(() -> pool().pool().tick(one), 10, 10, TimeUnit.MILLISECONDS);
    String told = failure(acquire(one));
    assertTrue(told.contains("no target") && told.contains("connection refused"), told);
  }

  @Test
  void whatWaitingCantMendIsToldToAllAtOnce() throws Exception {
    supply(2, 0, Duration.ofSeconds(30));
    List<CompletableFuture<Lease>> waiting = new ArrayList<>();
    CountDownLatch asked = connector.failWhenReleased(StubConnector.wrongPassword());
    waiting.add(acquire(one));
    waiting.add(acquire(one));
    waiting.add(acquire(two));
    until(() -> pool().pool().shares().stream().mapToInt(LoopLeases::waiting).sum() == 3);
    until(() -> figure("pending") == 2); // both loops have asked HikariCP
    asked.countDown();
    for (CompletableFuture<Lease> session : waiting) {
      assertEquals("wrong password", failure(session));
    }
    get(acquire(two));
    assertEquals(1, connector.made.size());
  }

  @Test
  void afterARefusalTheNextSessionIsANewAttempt() throws Exception {
    supply(1, 0, Duration.ofSeconds(30));
    connector.fail(StubConnector.wrongPassword(), 1);
    assertEquals("wrong password", failure(acquire(one)));
    get(acquire(one));
    assertEquals(2, connector.attempts.get());
  }

  @Test
  void aRefusalIsForgottenWhenTheTroubleIsAnother() throws Exception {
    supply(1, 0, Duration.ofMillis(300));
    connector.fail(StubConnector.wrongPassword(), 1);
    assertEquals("wrong password", failure(acquire(one)));
    // 50 + 100 + 200 + 400 ms of back-off at most: the fetch of 300 ms fails before that is over.
    connector.fail(StubConnector.refused(), 5);
    get(acquire(one));
  }

  @Test
  void aBackendThatDiedWhileIdleIsReplacedWhenItIsBorrowed() throws Exception {
    System.setProperty(PROBE_AFTER, "60000");
    supply(1, 0, Duration.ofSeconds(30));
    rest(get(acquire(one)));
    StubBackend dead = connector.made.getFirst();
    dead.kill();
    assertNotSame(dead, get(acquire(one)).backend());
    until(() -> dead.closedFor == EvictReason.RETIRED);
  }

  @Test
  void manyDeadBackendsMeanThatAllAreReplaced() throws Exception {
    System.setProperty(PROBE_AFTER, "60000");
    supply(6, 0, Duration.ofSeconds(30));
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      leases.add(get(acquire(one)));
    }
    rest(leases.toArray(Lease[]::new));
    // Three die and are found out; the other three are replaced without having been looked at.
    connector.made.forEach(StubBackend::kill);
    Lease fresh = get(acquire(one));
    assertSame(connector.made.get(6), fresh.backend());
    until(() -> connector.made.subList(0, 6).stream().allMatch(b -> b.closedFor != null));
  }

  @Test
  void aBackendThatWasIdleIsAskedWhetherItLives() throws Exception {
    System.setProperty(PROBE_AFTER, "0");
    supply(1, 0, Duration.ofSeconds(30));
    rest(get(acquire(one)));
    StubBackend backend = connector.made.getFirst();
    int asked = backend.probes.get(); // HikariCP tries isValid on the first connection it makes
    backend.answers = false;
    // HikariCP counts in milliseconds: what was idle for less than one is not asked.
    until(() -> {
      try {
        Lease lease = get(acquire(one));
        rest(lease);
        return lease.backend() != backend;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
    assertEquals(asked + 1, backend.probes.get());
  }

  @Test
  void anEvictedBackendMakesRoom() throws Exception {
    supply(1, 0, Duration.ofSeconds(30));
    Lease lease = get(acquire(one));
    one.execute(() -> lease.evict(EvictReason.CLIENT_GONE));
    assertNotSame(lease.backend(), get(acquire(one)).backend());
    assertEquals(EvictReason.CLIENT_GONE, connector.made.getFirst().closedFor);
    assertEquals(1, connector.mostOpen());
  }

  /** Needs only those to wait for its close who need its place. */
  @Test
  void aBackendThatClosesSlowlyHoldsUpNobodyElse() throws Exception {
    supply(2, 0, Duration.ofSeconds(30));
    Lease lease = get(acquire(one));
    StubBackend slow = connector.made.getFirst();
    slow.farewell = new CompletableFuture<>();
    one.execute(() -> lease.evict(EvictReason.CLIENT_GONE));
    acquire(one).get(3, TimeUnit.SECONDS);
    CompletableFuture<Lease> needsItsPlace = acquire(two);
    until(() -> figure("pending") == 1);
    assertFalse(needsItsPlace.isDone());
    slow.farewell.complete(null);
    get(needsItsPlace);
  }

  /** Needs HikariCP to be told of the room: with no minimum it thinks of nobody who waits. */
  @Test
  void whoWaitsInHikariIsServedWhenAnEvictionMakesRoom() throws Exception {
    supply(2, 0, Duration.ofSeconds(30));
    Lease lease = get(acquire(one));
    CountDownLatch ready = connector.readyWhenReleased();
    CompletableFuture<Lease> first = acquire(one);
    CompletableFuture<Lease> second = acquire(two);
    until(() -> figure("pending") == 2); // both loops have asked HikariCP, and one place is left
    ready.countDown();
    get(CompletableFuture.anyOf(first, second));
    assertFalse(first.isDone() && second.isDone());
    one.execute(() -> lease.evict(EvictReason.CLIENT_GONE));
    get(first);
    get(second);
  }

  /** Needs what is idle with HikariCP to be closed: the pool has none of it in its hands. */
  @Test
  void whatRestsIsClosedWhenThePoolBecomesSmaller() throws Exception {
    supply(3, 0, Duration.ofSeconds(30));
    rest(get(acquire(one)), get(acquire(one)), get(acquire(one)));
    pool().limits(ofSize(1));
    until(() -> pool().totalBackends() == 1);
    assertEquals(1, connector.open());
    assertEquals(2, pool().pool().counters().evictions(EvictReason.SURPLUS));
  }

  /** Needs a look at the pool's size when a backend is back: nobody else comes to look. */
  @Test
  void whatIsOnItsWayBackWhenThePoolBecomesSmallerIsClosedToo() throws Exception {
    supply(3, 0, Duration.ofSeconds(30));
    List<Lease> leases = List.of(get(acquire(one)), get(acquire(one)), get(acquire(one)));
    pool().limits(ofSize(1));
    Thread.startVirtualThread(() -> {}).join(); // behind the thread that finds nothing idle yet
    leases.forEach(lease -> pool().giveBack(lease.backend()));
    until(() -> pool().totalBackends() == 1);
    assertEquals(1, connector.open());
  }

  /** Needs those that close to be counted out: one too many would be closed in their stead. */
  @Test
  void whatClosesAlreadyIsNotClosedTwice() throws Exception {
    supply(3, 0, Duration.ofSeconds(30));
    Lease a = get(acquire(one));
    Lease b = get(acquire(one));
    Lease c = get(acquire(one));
    connector.made.forEach(backend -> backend.farewell = new CompletableFuture<>());
    pool().evict(a.backend(), EvictReason.SURPLUS);
    pool().evict(b.backend(), EvictReason.SURPLUS);
    pool().limits(ofSize(1));
    pool().giveBack(c.backend());
    until(() -> idle() == 1);
    Thread.startVirtualThread(() -> {}).join();
    connector.made.forEach(backend -> backend.farewell.complete(null));
    until(() -> pool().totalBackends() == 1);
    assertNull(((StubBackend) c.backend()).closedFor);
  }

  @Test
  void aBackendIsMovedToTheLoopThatAsked() throws Exception {
    supply(1, 0, Duration.ofSeconds(30));
    get(acquire(two));
    assertSame(two, connector.made.getFirst().loop);
  }

  @Test
  void replaceAllSparesWhatIsLeasedUntilItsLeaseEnds() throws Exception {
    supply(1, 0, Duration.ofSeconds(30));
    Lease lease = get(acquire(one));
    pool().replaceAll();
    assertEquals(null, connector.made.getFirst().closedFor);
    one.execute(lease::release);
    pool().pool().pause();
    pool().pool().resume();
    assertNotSame(lease.backend(), get(acquire(one)).backend());
  }

  @Test
  void closeClosesAllBackendsAndWhoComesLaterIsTold() throws Exception {
    HikariSupply closing = supply(3, 0, Duration.ofSeconds(30));
    Lease leased = get(acquire(one));
    rest(get(acquire(one)));
    get(acquire(two));
    closing.pool().close(SqlFailure.draining());
    closing.close();
    assertEquals(0, connector.open());
    assertTrue(failure(acquire(one)).contains("shutting down"));
    one.execute(leased::release);
  }

  private HikariSupply pool() {
    HikariSupply mine = supply;
    if (mine == null) {
      throw new AssertionError("no supply yet");
    }
    return mine;
  }

  private HikariSupply supply(int size, int minIdle, Duration maxWait) {
    return supply(size, minIdle, maxWait, Duration.ZERO);
  }

  private HikariSupply supply(int size, int minIdle, Duration maxWait, Duration maxLifetime) {
    HikariSupply made =
        HikariSupply.create(
            new PoolKey("app", "app", "app_user"),
            limits(size, minIdle, maxWait, maxLifetime),
            List.of(one, two),
            connector,
            BackendLimits.none(),
            scheduler,
            metrics);
    supply = made;
    return made;
  }

  private static PoolLimits limits(int size, int minIdle, Duration maxWait, Duration maxLifetime) {
    return new PoolLimits(
        PoolMode.TRANSACTION,
        size,
        minIdle,
        maxWait,
        maxLifetime,
        Duration.ofMinutes(10),
        Duration.ZERO,
        Duration.ZERO);
  }

  private static PoolLimits ofSize(int size) {
    return limits(size, 0, Duration.ofSeconds(30), Duration.ZERO);
  }

  private CompletableFuture<Lease> acquire(EventLoop loop) {
    CompletableFuture<Lease> granted = new CompletableFuture<>();
    loop.execute(() -> await(loop, granted));
    return granted;
  }

  private void await(EventLoop loop, CompletableFuture<Lease> granted) {
    pool()
        .pool()
        .on(loop)
        .await(
            new LeaseRequest() {
              @Override
              protected SessionSettings wanted() {
                return NO_SETTINGS;
              }

              @Override
              protected void granted(Lease lease) {
                granted.complete(lease);
              }

              @Override
              protected void failed(SqlFailure failure) {
                granted.completeExceptionally(new IllegalStateException(failure.message()));
              }
            });
  }

  /** A session of one statement; completes with 1. */
  private CompletableFuture<Integer> leaseAndRelease(EventLoop loop) {
    return acquire(loop)
        .thenApplyAsync(
            lease -> {
              lease.release();
              return 1;
            },
            loop);
  }

  /** Ends leases of loop one and has their backends go back to HikariCP. */
  private void rest(Lease... leases) {
    for (Lease lease : leases) {
      one.execute(lease::release);
    }
    pool().pool().pause();
    pool().pool().resume();
    until(() -> idle() == leases.length);
  }

  private double idle() {
    return figure("idle");
  }

  /** HikariCP's own; it may be a second old. */
  private double figure(String name) {
    Gauge gauge = metrics.find("hikaricp.connections." + name).gauge();
    return gauge == null ? 0 : gauge.value();
  }

  private static void until(BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, "did not come about");
      Thread.onSpinWait();
    }
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private static String failure(CompletableFuture<Lease> future) {
    ExecutionException told = assertThrows(ExecutionException.class, () -> get(future));
    Throwable cause = told.getCause();
    return cause == null ? "" : String.valueOf(cause.getMessage());
  }
}
