package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;

/** COPY both ways through a pool of one backend. */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class CopyTest {
  private static final long LARGE = 128L << 20;
  private static final byte[] GOOD = "1\n".getBytes(StandardCharsets.UTF_8);
  private static final byte[] BAD = "x\n".getBytes(StandardCharsets.UTF_8);

  private PoolerFixture pooler;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists copied; create table copied (i int)");
    }
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
  }

  @Test
  void muchIsCopiedOutAndInByPgjdbc() throws Exception {
    try (Connection jdbc = pooler.jdbc("postgres");
        RawPgClient other = pooler.session("postgres")) {
      var copy = jdbc.unwrap(PGConnection.class).getCopyAPI();
      Counting counting = new Counting();
      copy.copyOut(
          "copy (select repeat('x', 1023) from generate_series(1, " + LARGE / 1024 + ")) to stdout",
          counting);
      assertEquals(LARGE, counting.bytes);
      jdbc.createStatement().execute("create unlogged table if not exists wide (t text)");
      assertEquals(LARGE / 1024, copy.copyIn("copy wide from stdin", new Lines(LARGE), 256 * 1024));
      assertEquals("" + LARGE / 1024, other.value("select count(*) from wide"));
      jdbc.createStatement().execute("drop table wide");
    }
  }

  @Test
  @Tag("case-73")
  void dataBehindABadRowIsSwallowed() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.send(PgBytes.query("copy copied from stdin")).readUntil('G');
      a.send(PgBytes.copyData(BAD), PgBytes.copyData(new byte[200_000]));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("1", b.value("select 1"));
      a.send(PgBytes.copyData(GOOD), PgBytes.copyDone(), PgBytes.query("select 2"));
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("0", b.value("select count(*) from copied"));
    }
  }

  /** Needs it to be dropped: who asks for nothing may not be told that there was no backend. */
  @Test
  @Tag("case-73")
  void lateDataAsksForNoBackend() throws Exception {
    try (PoolerFixture mine =
            PoolerFixture.start(
                SharedServer.get(),
                "databases: {postgres: {hosts: [\"unix:${PG}\"], user: postgres,"
                    + " pool: {size: 1, min-idle: 0, max-wait: 500ms}}}\n");
        RawPgClient a = mine.session("postgres");
        RawPgClient b = mine.session("postgres")) {
      assertEquals("EZ", RawPgClient.types(a.query("copy nowhere from stdin")));
      b.query("begin");
      a.send(PgBytes.copyData(GOOD), PgBytes.copyDone(), PgBytes.copyFail("late"));
      assertTrue(a.quietFor(Duration.ofSeconds(1)));
      b.query("commit");
      assertEquals("2", a.value("select 2"));
    }
  }

  @Test
  @Tag("case-73")
  void aFrameOfDataThatEndsAfterTheErrorFreesTheBackend() throws Exception {
    byte[] late = PgBytes.copyData(new byte[50_000]);
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.send(PgBytes.query("copy copied from stdin")).readUntil('G');
      a.send(PgBytes.copyData(BAD), Arrays.copyOfRange(late, 0, 20_000));
      b.send(PgBytes.query("select 1"));
      // The server reads the frame it is in to its end before it answers.
      a.send(Arrays.copyOfRange(late, 20_000, late.length));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
      a.send(PgBytes.copyFail("late"), PgBytes.query("select 2"));
      assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-73")
  void aFrameOfDataThatIsCutByTheErrorFreesTheBackendWhenItEnds() throws Exception {
    byte[] late = PgBytes.copyData(new byte[50_000]);
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.send(PgBytes.query("copy nowhere from stdin"), Arrays.copyOfRange(late, 0, 20_000));
      assertEquals("EZ", RawPgClient.types(a.readUntil('Z')));
      b.send(PgBytes.query("select 1"));
      a.send(Arrays.copyOfRange(late, 20_000, late.length));
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
      assertEquals("2", a.value("select 2"));
    }
  }

  /** Needs a backend to go with half a message, though it owes nothing and is in no transaction. */
  @Test
  @Tag("case-39")
  void aClientThatDiesInAFrameOfLateDataTakesTheBackendAlong() throws Exception {
    byte[] late = PgBytes.copyData(new byte[50_000]);
    try (RawPgClient b = pooler.session("postgres")) {
      for (int round = 0; round < 5; round++) {
        try (RawPgClient a = pooler.session("postgres")) {
          a.send(PgBytes.query("select 7"), Arrays.copyOfRange(late, 0, 20_000));
          assertEquals("TDCZ", RawPgClient.types(a.readUntil('Z')));
        }
        assertEquals("1", b.value("select 1"), "round " + round);
      }
    }
  }

  /**
   * Needs the second ReadyForQuery to be the same client's: a trigger fails before the server reads
   * the Sync behind the Execute, and answers that one too.
   */
  @Test
  @Tag("case-73")
  void aCopyThatFailsInFrontOfItsFirstSyncLeavesNoAnswerBehind() throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function refuse() returns trigger language plpgsql"
              + " as 'begin raise exception ''no''; end';"
              + " create trigger refuses before insert on copied execute function refuse()");
    }
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      double evictions = pooler.metric("pooler_evictions_total");
      byte[] copy =
          PgBytes.joined(
              PgBytes.parse("", "copy copied from stdin"),
              PgBytes.bind("", ""),
              PgBytes.execute("", 0),
              PgBytes.sync(),
              PgBytes.copyData(GOOD),
              PgBytes.copyDone(),
              PgBytes.sync());
      for (int round = 0; round < 20; round++) {
        a.send(copy);
        assertEquals("12GEZ", RawPgClient.types(a.readUntil('Z')));
        assertEquals("" + round, b.value("select " + round));
        assertEquals("Z", RawPgClient.types(a.readUntil('Z')));
        a.query("begin; select 1");
        a.send(copy, PgBytes.query("rollback"), PgBytes.query("select 7"));
        assertEquals("12GEZZCZTDCZ", types(a, 4));
      }
      assertEquals(evictions, pooler.metric("pooler_evictions_total"));
    }
  }

  /** Types of messages up to so many ReadyForQuery. */
  private static String types(RawPgClient client, int readies) throws Exception {
    StringBuilder types = new StringBuilder();
    for (int i = 0; i < readies; i++) {
      types.append(RawPgClient.types(client.readUntil('Z')));
    }
    return types.toString();
  }

  @Test
  void aCopyThatTheClientFailsLeavesTheTransactionFailed() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin");
      a.send(PgBytes.query("copy copied from stdin")).readUntil('G');
      List<PgMessage> failed =
          a.send(PgBytes.copyData(GOOD), PgBytes.copyFail("enough")).readUntil('Z');
      assertEquals("EZ", RawPgClient.types(failed));
      assertEquals('E', failed.getLast().body()[0]);
      a.query("rollback");
      assertEquals("0", b.value("select count(*) from copied"));
      a.query("begin");
      a.send(PgBytes.query("copy copied from stdin")).readUntil('G');
      a.send(PgBytes.copyData(GOOD), PgBytes.copyDone()).readUntil('Z');
      a.query("commit");
      assertEquals("1", b.value("select count(*) from copied"));
    }
  }

  /**
   * Whether the server met the early Sync inside the COPY or behind its error can't be told, so the
   * next session must not get a ReadyForQuery that belongs to it.
   */
  @Test
  @Tag("case-74")
  void anEarlySyncOfACopyThatFailsAtOnceIsCountedOnce() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres");
        RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "create or replace function refuse() returns trigger language plpgsql as"
              + " 'begin raise exception ''no''; end';"
              + "create trigger refuse before insert on copied for each statement"
              + " execute function refuse()");
      for (int round = 0; round < 20; round++) {
        a.send(
            PgBytes.parse("", "copy copied from stdin"),
            PgBytes.bind("", ""),
            PgBytes.execute("", 0),
            PgBytes.sync());
        assertEquals("12GEZ", RawPgClient.types(a.readUntil('Z')));
        assertEquals("7", b.value("select 7"));
        assertEquals("8", a.value("select 8"));
      }
    }
  }

  @Test
  @Tag("case-75")
  void aClientThatDiesInACopyLeavesNothing() throws Exception {
    try (RawPgClient b = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      for (int round = 0; round < 5; round++) {
        RawPgClient in = pooler.session("postgres");
        in.send(PgBytes.query("copy copied from stdin")).readUntil('G');
        in.send(PgBytes.copyData(GOOD), Arrays.copyOf(PgBytes.copyData(new byte[100]), 50));
        in.close();
        assertEquals("0", b.value("select count(*) from copied"));
        RawPgClient out = pooler.session("postgres");
        out.send(
            PgBytes.query(
                "copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"));
        out.readUntil('d');
        out.close();
        assertEquals("1", b.value("select 1"));
        PoolerFixture.await("one backend", () -> SharedServer.backends(observer) <= 1);
      }
    }
  }

  /** Counts and forgets. */
  private static final class Counting extends OutputStream {
    private long bytes;

    @Override
    public void write(int b) {
      bytes++;
    }

    @Override
    public void write(byte[] b, int off, int len) {
      bytes += len;
    }
  }

  /** Lines of 1,023 letters. */
  private static final class Lines extends InputStream {
    private final long size;
    private long at;

    Lines(long size) {
      this.size = size;
    }

    @Override
    public int read() {
      return at == size ? -1 : letter(at++);
    }

    private static int letter(long place) {
      return place % 1024 == 1023 ? '\n' : 'y';
    }

    @Override
    public int read(byte[] into, int off, int len) {
      if (at == size) {
        return -1;
      }
      int count = (int) Math.min(len, size - at);
      for (int i = 0; i < count; i++) {
        into[off + i] = (byte) letter(at++);
      }
      return count;
    }
  }

  @Test
  void aTransactionWithACopyOutInItKeepsItsBackend() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.query("begin");
      a.query("copy (select 1) to stdout");
      b.send(PgBytes.query("select 1"));
      assertTrue(b.quietFor(Duration.ofMillis(150)));
      a.query("commit");
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }
}
