package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.ReplicationFixture.awaitWalsenders;
import static dev.pooler.server.postgres.ReplicationFixture.client;
import static dev.pooler.server.postgres.ReplicationFixture.identify;
import static dev.pooler.server.postgres.ReplicationFixture.nextData;
import static dev.pooler.server.postgres.ReplicationFixture.stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How replication connections end, and what does not end them. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ReplicationEndTest {
  private static final String BACKUP = "BASE_BACKUP (CHECKPOINT 'fast', MANIFEST 'no')";

  private static EmbeddedPostgres server;
  private PoolerFixture pooler;
  private RawPgClient observer;

  @BeforeAll
  static void startServer() throws IOException {
    server = ReplicationFixture.server();
  }

  @AfterAll
  static void stopServer() throws IOException {
    server.close();
  }

  @BeforeEach
  void start() throws IOException {
    pooler = PoolerFixture.start(server, ReplicationFixture.ONE);
    observer = SharedServer.direct(server);
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
    observer.close();
    awaitWalsenders(server, 0);
  }

  private String walsender() throws IOException {
    return String.valueOf(
        observer.value("select pid from pg_stat_activity where backend_type = 'walsender'"));
  }

  private void logSomething() throws IOException {
    observer.value("select pg_logical_emit_message(false, 'test', repeat('x', 1000))");
  }

  @Test
  void aBackendServesOneSessionAndGoesWithIt() throws Exception {
    String first;
    try (RawPgClient client = client(pooler, "true")) {
      first = walsender();
      client.send(PgBytes.terminate());
      assertTrue(client.atEnd());
    }
    awaitWalsenders(server, 0);
    try (RawPgClient client = client(pooler, "true")) {
      assertEquals(4, identify(client).size());
      assertNotEquals(first, walsender());
    }
  }

  @Test
  void aClientThatDiesTakesItsWalsenderAlong() throws Exception {
    RawPgClient streaming = client(pooler, "true");
    stream(streaming);
    RawPgClient backup = client(pooler, "true");
    backup.send(PgBytes.query(BACKUP));
    RawPgClient within = client(pooler, "true");
    stream(within);
    byte[] status = PgBytes.copyData(new byte[34]);
    within.send(Arrays.copyOf(status, 20)); // the rest never comes
    assertEquals(3, ReplicationFixture.walsenders(observer));
    streaming.close();
    backup.close();
    within.close();
    awaitWalsenders(server, 0);
    PoolerFixture.await("no session is left", () -> pooler.clients() == 0);
  }

  @Test
  void whatAClientSaysLastReachesTheServerThoughItLeavesAtOnce() throws Exception {
    observer.query("select pg_create_physical_replication_slot('kept')");
    for (int round = 0; round < 5; round++) {
      logSomething();
      long end;
      try (RawPgClient client = client(pooler, "true")) {
        String from = identify(client).get(2);
        client.send(PgBytes.query("START_REPLICATION SLOT kept " + from));
        logSomething();
        assertEquals('W', client.read().type());
        ByteBuffer data = ByteBuffer.wrap(nextData(client).body());
        end = data.getLong(1);
        client.send(PgBytes.copyData(flushed(data)), PgBytes.terminate());
      }
      awaitWalsenders(server, 0);
      String kept =
          String.valueOf(observer.value("select restart_lsn - '0/0' from pg_replication_slots"));
      assertTrue(Long.parseLong(kept) > end, "round " + round + ": " + kept);
    }
    observer.query("select pg_drop_replication_slot('kept')");
  }

  @Test
  void aServerProcessThatEndsTellsItsClientWhy() throws Exception {
    try (RawPgClient client = client(pooler, "true")) {
      stream(client);
      server.terminate(Long.parseLong(walsender()));
      PgMessage last = client.readToEnd().getLast();
      assertEquals("57P01", last.sqlState(), last::toString);
    }
  }

  @Test
  void aServerThatShutsDownSendsAllOfItsLogAndNobodySaysMore() throws Exception {
    EmbeddedPostgres shutting = ReplicationFixture.server();
    try (PoolerFixture before = PoolerFixture.start(shutting, ReplicationFixture.ONE);
        RawPgClient client = client(before, "true");
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      stream(client);
      Future<?> closed =
          threads.submit(() -> {
            shutting.stop();
            return "";
          });
      PgMessage message = client.read();
      while (message.type() == 'd') {
        // Only what is asked: an answer that nobody waits for may find the server closed.
        if (asksForAnswer(message.body())) {
          client.send(PgBytes.copyData(flushed(ByteBuffer.wrap(message.body()))));
        }
        message = client.read();
      }
      // A standby takes a word behind it for a failure.
      assertEquals('C', message.type(), message::toString);
      assertTrue(client.atEnd(), client::unread);
      closed.get();
    } finally {
      shutting.close();
    }
  }

  /** A keepalive whose last byte is 1 (manual, "Primary keepalive message"). */
  private static boolean asksForAnswer(byte[] data) {
    return data[0] == 'k' && data[data.length - 1] == 1;
  }

  /** The standby's answer that all of it is on disk (manual, "Standby status update"). */
  private static byte[] flushed(ByteBuffer data) {
    boolean log = data.get() == 'w';
    long at = data.getLong();
    long end = log ? at + data.capacity() - 25 : at;
    return ByteBuffer.allocate(34).put((byte) 'r').putLong(end).putLong(end).putLong(end).array();
  }

  @Test
  void timeLimitsOfStatementsAndIdlenessAreNotForReplication() throws Exception {
    String limits =
        "    timeouts: {client-idle: 200ms, statement: 200ms, idle-in-transaction: 200ms}\n";
    try (PoolerFixture limited = PoolerFixture.start(server, ReplicationFixture.ONE + limits);
        RawPgClient stream = client(limited, "true");
        RawPgClient idle = client(limited, "database");
        RawPgClient plain = limited.session("postgres")) {
      stream(stream);
      idle.query("begin");
      assertEquals("57P05", plain.read().sqlState(), "others have limits");
      assertTrue(stream.quietFor(Duration.ofMillis(500)) || stream.read().type() == 'd');
      logSomething();
      nextData(stream);
      assertEquals("1", idle.value("select 1"));
    }
  }

  @Test
  void aDrainEndsStreamsAtOnceAndLetsABackupComeToItsEnd() throws Exception {
    try (RawPgClient stream = client(pooler, "true");
        RawPgClient idle = client(pooler, "database");
        RawPgClient backup = client(pooler, "true")) {
      stream(stream);
      backup.send(PgBytes.query(BACKUP));
      List<PgMessage> begun = backup.readUntil('H');
      assertEquals('H', begun.getLast().type());
      pooler.pooler().drain();
      for (RawPgClient client : List.of(stream, idle)) {
        PgMessage last = client.readToEnd().getLast();
        assertEquals("57P01", last.sqlState(), last::toString);
      }
      String end = RawPgClient.types(backup.readToEnd()).replaceAll("d+", "d");
      assertEquals("dcTDCCZE", end.replace("N", ""), "all of it, and then the farewell");
      pooler.pooler().awaitEnd();
    }
  }

  @Test
  void aDrainDoesNotWaitForWhoDoesNotRead() throws Exception {
    String bound = "limits: {drain: 300ms}\n";
    try (PoolerFixture limited = PoolerFixture.start(server, ReplicationFixture.ONE + bound);
        RawPgClient deaf = client(limited, "true")) {
      deaf.send(PgBytes.query(BACKUP));
      PoolerFixture.await(
          "the server waits",
          () ->
              "Client"
                  .equals(
                      observer.value(
                          "select wait_event_type from pg_stat_activity"
                              + " where backend_type = 'walsender'")));
      limited.pooler().drain();
      limited.pooler().awaitEnd();
      awaitWalsenders(server, 0);
    }
  }

  @Test
  void aReloadThatAllowsItNoLongerEndsWhatThereIs() throws Exception {
    String bound = "limits: {drain: 300ms}\n";
    try (PoolerFixture limited = PoolerFixture.start(server, ReplicationFixture.ONE + bound);
        RawPgClient stream = client(limited, "true");
        RawPgClient plain = limited.session("postgres")) {
      stream(stream);
      plain.query("begin");
      String without = ReplicationFixture.ONE.replace("replication: true", "replication: false");
      assertEquals(List.of(), limited.reload(without + bound));
      PgMessage last = stream.readToEnd().getLast();
      assertEquals("FATAL", last.field('S'), last::toString);
      assertEquals("1", plain.value("select 1"), "others keep their backends");
      assertEquals(
          "28000",
          ReplicationFixture.refusal(limited, ReplicationFixture.parameters("true")).sqlState());
    }
  }
}
