package dev.pooler.core.pool.hikari;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.BackendConnector;
import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.session.SqlFailure;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
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
  }

  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LAST_RETRY = Duration.ofSeconds(1);

  private final BackendConnector connector;
  private final Observer observer;

  WireDataSource(BackendConnector connector, Observer observer) {
    this.connector = connector;
    this.observer = observer;
  }

  @Override
  public Connection getConnection() throws SQLException {
    long pause = FIRST_RETRY.toMillis();
    while (true) {
      try {
        Backend backend = connector.connect().toCompletableFuture().get();
        observer.connected();
        return new WireConnection(backend);
      } catch (InterruptedException e) {
        throw interrupted();
      } catch (ExecutionException e) {
        ConnectFailure failure = failureOf(e);
        observer.connectFailed(failure.failure(), failure.temporary());
        if (!failure.temporary()) {
          throw new SQLException(failure.getMessage(), failure.failure().sqlState(), failure);
        }
      }
      try {
        Thread.sleep(pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1));
      } catch (InterruptedException e) {
        throw interrupted();
      }
      pause = Math.min(pause * 2, LAST_RETRY.toMillis());
    }
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

  /** How long HikariCP's shutdown waits for connects to end: they are interrupted, it is soon. */
  @Override
  public int getLoginTimeout() {
    return 1;
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
