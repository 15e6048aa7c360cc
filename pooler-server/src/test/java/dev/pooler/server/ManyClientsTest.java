package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.server.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More clients than backends, all of them always asking. */
@Timeout(120)
class ManyClientsTest {
  private static final int CLIENTS = 24;

  /** Sizes of read buffers are multiples of 16: some of these replies fill one to its end. */
  private static final int LENGTHS = 16;

  private static final int TIMES = 25;

  @Test
  void eachGetsEveryAnswerWhateverItsLength(@TempDir Path directory) throws Exception {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.started();
        RunningPooler pooler =
            RunningPooler.start(
                directory,
                "unix:" + postgres.socket(),
                "postgres",
                "user: " + postgres.superuser());
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        answers.add(threads.submit(() -> rightAnswers(pooler.jdbcUrl())));
      }
      for (var answer : answers) {
        assertEquals(LENGTHS * TIMES, answer.get());
      }
    }
  }

  private static int rightAnswers(String url) throws SQLException {
    int right = 0;
    try (var connection = DriverManager.getConnection(url + "&socketTimeout=20");
        var statement = connection.prepareStatement("select repeat('x', ?)")) {
      for (int length = 1; length <= LENGTHS; length++) {
        statement.setInt(1, length);
        for (int i = 0; i < TIMES; i++) {
          try (var rows = statement.executeQuery()) {
            right += rows.next() && rows.getString(1).length() == length ? 1 : 0;
          }
        }
      }
    }
    return right;
  }
}
