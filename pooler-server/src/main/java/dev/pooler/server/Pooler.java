package dev.pooler.server;

import dev.pooler.core.config.HttpConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.SecretSource;
import dev.pooler.server.http.HttpEndpoints;
import dev.pooler.server.http.HttpListener;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running pooler: listeners, pools and HTTP, made from a configuration. All methods may be called
 * from any thread but an event loop.
 */
public final class Pooler implements AutoCloseable, HttpEndpoints {
  // SEAM: so far this is HTTP alone. Event loops, listeners and pools are started in start(),
  // changed in apply(), and
  // stopped in drain() and close().
  private final CountDownLatch end = new CountDownLatch(1);
  private final Reload reload;
  private final List<String> endpoints = new ArrayList<>();
  private volatile boolean draining;
  private @Nullable HttpListener http;

  private Pooler(Supplier<ConfigFile.Result> source) {
    this.reload = new Reload(source, this::apply);
  }

  /**
   * Starts everything; when it returns, clients are served.
   *
   * @param source reads the configuration again, for reloads
   * @throws IOException with one line for the user: what can't be bound, read or used, and why.
   *     Nothing is left running.
   */
  public static Pooler start(PoolerConfig config, Supplier<ConfigFile.Result> source)
      throws IOException {
    Pooler pooler = new Pooler(source);
    pooler.startHttp(config.http());
    return pooler;
  }

  private void startHttp(@Nullable HttpConfig config) throws IOException {
    if (config == null) {
      return;
    }
    String token = null;
    if (config.token() != null) {
      token =
          switch (SecretSource.ofProcess().get(config.token())) {
            case SecretSource.Known known -> known.value();
            case SecretSource.Unknown unknown ->
                throw new IOException("http.token: " + unknown.reason());
          };
    }
    InetSocketAddress address =
        new InetSocketAddress(config.address().host(), config.address().port());
    try {
      http = HttpListener.start(address, token, this);
    } catch (IOException e) {
      throw new IOException(
          "http.address: can't listen on " + config.address() + ": " + e.getMessage(), e);
    }
    endpoints.add("http " + config.address().hostAndPort());
  }

  /**
   * What is served, in the words of the ready line: {@code postgres
   * unix:/run/pooler/.s.PGSQL.5432}.
   */
  public List<String> endpoints() {
    return List.copyOf(endpoints);
  }

  private void apply(PoolerConfig config) {}

  @Override
  public List<String> reload() {
    return reload.run();
  }

  /**
   * Begins to drain and returns; {@link #awaitEnd} returns when it is over. A second call changes
   * nothing.
   */
  @Override
  public void drain() {
    draining = true;
    close();
  }

  /** Returns when a drain is over or everything was closed. */
  public void awaitEnd() throws InterruptedException {
    end.await();
  }

  /** Stops at once: closes clients and backends and removes the socket files. */
  @Override
  public void close() {
    if (http != null) {
      http.close();
    }
    end.countDown();
  }

  @Override
  public void metrics(OutputStream out) throws IOException {}

  @Override
  public @Nullable String notReady() {
    return draining ? "draining" : null;
  }

  @Override
  public String pools() {
    return "[]\n";
  }
}
