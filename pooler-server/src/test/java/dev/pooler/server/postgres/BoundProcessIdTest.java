package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process id that a Bind brings is the one that a client was told at its login. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class BoundProcessIdTest {
  private static final String CANCEL = "select pg_cancel_backend($1)";
  private static final int INT8 = 20;
  private static final int INT4 = 23;
  private static final int TEXT = 25;

  private PoolerFixture pooler;
  private RawPgClient direct;
  private RawPgClient a;
  private RawPgClient b;
  private RawPgClient c;
  private int toldA;
  private int toldB;
  private int toldC;
  private int slept;

  @BeforeEach
  void start() throws Exception {
    direct = SharedServer.direct();
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 3);
    logIn();
  }

  private void logIn() throws IOException {
    a = pooler.raw();
    b = pooler.raw();
    c = pooler.raw();
    toldA = login(a, "postgres");
    toldB = login(b, "postgres");
    toldC = login(c, "postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    c.close();
    pooler.close();
    SharedServer.endSleepers();
    direct.close();
  }

  private static int login(RawPgClient client, String user) throws IOException {
    return client.login(Map.of("user", user, "database", "postgres")).stream()
        .filter(message -> message.type() == 'K')
        .findFirst()
        .orElseThrow()
        .firstInt();
  }

  /** Has a session run something that only a cancel ends. */
  private String sleep(RawPgClient client) throws Exception {
    String sql = "select pg_sleep(40), " + ++slept;
    client.send(PgBytes.query(sql));
    PoolerFixture.await(sql + " runs", () -> runs(sql));
    return sql;
  }

  private boolean runs(String sql) throws IOException {
    return "1"
        .equals(
            direct.value(
                "select count(*) from pg_stat_activity where state = 'active' and query = '"
                    + sql
                    + "'"));
  }

  private static void assertCancelled(RawPgClient client) throws IOException {
    assertEquals("57014", TwoBackends.error(client.readUntil('Z')));
    assertEquals("1", client.value("select 1"));
  }

  /** Bound, described and executed in a batch of its own. */
  private static List<PgMessage> run(RawPgClient client, byte[]... bound) throws IOException {
    return client
        .send(
            PgBytes.joined(bound),
            PgBytes.named('D', 'P', ""),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
  }

  private static void assertColumn(
      String types, String name, String value, List<PgMessage> answer) {
    assertEquals(types, RawPgClient.types(answer), answer.toString());
    byte[] row =
        answer.stream().filter(message -> message.type() == 'T').findFirst().orElseThrow().body();
    assertEquals(name, new String(row, 2, name.length(), StandardCharsets.UTF_8));
    assertEquals(16, ByteBuffer.wrap(row).getInt(2 + name.length() + 1 + 6), "a bool");
    assertEquals(value, value(answer));
  }

  private static @Nullable String value(List<PgMessage> answer) {
    return RawPgClient.rows(answer).findFirst().orElseThrow().getFirst();
  }

  /** Needs the text and each Bind to be rewritten; the second time the text is a shared one. */
  @Test
  void aTextWithoutANameHitsWhomItsBindNames() throws Exception {
    for (int i = 0; i < 4; i++) {
      RawPgClient hit = i % 2 == 0 ? a : c;
      sleep(hit);
      String told = "" + (hit == a ? toldA : toldC);
      List<PgMessage> answer = run(b, PgBytes.parse("", CANCEL + ";"), PgBytes.bind("", "", told));
      assertColumn("12TDCZ", "pg_cancel_backend", "t", answer);
      assertCancelled(hit);
    }
  }

  /** Prepared once; the backend has it from either of the two sessions. */
  @Test
  void aStatementWithANameHitsOneAfterAnother() throws Exception {
    TwoBackends.prepare(b, "mine", CANCEL);
    TwoBackends.prepare(c, "its", CANCEL);
    List<PgMessage> described =
        b.send(PgBytes.named('D', 'S', "mine"), PgBytes.sync()).readUntil('Z');
    assertEquals("tTZ", RawPgClient.types(described));
    assertEquals(INT4, ByteBuffer.wrap(described.getFirst().body()).getInt(2));
    for (int i = 0; i < 2; i++) {
      sleep(a);
      assertColumn("2TDCZ", "pg_cancel_backend", "t", run(b, PgBytes.bind("", "mine", "" + toldA)));
      assertCancelled(a);
      sleep(b);
      assertColumn("2TDCZ", "pg_cancel_backend", "t", run(c, PgBytes.bind("", "its", "" + toldB)));
      assertCancelled(b);
      sleep(c);
      b.sendByteByByte(PgBytes.bind("", "mine", "" + toldC));
      assertColumn("2TDCZ", "pg_cancel_backend", "t", run(b));
      assertCancelled(c);
    }
  }

  /** Its session reads texts in another way when the text goes to a backend again. */
  @Test
  void aTextThatIsReadAgainHitsToo() throws Exception {
    b.send(PgBytes.parse("", CANCEL), PgBytes.sync()).readUntil('Z');
    TwoBackends.prepare(b, "set", "set standard_conforming_strings = off");
    assertEquals("none", TwoBackends.error(TwoBackends.execute(b, "set")));
    sleep(a);
    assertEquals("t", value(run(b, PgBytes.bind("", "", "" + toldA))));
    assertCancelled(a);
  }

  private static byte[] int4(int value) {
    return ByteBuffer.allocate(4).putInt(value).array();
  }

  private static byte[] int8(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  private void assertHits(byte[] parse, byte[] bind) throws Exception {
    sleep(a);
    assertColumn("12TDCZ", "ok", "t", run(b, parse, bind));
    assertCancelled(a);
  }

  @Test
  void aProcessIdComesAsTextOrAsAnInteger() throws Exception {
    String plain = "select pg_catalog.pg_cancel_backend($1) as ok";
    String cast = "select 'pg_cancel_backend', pg_cancel_backend($1::int) as ok";
    String only = "select pg_cancel_backend($1::int) as ok";
    byte[] digits = ("" + toldA).getBytes(StandardCharsets.US_ASCII);
    assertHits(PgBytes.parse("", plain), PgBytes.bindBinary("", "", int4(toldA)));
    assertHits(PgBytes.parse("", plain, INT4), PgBytes.bind("", "", "" + toldA));
    assertHits(PgBytes.parse("", only), PgBytes.bindBinary("", "", int4(toldA)));
    assertHits(PgBytes.parse("", only, INT8), PgBytes.bindBinary("", "", int8(toldA)));
    assertHits(PgBytes.parse("", only, INT8), PgBytes.bind("", "", "" + toldA));
    assertHits(PgBytes.parse("", only, TEXT), PgBytes.bindBinary("", "", digits));
    sleep(a);
    List<PgMessage> second =
        run(b, PgBytes.parse("", cast), PgBytes.bindBinary("", "", int4(toldA)));
    assertEquals(
        List.of("pg_cancel_backend", "t"), RawPgClient.rows(second).findFirst().orElseThrow());
    assertCancelled(a);
  }

  /** What the server says of it is about the client's own text and value. */
  @Test
  void whatIsNobodysProcessIdIsTheServersToAnswer() throws Exception {
    TwoBackends.prepare(b, "s", CANCEL);
    List<PgMessage> none = run(b, PgBytes.bind("", "s", "2000000000"));
    assertEquals("2TNDCZ", RawPgClient.types(none));
    assertTrue(none.get(2).field('M').contains("PID 2000000000 "), none.toString());
    assertEquals("f", value(none));
    assertEquals("f", value(run(b, PgBytes.bindBinary("", "s", int4(2_000_000_000)))));
    assertNull(value(run(b, PgBytes.bindBinary("", "s", (byte[]) null))));
    assertEquals("22P02", TwoBackends.error(run(b, PgBytes.bind("", "s", "4711x"))));
    assertEquals("08P01", TwoBackends.error(run(b, PgBytes.bind("", "s"))));
    assertEquals("22003", TwoBackends.error(run(b, PgBytes.bind("", "s", "9999999999"))));
    List<PgMessage> refused = run(b, PgBytes.parse("", CANCEL, INT8), PgBytes.bind("", "", "1"));
    assertEquals("42883", TwoBackends.error(refused));
    assertEquals("8", refused.getFirst().field('P'), "a place in the client's own text");
    sleep(a);
    assertEquals("t", value(run(b, PgBytes.bind("", "s", "" + toldA))), "and it goes on");
    assertCancelled(a);
  }

  @Test
  void itsOwnProcessIdIsItsBackends() throws Exception {
    TwoBackends.prepare(b, "s", CANCEL);
    for (int i = 0; i < 2; i++) {
      List<PgMessage> own = run(b, PgBytes.bind("", "s", "" + toldB));
      assertEquals("57014", TwoBackends.error(own), own.toString());
    }
    TwoBackends.prepare(b, "t", "select pg_terminate_backend($1)");
    b.send(PgBytes.bind("", "t", "" + toldB), PgBytes.execute("", 0), PgBytes.sync());
    assertEquals("57P01", b.readToEnd().getLast().sqlState());
  }

  @Test
  void aSessionIsTerminatedByWhatIsBound() throws Exception {
    TwoBackends.prepare(b, "s", "select pg_terminate_backend($1, $2)");
    assertColumn(
        "2TDCZ", "pg_terminate_backend", "t", run(b, PgBytes.bind("", "s", "" + toldA, "1000")));
    assertEquals("57P01", a.read().sqlState());
    assertTrue(a.atEnd());
    assertEquals("f", value(run(b, PgBytes.bind("", "s", "" + toldA, "1000"))), "it is gone");
    assertEquals("t", b.value("select pg_terminate_backend(" + toldC + ", 1000)"));
    assertEquals("57P01", c.read().sqlState());
  }

  @Test
  void anotherUsersSessionIsNobody() throws Exception {
    try (PoolerFixture any =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres: {hosts: ["unix:${PG}"], pool: {size: 1, min-idle: 0}}
                """);
        RawPgClient mine = any.raw();
        RawPgClient theirs = any.raw()) {
      direct.query("drop role if exists somebody; create role somebody login");
      login(mine, "somebody");
      int told = login(theirs, "postgres");
      TwoBackends.prepare(mine, "s", "select pg_terminate_backend($1)");
      assertEquals("f", value(run(mine, PgBytes.bind("", "s", "" + told))));
      assertEquals("1", theirs.value("select 1"));
    }
  }

  /** In the second of two batches the Bind waits until it is known what its name stands for. */
  @Test
  void aPipelineHitsEachOnce() throws Exception {
    sleep(a);
    sleep(c);
    b.send(
        PgBytes.parse("s", CANCEL),
        PgBytes.bind("", "s", "" + toldA),
        PgBytes.execute("", 0),
        PgBytes.sync(),
        PgBytes.bind("", "s", "" + toldC),
        PgBytes.execute("", 0),
        PgBytes.bind("", "s", "2000000000"),
        PgBytes.execute("", 0),
        PgBytes.sync());
    List<PgMessage> answer = b.readUntil('Z');
    answer.addAll(b.readUntil('Z'));
    assertEquals("12DCZ2DC2NDCZ", RawPgClient.types(answer));
    assertEquals(
        List.of(List.of("t"), List.of("t"), List.of("f")), RawPgClient.rows(answer).toList());
    assertCancelled(a);
    assertCancelled(c);
  }

  /** Where a name's meaning is the server's alone, it is known whose Binds bring process ids. */
  @Test
  void inSessionModeAStatementWithANameHitsToo() throws Exception {
    stop();
    direct = SharedServer.direct();
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              postgres:
                hosts: ["unix:${PG}"]
                user: postgres
                pool: {mode: session, size: 3, min-idle: 0}
            """);
    logIn();
    TwoBackends.prepare(b, "s", CANCEL);
    for (int i = 0; i < 2; i++) {
      sleep(a);
      assertEquals("t", value(run(b, PgBytes.bind("", "s", "" + toldA))));
      assertCancelled(a);
    }
    assertEquals("42P05", TwoBackends.error(TwoBackends.prepare(b, "s", "select $1::int + 1")));
    sleep(a);
    assertEquals("t", value(run(b, PgBytes.bind("", "s", "" + toldA))), "it is still that one");
    assertCancelled(a);
    b.send(PgBytes.named('C', 'S', "s"), PgBytes.sync()).readUntil('Z');
    TwoBackends.prepare(b, "s", "select $1::int");
    assertEquals("" + toldA, value(run(b, PgBytes.bind("", "s", "" + toldA))));
    for (String text : List.of("deallocate t", "deallocate all", "discard all")) {
      TwoBackends.prepare(b, "t", CANCEL);
      b.query(text);
      b.query("prepare t(int) as select $1");
      assertEquals("" + toldA, value(run(b, PgBytes.bind("", "t", "" + toldA))), text);
      b.query("deallocate t");
    }
  }

  @Test
  void whatCanNotRunHitsNobody() throws Exception {
    String sleeping = sleep(a);
    TwoBackends.prepare(b, "s", CANCEL);
    assertEquals("EZ", RawPgClient.types(b.query("begin; select 1/0")).replace("C", ""));
    assertEquals("25P02", TwoBackends.error(run(b, PgBytes.bind("", "s", "" + toldA))));
    b.query("rollback");
    String many = "x".repeat(9000);
    TwoBackends.prepare(b, "long", "select pg_cancel_backend($1), length($2)");
    List<PgMessage> large = run(b, PgBytes.bind("", "long", "" + toldA, many));
    assertEquals(List.of("f", "9000"), RawPgClient.rows(large).findFirst().orElseThrow());
    sleep(c);
    assertEquals("t", value(run(b, PgBytes.bind("", "s", "" + toldC))));
    assertCancelled(c); // so have been the cancels before that one
    assertTrue(runs(sleeping), sleeping);
  }

  /** A batch whose statement is outdated is not healed by sending it again. */
  @Test
  void aBatchThatHitsSomebodyIsNotSentTwice() throws Exception {
    direct.query("drop table if exists hit; create table hit as select 1 as one");
    TwoBackends.prepare(b, "s", CANCEL + ", (select one from hit limit 1)");
    assertEquals("f", value(run(b, PgBytes.bind("", "s", "1"))));
    direct.query("alter table hit alter one type text");
    b.send(PgBytes.named('D', 'S', "s"));
    assertEquals("0A000", TwoBackends.error(run(b, PgBytes.bind("", "s", "1"))));
    direct.query("drop table hit");
  }
}
