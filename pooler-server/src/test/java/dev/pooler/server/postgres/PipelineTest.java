package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** The extended protocol through a pool of one backend, answered byte for byte as directly. */
@Timeout(300)
@SuppressWarnings("NullAway.Init")
class PipelineTest {
  private static PoolerFixture pooler;

  @BeforeAll
  static void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    try (RawPgClient direct = SharedServer.direct()) {
      direct.query("drop table if exists deferred, plain");
      direct.query("create table deferred (i int primary key deferrable initially deferred)");
      direct.query("create table plain (i int, t text)");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    pooler.close();
  }

  private static byte[] run(String sql) {
    return PgBytes.joined(PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0));
  }

  private static Arguments talk(String name, int readies, byte[]... parts) {
    return Arguments.of(name, readies, PgBytes.joined(parts));
  }

  /** Conversations that end outside a transaction, each with the number of their ReadyForQuerys. */
  static Stream<Arguments> conversations() {
    byte[] sync = PgBytes.sync();
    byte[] describe = PgBytes.named('D', 'P', "");
    byte[] one =
        PgBytes.joined(
            PgBytes.parse("", "select i, i::text from generate_series(1, 3) i"),
            PgBytes.named('D', 'S', ""),
            PgBytes.bind("", ""),
            describe,
            PgBytes.execute("", 0));
    return Stream.of(
        talk("several Syncs in flight", 4, one, sync, one, sync, sync, run("select 2"), sync),
        talk("an error skips to its Sync", 2, one, run("select 1/0"), one, sync, one, sync),
        talk(
            "a simple query behind an error is skipped",
            2,
            run("select 1/0"),
            PgBytes.query("select 'skipped'"),
            one,
            sync,
            PgBytes.query("select 'served'")),
        talk(
            "a simple query amid a batch",
            2,
            PgBytes.parse("", "select 1"),
            PgBytes.query("select 2"),
            run("select 3"),
            sync),
        talk("a failed parse", 1, PgBytes.parse("", "selec 1"), PgBytes.bind("", ""), sync),
        talk(
            "a failed bind",
            1,
            PgBytes.parse("", "select $1::int"),
            PgBytes.bind("", "", "x"),
            sync),
        talk("an unknown statement", 1, PgBytes.bind("", "nobody"), PgBytes.execute("", 0), sync),
        talk("an unknown portal", 1, PgBytes.execute("nobody", 0), sync),
        talk(
            "closing what is not there",
            1,
            PgBytes.named('C', 'S', "x"),
            PgBytes.named('C', 'P', "y"),
            sync),
        talk("an empty query", 2, run(""), describe, sync, PgBytes.query("")),
        talk(
            "describing what has no rows",
            1,
            PgBytes.parse("", "begin"),
            PgBytes.named('D', 'S', ""),
            sync),
        talk(
            "an error at Sync",
            2,
            run("insert into deferred values (1)"),
            run("insert into deferred values (1)"),
            sync,
            run("select count(*) from deferred"),
            sync),
        talk(
            "row limits in a transaction",
            3,
            run("begin"),
            PgBytes.parse("", "select i from generate_series(1, 5) i"),
            PgBytes.bind("p", ""),
            PgBytes.execute("p", 2),
            sync,
            PgBytes.execute("p", 2),
            PgBytes.execute("p", 2),
            PgBytes.execute("p", 2),
            sync,
            PgBytes.named('C', 'P', "p"),
            run("commit"),
            sync),
        talk(
            "two portals take turns",
            1,
            PgBytes.parse("", "select i from generate_series(1, 3) i"),
            PgBytes.bind("a", ""),
            PgBytes.bind("b", ""),
            PgBytes.execute("a", 1),
            PgBytes.execute("b", 2),
            PgBytes.named('D', 'P', "a"),
            PgBytes.execute("a", 0),
            PgBytes.named('C', 'P', "a"),
            PgBytes.execute("b", 0),
            sync),
        talk("a notice amid rows", 1, PgBytes.query("select 1; rollback; select 2; rollback")),
        talk(
            "savepoints",
            5,
            run("begin"),
            run("savepoint a"),
            sync,
            run("select 1/0"),
            sync,
            run("rollback to a"),
            sync,
            PgBytes.query("select 7"),
            run("commit"),
            sync),
        talk(
            "commit of a failed transaction",
            2,
            run("begin"),
            run("select 1/0"),
            sync,
            run("commit"),
            sync),
        talk("a long row", 1, run("select repeat('x', 300000), 1"), sync),
        talk(
            "a copy out amid a batch",
            2,
            run("copy (select generate_series(1, 3)) to stdout"),
            run("select 1"),
            sync,
            PgBytes.query("copy (select 1) to stdout")),
        talk(
            "a copy in sent ahead",
            2,
            PgBytes.query("copy plain from stdin"),
            PgBytes.copyData("1\ta\n2\tb\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyDone(),
            PgBytes.query("delete from plain")),
        talk(
            "a copy that fails, its late data sent ahead",
            3,
            PgBytes.query("copy plain from stdin"),
            PgBytes.copyData("bad\ta\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyData("2\tb\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyDone(),
            PgBytes.query("select count(*) from plain"),
            run("select 1"),
            sync),
        talk(
            "a copy in by the extended protocol",
            2,
            run("copy plain from stdin"),
            PgBytes.copyData("1\ta\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyDone(),
            sync,
            PgBytes.query("delete from plain")),
        talk(
            "a copy in by the extended protocol that the client fails",
            2,
            run("copy plain from stdin"),
            PgBytes.copyFail("no more"),
            sync,
            PgBytes.query("select count(*) from plain")),
        talk(
            "a copy in by the extended protocol with a Sync too many",
            2,
            run("copy plain from stdin"),
            sync,
            PgBytes.copyData("1\ta\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyDone(),
            sync,
            PgBytes.query("delete from plain")),
        talk(
            "a copy in by the extended protocol that fails",
            2,
            run("copy plain from stdin"),
            sync,
            PgBytes.copyData("x\ta\n".getBytes(StandardCharsets.UTF_8)),
            PgBytes.copyDone(),
            sync,
            PgBytes.query("select count(*) from plain")));
  }

  private static List<String> answers(RawPgClient client, int readies) throws Exception {
    List<PgMessage> all = new ArrayList<>();
    for (int i = 0; i < readies; i++) {
      all.addAll(client.readUntil('Z'));
    }
    return SharedServer.text(all);
  }

  private static List<String> direct(byte[] conversation, int readies) throws Exception {
    try (RawPgClient direct = SharedServer.direct()) {
      return answers(direct.send(conversation), readies);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("conversations")
  @Tag("case-30")
  @Tag("case-33")
  @Tag("case-34")
  @Tag("case-67")
  @Tag("case-74")
  void aConversationInOneWriteIsAnsweredAsDirectly(String name, int readies, byte[] conversation)
      throws Exception {
    List<String> expected = direct(conversation, readies);
    try (RawPgClient client = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres")) {
      assertEquals("1", other.value("select 1"), "what a test before this one left is gone");
      double evictions = pooler.metric("pooler_evictions_total");
      for (int round = 0; round < 3; round++) {
        assertEquals(expected, answers(client.send(conversation), readies));
        assertEquals("1", other.value("select 1"), "the backend is free again");
      }
      assertEquals(
          evictions, pooler.metric("pooler_evictions_total"), PipelineTest::evictionsSoFar);
    }
  }

  private static String evictionsSoFar() {
    try {
      return pooler.samples("pooler_evictions_total").toString();
    } catch (IOException e) {
      return e.toString();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("conversations")
  void aConversationByteByByteIsAnsweredAsDirectly(String name, int readies, byte[] conversation)
      throws Exception {
    List<String> expected = direct(conversation, readies);
    try (RawPgClient client = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres")) {
      client.sendByteByByte(conversation);
      assertEquals(expected, answers(client, readies));
      assertEquals("1", other.value("select 1"), "the backend is free again");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("conversations")
  @Tag("case-39")
  void aConversationCutAnywhereIsAnsweredAsDirectly(String name, int readies, byte[] conversation)
      throws Exception {
    List<String> expected = direct(conversation, readies);
    try (RawPgClient client = pooler.session("postgres")) {
      for (int cut = 1; cut < conversation.length; cut++) {
        client.send(Arrays.copyOfRange(conversation, 0, cut));
        LockSupport.parkNanos(1); // two reads for pooler, most times
        client.send(Arrays.copyOfRange(conversation, cut, conversation.length));
        assertEquals(expected, answers(client, readies), "cut at " + cut);
      }
    }
  }

  @Test
  @Tag("case-32")
  void aBatchEndedByFlushIsAnsweredAndKeepsItsBackend() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.send(PgBytes.parse("", "select 1"), PgBytes.named('D', 'S', ""), PgBytes.flush());
      assertEquals("1tT", RawPgClient.types(a.readUntil('T')));
      b.send(PgBytes.query("select 2"));
      assertTrue(b.quietFor(Duration.ofMillis(150)));
      a.send(PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.flush());
      assertEquals("2DC", RawPgClient.types(a.readUntil('C')));
      assertTrue(b.quietFor(Duration.ofMillis(150)));
      a.send(PgBytes.sync());
      assertEquals("Z", RawPgClient.types(a.readUntil('Z')));
      assertEquals("TDCZ", RawPgClient.types(b.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-62")
  void theUnnamedStatementOfAnotherSessionIsNotThere() throws Exception {
    try (RawPgClient a = pooler.session("postgres");
        RawPgClient b = pooler.session("postgres")) {
      a.send(run("select 'secret of a'"), PgBytes.sync()).readUntil('Z');
      List<PgMessage> bound =
          b.send(PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync()).readUntil('Z');
      assertEquals("EZ", RawPgClient.types(bound));
      assertEquals("26000", bound.getFirst().sqlState());
      a.send(run("select 'secret of a'"), PgBytes.sync()).readUntil('Z');
      List<PgMessage> described =
          b.send(PgBytes.named('D', 'S', ""), PgBytes.sync()).readUntil('Z');
      assertEquals("EZ", RawPgClient.types(described));
      assertEquals("26000", described.getFirst().sqlState());
      a.send(run("select 'secret of a'"), PgBytes.sync()).readUntil('Z');
      List<PgMessage> hidden =
          b.send(PgBytes.bind("p".repeat(3000), ""), PgBytes.sync()).readUntil('Z');
      assertEquals("EZ", RawPgClient.types(hidden));
      assertEquals("26000", hidden.getFirst().sqlState());
    }
  }

  @Test
  @Tag("case-66")
  void namesMayBeLongerThanAnyBuffer() throws Exception {
    String name = "n".repeat(100_000);
    try (RawPgClient a = pooler.session("postgres")) {
      a.send(
          PgBytes.parse(name, "select 1"),
          PgBytes.bind(name, name),
          PgBytes.execute("n", 0),
          PgBytes.sync());
      assertEquals("12EZ", RawPgClient.types(a.readUntil('Z')));
      a.send(PgBytes.bind("", name), PgBytes.execute("", 0), PgBytes.sync());
      assertEquals("2DCZ", RawPgClient.types(a.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-69")
  void functionCallsAreAnsweredAndCounted() throws Exception {
    byte[] data = new byte[300_000];
    new Random(1).nextBytes(data);
    try (Connection jdbc = pooler.jdbc("postgres");
        RawPgClient other = pooler.session("postgres")) {
      jdbc.unwrap(PGConnection.class).setPrepareThreshold(0); // named statements would pin
      jdbc.setAutoCommit(false);
      LargeObjectManager objects = jdbc.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO();
      try (LargeObject object = objects.open(oid, LargeObjectManager.READWRITE)) {
        object.write(data);
        object.seek(0);
        assertArrayEquals(data, object.read(data.length));
      }
      objects.delete(oid);
      jdbc.commit();
      assertEquals("1", other.value("select 1"), "nothing pins");
    }
  }

  @Test
  void aThousandStatementsInOnePipelineAreAllAnswered() throws Exception {
    List<byte[]> parts = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      parts.add(run("select " + i));
      if (i % 10 == 9) {
        parts.add(PgBytes.sync());
      }
    }
    try (RawPgClient a = pooler.session("postgres")) {
      a.send(parts.toArray(byte[][]::new));
      List<String> values = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        RawPgClient.rows(a.readUntil('Z'))
            .forEach(row -> values.add(String.valueOf(row.getFirst())));
      }
      assertEquals(1000, values.size());
      assertEquals("999", values.getLast());
      assertEquals("0", values.getFirst());
    }
  }
}
