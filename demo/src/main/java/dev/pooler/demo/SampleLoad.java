package dev.pooler.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A few clients that each write and read a row now and then, so that there is something to see. In
 * session mode they connect anew each time: a client that stays would keep a backend from the
 * user's own clients.
 */
final class SampleLoad implements AutoCloseable {
  private static final int CLIENTS = 4;
  private static final Duration PAUSE = Duration.ofMillis(800);
  private static final List<String> STATEMENTS =
      List.of(
          "insert into visits (page) values ('page ' || (random() * 9)::int)",
          "select page, count(*) from visits group by page order by 2 desc limit 3",
          "delete from visits where at < now() - interval '1 minute'");

  private final String url;
  private final boolean connectEachTime;
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<Thread> clients = new ArrayList<>();
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicReference<@Nullable String> lastFailure = new AtomicReference<>();

  private SampleLoad(String url, boolean connectEachTime) {
    this.url = url;
    this.connectEachTime = connectEachTime;
  }

  /**
   * Creates the table and starts the clients, threads of their own that go on after errors.
   *
   * @throws SQLException if not even the table can be created
   */
  static SampleLoad start(String url, PoolMode mode) throws SQLException {
    var load = new SampleLoad(url + "&ApplicationName=sample-load", mode == PoolMode.session);
    try (var connection = DriverManager.getConnection(load.url);
        var statement = connection.createStatement()) {
      statement.execute(
          "create table if not exists visits (id bigserial primary key, page text not null, at timestamptz not null default now())");
    }
    for (int i = 1; i <= CLIENTS; i++) {
      // Platform threads: junixsocket blocks in native code, where a virtual thread keeps its
      // carrier,
      // and a client that waits for a backend would stop the one that is to give it back.
      load.clients.add(Thread.ofPlatform().daemon().name("sample-client-" + i).start(load::visit));
    }
    return load;
  }

  private void visit() {
    boolean goOn = true;
    while (goOn) {
      try (var connection = DriverManager.getConnection(url)) {
        do {
          statements(connection);
          goOn = pause();
        } while (goOn && !connectEachTime);
      } catch (SQLException e) {
        failed.incrementAndGet();
        lastFailure.set(e.getMessage());
        goOn = pause();
      }
    }
  }

  /** False when the load is to end. */
  private boolean pause() {
    try {
      return !end.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private void statements(Connection connection) throws SQLException {
    for (String sql : STATEMENTS) {
      // Prepared and named by pgjdbc from the fifth time on, as an application's would be.
      try (var statement = connection.prepareStatement(sql)) {
        statement.execute();
        done.incrementAndGet();
      }
    }
  }

  /** What it has done so far, for people. */
  String summary() {
    String failure = lastFailure.get();
    return "%d statements, %d failures%s"
        .formatted(done.get(), failed.get(), failure == null ? "" : "; the last: " + failure);
  }

  long failures() {
    return failed.get();
  }

  /** Lets running statements end, at most 5 s each. */
  @Override
  public void close() {
    end.countDown();
    for (Thread client : clients) {
      try {
        if (!client.join(Duration.ofSeconds(5))) {
          client.interrupt();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
