package dev.pooler.benchmarks.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.PrintWriter;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Borrow and return through HikariCP itself, over connections that do nothing: what each
 * transaction would cost without hot leases, the change of threads not counted.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HikariBorrowBenchmark {
  private @Nullable HikariDataSource hikari;

  /** Makes a pool of one connection. */
  @Setup
  public void open() {
    HikariConfig config = new HikariConfig();
    config.setMaximumPoolSize(1);
    config.setDataSource(new NoDatabase());
    hikari = new HikariDataSource(config);
  }

  /** Ends HikariCP's threads. */
  @TearDown
  public void close() {
    if (hikari != null) {
      hikari.close();
    }
  }

  @Benchmark
  public Connection borrowAndReturn() throws SQLException {
    HikariDataSource source = hikari;
    if (source == null) {
      throw new IllegalStateException("not prepared");
    }
    try (Connection connection = source.getConnection()) {
      return connection;
    }
  }

  /** Connections whose methods answer at once. */
  private static final class NoDatabase implements DataSource {
    @Override
    public Connection getConnection() {
      return (Connection)
          Proxy.newProxyInstance(
              Connection.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (proxy, method, arguments) -> answer(method.getReturnType()));
    }

    private static @Nullable Object answer(Class<?> type) {
      if (type == boolean.class) {
        return true;
      }
      return type == int.class ? (Object) 2 : null;
    }

    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password) {
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

    @Override
    public int getLoginTimeout() {
      return 0;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return false;
    }
  }
}
