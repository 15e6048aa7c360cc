package dev.pooler.core.pool.hikari;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A backend as HikariCP sees it: the dozen methods that HikariCP 7.1.0 calls, over an authenticated
 * channel. Its methods block and run on HikariCP's threads, never on an event loop.
 */
final class WireConnection extends NoConnection {
  private static final long GOODBYE_MILLIS = 1_000;

  private final Backend backend;
  private final Consumer<EvictReason> leaves;
  private int networkTimeout;

  /**
   * @param leaves told when it is closed by the pool's own rules, not for anything that befell it
   */
  WireConnection(Backend backend, Consumer<EvictReason> leaves) {
    this.backend = backend;
    this.leaves = leaves;
  }

  Backend backend() {
    return backend;
  }

  /** A real round trip; a channel that is known to be closed answers at once. */
  @Override
  public boolean isValid(int timeoutSeconds) {
    return backend.usable() && Boolean.TRUE.equals(await(backend.probe(), timeoutSeconds * 1000L));
  }

  @Override
  public boolean isClosed() {
    return !backend.usable();
  }

  /** Waits until the server has closed its end, so that its process is gone before the next. */
  @Override
  public void close() {
    leave(EvictReason.RETIRED);
    await(backend.close(EvictReason.RETIRED), GOODBYE_MILLIS);
  }

  private void leave(EvictReason reason) {
    if (backend.usable()) {
      leaves.accept(reason);
    }
  }

  @Override
  public void abort(Executor executor) {
    leave(EvictReason.POOL_CLOSED);
    backend.close(EvictReason.POOL_CLOSED);
  }

  @Override
  public boolean getAutoCommit() {
    return true;
  }

  @Override
  public void setAutoCommit(boolean autoCommit) throws SQLException {
    if (!autoCommit) {
      throw unsupported();
    }
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public void setReadOnly(boolean readOnly) throws SQLException {
    if (readOnly) {
      throw unsupported();
    }
  }

  @Override
  public int getTransactionIsolation() {
    return Connection.TRANSACTION_READ_COMMITTED;
  }

  @Override
  public int getNetworkTimeout() {
    return networkTimeout;
  }

  @Override
  public void setNetworkTimeout(Executor executor, int milliseconds) {
    networkTimeout = milliseconds;
  }

  @Override
  public void clearWarnings() {}

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw unsupported();
  }

  private static <T> @org.jspecify.annotations.Nullable T await(
      java.util.concurrent.CompletionStage<T> stage, long millis) {
    try {
      return stage.toCompletableFuture().get(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException | TimeoutException e) {
      return null;
    }
  }

  @Override
  public String toString() {
    return "backend " + backend.id();
  }
}
