package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import io.netty.channel.uring.IoUring;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** io_uring, epoll and NIO: each serves the same, on one loop and on two. */
@Timeout(120)
class TransportsTest {
  private static final int CLIENTS = 30;
  private static final int TRANSACTIONS = 200;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.started();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({"io_uring, 1", "io_uring, 2", "epoll, 1", "epoll, 2", "nio, 1", "nio, 2"})
  @Tag("case-45")
  void everyClientGetsItsOwnValuesThoughBackendsMoveBetweenLoops(String transport, int loops)
      throws Exception {
    assumeTrue(
        !transport.equals("io_uring") || IoUring.isAvailable(),
        () -> "this kernel has no io_uring for us: " + IoUring.unavailabilityCause());
    try (PoolerFixture pooler =
        PoolerFixture.start(
            server,
            """
            databases:
              postgres: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 4, min-idle: 0}}
              tcp:
                hosts: ["127.0.0.1:${PG_PORT}"]
                database: postgres
                user: postgres
                pool: {size: 3, min-idle: 0}
            io: {transport: %s, event-loops: %d}
            """
                .formatted(transport, loops))) {
      assertEquals(transport, pooler.pooler().transportName());
      runClients(pooler);
      PoolerFixture.await("all sessions are over", () -> pooler.clients() == 0);
      assertEquals(CLIENTS * TRANSACTIONS * 1.0, finished(pooler));
      assertTrue(pooler.metric("hikaricp_connections") <= 7);
      assertEquals(0, pooler.metric("pooler_evictions_total"), "no backend had to be closed");
    }
  }

  private static double finished(PoolerFixture pooler) throws IOException {
    return pooler.metric("pooler_transactions_total");
  }

  private static void runClients(PoolerFixture pooler) throws Exception {
    List<Callable<Void>> all = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int number = i;
      SocketAddress way = i % 3 == 0 ? pooler.tcp() : pooler.unix();
      all.add(() -> {
        String database = number % 2 == 0 ? "postgres" : "tcp";
        try (RawPgClient client = RawPgClient.connect(way)) {
          client.login(
              Map.of("user", "postgres", "database", database, "application_name", "c" + number));
          for (int n = 0; n < TRANSACTIONS; n++) {
            transaction(client, number, n);
          }
        }
        return null;
      });
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> done : threads.invokeAll(all)) {
        done.get();
      }
    }
    PoolerFixture.await("all are gone", () -> pooler.clients() == 0);
  }

  /** One of three forms; the value is no other's, and the name is the client's own. */
  private static void transaction(RawPgClient client, int number, int n) throws IOException {
    String own = number + "." + n;
    String sql = "select '" + own + "', current_setting('application_name')";
    List<String> expected = List.of(own, "c" + number);
    switch (n % 3) {
      case 0 -> assertOnlyRow(expected, client.query(sql));
      case 1 -> {
        client.query("begin");
        assertOnlyRow(expected, client.query(sql));
        client.query("commit");
      }
      default -> {
        client.send(
            PgBytes.parse("", "select $1, current_setting('application_name'), repeat('x', 5000)"),
            PgBytes.bind("", "", own),
            PgBytes.execute("", 0),
            PgBytes.sync());
        List<PgMessage> said = client.readUntil('Z');
        assertEquals("12DCZ", RawPgClient.types(said));
        assertEquals(expected, RawPgClient.rows(said).findFirst().orElseThrow().subList(0, 2));
      }
    }
  }

  private static void assertOnlyRow(List<String> expected, List<PgMessage> said) {
    assertEquals("TDCZ", RawPgClient.types(said), said::toString);
    assertEquals(List.of(expected), RawPgClient.rows(said).toList());
  }
}
