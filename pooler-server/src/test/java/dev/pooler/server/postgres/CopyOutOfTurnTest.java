package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * COPY FROM STDIN by the extended protocol with a Sync behind its Execute, and what is sent then
 * out of turn: through pooler as directly, and no other session notices.
 */
@Timeout(300)
@SuppressWarnings("NullAway.Init")
class CopyOutOfTurnTest {
  private static final byte[] SYNC = PgBytes.sync();
  private static final byte[] GOOD = PgBytes.copyData("1\n".getBytes(StandardCharsets.UTF_8));
  private static final byte[] BAD = PgBytes.copyData("x\n".getBytes(StandardCharsets.UTF_8));
  private static final byte[] DONE = PgBytes.copyDone();
  private static final byte[] END =
      PgBytes.joined(SYNC, PgBytes.query("rollback"), PgBytes.query("select 'end'"));

  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query(
          "drop table if exists taken, refused; create table taken (i int);"
              + " create table refused (i int)");
      direct.query(
          "create or replace function refuse_copy() returns trigger language plpgsql"
              + " as 'begin raise exception ''no''; end';"
              + " create trigger refuses before insert on refused execute function refuse_copy()");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    pooler.close();
  }

  private static byte[] run(String sql) {
    return PgBytes.joined(PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0));
  }

  /** What follows the Execute of a COPY, up to where the server takes anything again. */
  static Stream<Arguments> talks() {
    byte[] query = PgBytes.query("select 1");
    byte[] batch = PgBytes.joined(run("select 2"), SYNC);
    byte[] fail = PgBytes.copyFail("enough");
    // lo_close of nothing: a mistake of the client's, and a function that does not pin.
    byte[] call = PgBytes.message('F', new byte[] {0, 0, 3, (byte) 0xb9, 0, 0, 0, 0, 0, 0});
    List<Arguments> all = new ArrayList<>();
    for (String table : List.of("taken", "refused", "nowhere")) {
      talk(all, table, "Sync Query", SYNC, query);
      talk(all, table, "Query", query);
      talk(all, table, "Sync batch", SYNC, batch);
      talk(all, table, "batch", batch);
      talk(all, table, "Sync FunctionCall", SYNC, call);
      talk(all, table, "Sync Flush Query", SYNC, PgBytes.flush(), query);
      talk(all, table, "Sync CopyFail", SYNC, fail);
      talk(all, table, "Sync CopyFail Sync", SYNC, fail, SYNC);
      talk(all, table, "Sync CopyFail Query", SYNC, fail, query);
      talk(all, table, "Sync CopyDone", SYNC, DONE);
      talk(all, table, "Sync CopyDone Sync", SYNC, DONE, SYNC);
      talk(all, table, "Sync CopyDone batch", SYNC, DONE, batch);
      talk(all, table, "Sync data CopyDone Sync", SYNC, GOOD, DONE, SYNC);
      talk(all, table, "Sync bad CopyDone Sync", SYNC, BAD, DONE, SYNC);
      talk(all, table, "Sync bad CopyDone Query", SYNC, BAD, DONE, query);
      talk(all, table, "Sync bad Query", SYNC, BAD, query);
      talk(all, table, "Sync bad batch", SYNC, BAD, batch);
      talk(all, table, "Sync Sync bad Sync CopyDone Sync", SYNC, SYNC, BAD, SYNC, DONE, SYNC);
      if (!table.equals("taken")) {
        // Behind an Execute that succeeds a Query leaves PostgreSQL 18 with half a transaction.
        talk(all, table, "Sync CopyDone Query", SYNC, DONE, query);
        talk(all, table, "Sync data CopyDone Query", SYNC, GOOD, DONE, query);
      }
    }
    return all.stream();
  }

  private static void talk(List<Arguments> all, String table, String name, byte[]... parts) {
    all.add(Arguments.of(table, name, PgBytes.joined(parts)));
  }

  /** All answers, up to that of the last query or the end of the session. */
  private static List<String> answers(RawPgClient client, String table, byte[] parts, Way way)
      throws IOException {
    byte[] copy = run("copy " + table + " from stdin");
    List<PgMessage> all = new ArrayList<>();
    if (way.begun) {
      all.addAll(client.query("begin"));
    }
    if (way.waits) {
      char first = table.equals("nowhere") ? 'E' : 'G';
      all.addAll(client.send(copy, PgBytes.flush()).readUntil(first));
      client.send(parts, way.last());
    } else {
      client.send(copy, parts, way.last());
    }
    boolean end = false;
    while (!(end && all.getLast().type() == 'Z') && !client.atEnd()) {
      all.add(client.read());
      end |= all.getLast().type() == 'D' && all.getLast().row().contains("end");
    }
    return all.stream()
        .map(m -> m.isError() ? m.field('V') + " " + m.sqlState() : m.type() + status(m))
        .toList();
  }

  private static String status(PgMessage message) {
    return message.type() == 'Z' ? "" + (char) message.body()[0] : "";
  }

  /** How a conversation is held: after CopyInResponse has come, or with all in one write. */
  private record Way(boolean waits, boolean begun, boolean ends) {
    /** Who writes to a server that is gone may not read its last words. */
    byte[] last() {
      return ends ? new byte[0] : END;
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("talks")
  @Tag("case-74")
  void isAnsweredAsDirectly(String table, String name, byte[] parts) throws Exception {
    boolean ends = table.equals("taken") && !name.contains("Copy") && !name.contains("bad");
    for (boolean waits : new boolean[] {false, true}) {
      for (boolean begun : new boolean[] {false, true}) {
        Way way = new Way(waits, begun, ends);
        List<String> expected;
        try (RawPgClient direct = SharedServer.direct()) {
          expected = answers(direct, table, parts, way);
        }
        assertEquals(ends ? "FATAL 08P01" : "ZI", expected.getLast());
        double evictions = pooler.metric("pooler_evictions_total");
        try (RawPgClient a = pooler.session("postgres");
            RawPgClient b = pooler.session("postgres")) {
          assertEquals(expected, answers(a, table, parts, way), way::toString);
          assertEquals("1", b.value("select 1"), "the backend is free again");
        }
        double more = pooler.metric("pooler_evictions_total") - evictions;
        assertEquals(ends ? 1 : 0, more, way::toString);
      }
    }
  }

  /** Needs a goodbye to be heard by who knows nothing of what the server takes. */
  @Test
  void whoSaysGoodbyeInsteadOfDataCostsNobodyElseAnything() throws Exception {
    for (String table : List.of("taken", "refused", "nowhere")) {
      try (RawPgClient b = pooler.session("postgres")) {
        try (RawPgClient a = pooler.session("postgres")) {
          a.send(run("copy " + table + " from stdin"), SYNC, PgBytes.terminate()).readToEnd();
        }
        assertEquals("1", b.value("select 1"));
      }
    }
  }
}
