package dev.pooler.core.pool.hikari;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.session.SqlFailure;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes wire connections for HikariCP. During an outage it doesn't fail, it tries again with
 * back-off until the server is back or the pool is closed: sessions wait in front of the pool with
 * deadlines of their own. What trying again can't mend (a wrong password, a missing database) fails
 * at once. Blocks; runs on HikariCP's threads.
 */
final class WireDataSource implements DataSource {
  /** What it tells about the outside. */
  interface Observer {
    void connected();

    void connectFailed(SqlFailure failure, boolean temporary);

    /** A backend that was well is closed by the pool's own rules. */
    void left(EvictReason reason);
  }

  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LAST_RETRY = Duration.ofSeconds(1);
  private static final int CLOSE_PATIENCE_SECONDS = 1;

  private final BackendConnector connector;
  private final Observer observer;
  private final BackendLimits limits;
  private final BackendLimits.Tenant tenant;
  private final Set<Backend> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connecting = new AtomicInteger();
  private volatile boolean closed;

  WireDataSource(
      BackendConnector connector,
      Observer observer,
      BackendLimits limits,
      BackendLimits.Tenant tenant) {
    this.connector = connector;
    this.observer = observer;
    this.limits = limits;
    this.tenant = tenant;
  }

  @Override
  public Connection getConnection() throws SQLException {
    BackendLimits.Permit permit = permit();
    connecting.incrementAndGet();
    try {
      return connect(permit);
    } finally {
      connecting.decrementAndGet();
    }
  }

  private BackendLimits.Permit permit() throws SQLException {
    try {
      BackendLimits.Permit permit = limits.take(tenant);
      if (permit == null) {
        throw new SQLException("nobody needs a backend any more", "57014");
      }
      return permit;
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private Connection connect(BackendLimits.Permit first) throws SQLException {
    BackendLimits.Permit permit = first;
    long pause = FIRST_RETRY.toMillis();
    while (true) {
      CompletableFuture<Backend> opening = connector.connect().toCompletableFuture();
      try {
        Backend backend = opening.get();
        keep(backend, permit);
        observer.connected();
        return new WireConnection(backend, observer::left);
      } catch (InterruptedException e) {
        abandon(opening, permit);
        throw interrupted();
      } catch (ExecutionException e) {
        permit.giveBack(); // others may have a target that can be reached
        ConnectFailure failure = failureOf(e);
        observer.connectFailed(failure.failure(), failure.temporary());
        if (!failure.temporary() || closed) {
          throw new SQLException(failure.getMessage(), failure.failure().sqlState(), failure);
        }
      }
      try {
        Thread.sleep(pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1));
      } catch (InterruptedException e) {
        throw interrupted();
      }
      pause = Math.min(pause * 2, LAST_RETRY.toMillis());
      permit = permit();
    }
  }

  /** Nobody waits for it any more; it may come all the same. */
  private static void abandon(CompletableFuture<Backend> opening, BackendLimits.Permit permit) {
    opening.whenComplete((late, failure) -> {
      Thread.startVirtualThread(permit::giveBack);
      if (late != null) {
        late.close(EvictReason.POOL_CLOSED);
      }
    });
  }

  /** Knows the backend until it closes. One that comes when all is over is closed at once. */
  private void keep(Backend backend, BackendLimits.Permit permit) throws SQLException {
    open.add(backend);
    backend
        .channel()
        .closeFuture()
        .addListener(gone -> {
          open.remove(backend);
          Thread.startVirtualThread(permit::giveBack); // which may wait for a lock
        });
    if (closed) {
      backend.close(EvictReason.POOL_CLOSED);
      throw new SQLException("the pool was closed while it connected", "57P01");
    }
  }

  /** Backends whose channel is open, whoever has them. */
  Collection<Backend> open() {
    return Collections.unmodifiableCollection(open);
  }

  /** Threads that connect a backend, or wait to try again. */
  int connecting() {
    return connecting.get();
  }

  /**
   * Closes what HikariCP's close has not, which forgets a connection that was on its way then, and
   * waits for all that are closing.
   *
   * @throws TimeoutException when some are open after {@code millis}
   */
  void closeRest(long millis) throws InterruptedException, TimeoutException {
    CompletableFuture<?>[] closing =
        open.stream()
            .map(backend -> backend.close(EvictReason.POOL_CLOSED).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(closing).get(millis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a backend's close fails with its channel alone", e);
    }
  }

  /**
   * Ends the trying: HikariCP closes without interrupting the thread that opens connections, which
   * would go on for ever where the server is down.
   */
  void close() {
    closed = true;
  }

  private static ConnectFailure failureOf(ExecutionException e) {
    if (e.getCause() instanceof ConnectFailure failure) {
      return failure;
    }
    return new ConnectFailure(SqlFailure.backendLost(String.valueOf(e.getCause())), false);
  }

  private static SQLException interrupted() {
    Thread.currentThread().interrupt();
    return new SQLException("interrupted while connecting to a backend", "57P01");
  }

  @Override
  public Connection getConnection(@Nullable String username, @Nullable String password)
      throws SQLException {
    return getConnection();
  }

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) {}

  @Override
  public void setLoginTimeout(int seconds) {}

  /** HikariCP's close waits so long for a connection that is being opened. */
  @Override
  public int getLoginTimeout() {
    return CLOSE_PATIENCE_SECONDS;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw NoConnection.unsupported();
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }

  @Override
  public String toString() {
    return connector.describe();
  }
}
