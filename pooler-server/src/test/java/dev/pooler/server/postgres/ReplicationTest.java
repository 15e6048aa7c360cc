package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.ReplicationFixture.client;
import static dev.pooler.server.postgres.ReplicationFixture.identify;
import static dev.pooler.server.postgres.ReplicationFixture.nextData;
import static dev.pooler.server.postgres.ReplicationFixture.stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/** What is said on replication connections, by hand and by pgjdbc, arrives on both sides. */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class ReplicationTest {
  private static EmbeddedPostgres server;
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws IOException {
    server = ReplicationFixture.server();
    pooler = PoolerFixture.start(server, ReplicationFixture.ONE);
    try (RawPgClient direct = SharedServer.direct(server)) {
      direct.query("create table seen (n int)");
      direct.query("create publication everything for all tables");
    }
  }

  @AfterAll
  static void stop() throws IOException {
    pooler.close();
    server.close();
  }

  @AfterEach
  void nobodyIsLeft() throws Exception {
    ReplicationFixture.awaitWalsenders(server, 0);
  }

  private static void insert(int from, int to) throws IOException {
    try (RawPgClient writer = pooler.session("postgres")) {
      writer.value("insert into seen select generate_series(" + from + ", " + to + ")");
    }
  }

  private static Connection jdbc(String kind) throws Exception {
    Properties properties = new Properties();
    PGProperty.REPLICATION.set(properties, kind);
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "9.4");
    return DriverManager.getConnection(pooler.jdbcUrl("postgres"), properties);
  }

  @Test
  void aLogicalClientSeesWhatOthersInsertAndGoesOnWhereItStopped() throws Exception {
    try (Connection jdbc = jdbc("database")) {
      jdbc.unwrap(PGConnection.class)
          .getReplicationAPI()
          .createReplicationSlot()
          .logical()
          .withSlotName("changes")
          .withOutputPlugin("pgoutput")
          .make();
    }
    insert(1, 3);
    LogSequenceNumber seen;
    try (Connection jdbc = jdbc("database")) {
      PGReplicationStream stream = changes(jdbc, LogSequenceNumber.INVALID_LSN);
      assertEquals(Set.of("1", "2", "3"), inserted(stream, 3));
      insert(4, 5);
      assertEquals(Set.of("4", "5"), inserted(stream, 2));
      assertEquals('C', stream.read().get(), "the commit");
      seen = stream.getLastReceiveLSN();
      stream.setFlushedLSN(seen);
      stream.setAppliedLSN(seen);
      stream.forceUpdateStatus();
      stream.close();
      try (Statement statement = jdbc.createStatement()) {
        assertFalse(statement.execute("set work_mem = '4MB'"), "it takes SQL when that is over");
      }
    }
    insert(6, 6);
    try (Connection jdbc = jdbc("database")) {
      assertEquals(Set.of("6"), inserted(changes(jdbc, seen), 1));
    }
    try (RawPgClient direct = SharedServer.direct(server)) {
      PoolerFixture.await(
          "the slot is free",
          () ->
              "f".equals(direct.value("select active from pg_replication_slots"))
                  && !direct
                      .query("select pg_drop_replication_slot('changes')")
                      .getFirst()
                      .isError());
    }
  }

  private static PGReplicationStream changes(Connection jdbc, LogSequenceNumber from)
      throws Exception {
    return jdbc.unwrap(PGConnection.class)
        .getReplicationAPI()
        .replicationStream()
        .logical()
        .withSlotName("changes")
        .withStartPosition(from)
        .withSlotOption("proto_version", "1")
        .withSlotOption("publication_names", "everything")
        .start();
  }

  /** The values of so many pgoutput Insert messages: type, relation, 'N', one column as text. */
  private static Set<String> inserted(PGReplicationStream stream, int count) throws Exception {
    Set<String> values = new HashSet<>();
    while (values.size() < count) {
      ByteBuffer message = stream.read();
      if (message.get() == 'I') {
        message.position(message.position() + 4 + 1 + 2 + 1);
        byte[] text = new byte[message.getInt()];
        message.get(text);
        values.add(new String(text, StandardCharsets.UTF_8));
      }
    }
    return values;
  }

  @Test
  void aPhysicalClientReceivesTheServersLog() throws Exception {
    try (Connection jdbc = jdbc("true");
        RawPgClient plain = client(pooler, "true")) {
      PGReplicationStream stream =
          jdbc.unwrap(PGConnection.class)
              .getReplicationAPI()
              .replicationStream()
              .physical()
              .withStartPosition(LogSequenceNumber.valueOf(identify(plain).get(2)))
              .start();
      int before = 0;
      for (int round = 1; round <= 3; round++) {
        insert(100, 200);
        before += stream.read().remaining();
        assertTrue(before >= round * 100, "log of the inserts: " + before);
      }
      stream.setFlushedLSN(stream.getLastReceiveLSN());
      stream.forceUpdateStatus();
      stream.close();
    }
  }

  @Test
  void theLoginTellsWhatTheServerSaysOfThisConnection() throws Exception {
    try (RawPgClient one = pooler.raw();
        RawPgClient direct = SharedServer.direct(server)) {
      List<PgMessage> said =
          one.login(
              ReplicationFixture.parameters(
                  "on", "application_name", "standby-7", "options", "-c DateStyle=German"));
      assertEquals("German, DMY", RawPgClient.parameters(said).get("DateStyle"));
      assertEquals("standby-7", RawPgClient.parameters(said).get("application_name"));
      assertEquals(
          "standby-7",
          direct.value(
              "select application_name from pg_stat_activity where backend_type = 'walsender'"));
    }
  }

  @Test
  void aStreamEndsOnBothSidesAndTheConnectionGoesOn() throws Exception {
    try (RawPgClient client = client(pooler, "1")) {
      for (int round = 0; round < 2; round++) {
        stream(client);
        insert(1, 10);
        nextData(client);
        client.send(PgBytes.copyDone());
        List<PgMessage> end = client.readUntil('Z');
        end.removeIf(message -> message.type() == 'd');
        assertEquals("cCCZ", RawPgClient.types(end), end::toString);
      }
      assertEquals("on", client.value("SHOW hot_standby"));
    }
  }

  @Test
  void whatAStandbySaysReachesTheServerBetweenTheData() throws Exception {
    try (RawPgClient client = client(pooler, "true", "application_name", "talker");
        RawPgClient observer = SharedServer.direct(server)) {
      stream(client);
      insert(1, 10);
      long start = ByteBuffer.wrap(nextData(client).body(), 1, 8).getLong();
      // Standby status update (manual): written, flushed, applied, time, reply wanted.
      byte[] status = ByteBuffer.allocate(34).put((byte) 'r').putLong(start).putLong(start).array();
      client.sendByteByByte(PgBytes.copyData(status));
      PoolerFixture.await(
          "the server has it",
          () ->
              "t"
                  .equals(
                      observer.value(
                          "select flush_lsn = '0/0'::pg_lsn + "
                              + start
                              + " from pg_stat_replication where application_name = 'talker'")));
    }
  }

  @Test
  void aBaseBackupComesAsItComesFromTheServer() throws Exception {
    byte[] command = PgBytes.query("BASE_BACKUP (CHECKPOINT 'fast', MANIFEST 'no')");
    try (RawPgClient ours = client(pooler, "true");
        RawPgClient direct = RawPgClient.connect(UnixDomainSocketAddress.of(server.socket()))) {
      direct.login(ReplicationFixture.parameters("true"));
      List<PgMessage> expected = direct.send(command).readUntil('Z');
      List<PgMessage> said = ours.send(command).readUntil('Z');
      // Start position, tablespaces, one COPY with the archive, end position; notices among them.
      String order = RawPgClient.types(said).replaceAll("d+", "d");
      assertEquals(RawPgClient.types(expected).replaceAll("d+", "d"), order);
      assertEquals("TDCTDCHdcTDCCZ", order.replace("N", ""));
      assertTrue(copied(said) > 10_000_000, "bytes: " + copied(said));
      long other = copied(expected);
      assertTrue(Math.abs(other - copied(said)) < 1_000_000, "directly: " + other);
      assertEquals("1", identify(ours).get(1), "it goes on");
    }
  }

  private static long copied(List<PgMessage> messages) {
    return messages.stream().filter(m -> m.type() == 'd').mapToLong(m -> m.body().length).sum();
  }

  @Test
  void whoDoesNotReadItsBackupStopsTheServerAndNotUs() throws Exception {
    try (RawPgClient slow = client(pooler, "true");
        RawPgClient other = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct(server)) {
      double before = pooler.metric("pooler_bytes_total", "replication=\"physical\"");
      slow.send(PgBytes.query("BASE_BACKUP (CHECKPOINT 'fast', MANIFEST 'no')"));
      PoolerFixture.await(
          "the server waits for us",
          () ->
              "1"
                  .equals(
                      observer.value(
                          "select count(*) from pg_stat_activity where backend_type = 'walsender'"
                              + " and wait_event_type = 'Client'")));
      double taken = pooler.metric("pooler_bytes_total", "replication=\"physical\"") - before;
      assertTrue(taken < 8_000_000, "bytes taken from the server: " + taken);
      assertEquals("1", other.value("select 1"));
      slow.timeout(Duration.ofSeconds(60));
      assertEquals("Z", RawPgClient.types(slow.readUntil('Z').reversed().subList(0, 1)));
    }
  }

  @Test
  void aLogicalConnectionTakesSqlAndACopyLargerThanAnyBuffer() throws Exception {
    try (RawPgClient client = client(pooler, "database")) {
      client.query("create temporary table big (t text)");
      client.send(PgBytes.query("copy big from stdin"));
      assertEquals('G', client.read().type());
      byte[] row = new byte[100_000];
      Arrays.fill(row, (byte) 'x');
      row[row.length - 1] = '\n';
      for (int i = 0; i < 200; i++) {
        client.send(PgBytes.copyData(row));
      }
      client.send(PgBytes.copyDone());
      assertEquals("CZ", RawPgClient.types(client.readUntil('Z')));
      assertEquals("200", client.value("select count(*) from big"));
      assertEquals("postgres", identify(client).get(3));
    }
  }

  @Test
  void anErrorIsTheServersAndTheConnectionGoesOn() throws Exception {
    try (RawPgClient client = client(pooler, "true")) {
      assertEquals("EZ", RawPgClient.types(client.query("select 1")));
      List<PgMessage> parsed =
          client.send(PgBytes.parse("", "select 1"), PgBytes.sync()).readUntil('Z');
      assertEquals("EZ", RawPgClient.types(parsed), "walsenders refuse the extended protocol");
      assertEquals("08P01", parsed.getFirst().sqlState());
      assertEquals("EZ", RawPgClient.types(client.query("START_REPLICATION SLOT \"none\" 0/0")));
      assertEquals(4, identify(client).size());
    }
  }

  @Test
  void aCancelHitsWhatRunsAndAStreamToo() throws Exception {
    try (RawPgClient client = pooler.raw()) {
      byte[] key =
          client.login(ReplicationFixture.parameters("database")).stream()
              .filter(message -> message.type() == 'K')
              .findFirst()
              .orElseThrow()
              .body();
      client.send(PgBytes.query("select 1"), PgBytes.query("select pg_sleep(60)"));
      client.readUntil('Z');
      PgMessage error = cancelled(client, key);
      assertEquals("57014", error.sqlState(), error::toString);
      stream(client);
      error = cancelled(client, key);
      assertEquals("57014", error.sqlState(), error::toString);
      assertEquals("7", client.value("select 7"));
    }
  }

  private static PgMessage cancelled(RawPgClient client, byte[] key) throws Exception {
    try (RawPgClient observer = SharedServer.direct(server)) {
      PoolerFixture.await(
          "the server is at it",
          () ->
              !"0"
                  .equals(
                      observer.value(
                          "select count(*) from pg_stat_activity where backend_type = 'walsender'"
                              + " and state = 'active'")));
    }
    try (RawPgClient cancel = pooler.raw()) {
      assertTrue(cancel.send(PgBytes.cancelRequest(key)).atEnd());
    }
    return client.readUntil('Z').stream().filter(PgMessage::isError).findFirst().orElseThrow();
  }
}
