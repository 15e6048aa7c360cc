package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction takes its backend with its first statement, on a pool of one backend. */
@Timeout(60)
@Tag("case-37")
@SuppressWarnings("NullAway.Init")
class DeferredBeginTest {
  private static final Duration MOMENT = Duration.ofMillis(120);

  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  /** Types of the messages with the transaction status behind each ReadyForQuery. */
  private static String told(List<PgMessage> messages) {
    StringBuilder told = new StringBuilder();
    for (PgMessage message : messages) {
      told.append(message.type());
      if (message.type() == 'Z') {
        told.append((char) message.body()[0]);
      }
    }
    return told.toString();
  }

  private static String error(List<PgMessage> messages) {
    return messages.stream()
        .filter(PgMessage::isError)
        .map(message -> String.valueOf(message.sqlState()))
        .findFirst()
        .orElse("none");
  }

  private boolean bWaits() throws Exception {
    b.send(PgBytes.query("select 1"));
    boolean waits = b.quietFor(MOMENT);
    if (!waits) {
      b.readUntil('Z');
    }
    return waits;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin",
        "BEGIN;",
        "start transaction",
        "begin work read only",
        "begin isolation level repeatable read, not deferrable"
      })
  void aTransactionThatHasDoneNothingHasNoBackend(String begin) throws Exception {
    assertEquals("CZT", told(a.query(begin)));
    assertEquals("1", b.value("select 1"));
    assertEquals("1", a.value("select 1"));
    assertTrue(bWaits());
    assertEquals("CZI", told(a.query("commit")));
    assertEquals("TDCZI", told(b.readUntil('Z')));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin isolation level serializable",
        "begin read write",
        "begin; select 1",
        "begin isolation level repeatable"
      })
  void whatAServerMayRefuseIsAskedOfIt(String begin) throws Exception {
    List<PgMessage> answer = a.query(begin);
    boolean refused = !error(answer).equals("none");
    assertEquals(!refused, bWaits());
    a.query("rollback");
  }

  @Test
  void aTransactionThatEndsWithNothingDoneHasBeenNowhere() throws Exception {
    double leases = pooler.metric("pooler_leases_total");
    assertEquals("CZT", told(a.query("begin")));
    assertEquals("CZI", told(a.query("commit")));
    assertEquals("CZT", told(a.query("begin")));
    List<PgMessage> end = a.query("rollback");
    assertEquals("ROLLBACK", end.getFirst().strings().getFirst());
    assertEquals(leases, pooler.metric("pooler_leases_total"));
  }

  @Test
  void optionsAndSetTransactionHoldForTheTransaction() throws Exception {
    a.query("begin isolation level repeatable read read only");
    assertEquals("repeatable read", a.value("show transaction_isolation"));
    assertEquals("25006", error(a.query("create table nothing (i int)")));
    a.query("rollback");
    a.query("begin");
    assertEquals("CZT", told(a.query("set transaction isolation level serializable")));
    assertEquals("serializable", a.value("show transaction_isolation"));
    a.query("commit");
  }

  @Test
  void whatIsDoneInItIsDoneTogetherOrNotAtAll() throws Exception {
    a.query("drop table if exists deferred; create table deferred (i int)");
    a.query("begin");
    a.query("insert into deferred values (1)");
    a.query("rollback");
    a.query("begin");
    a.query("insert into deferred values (2)");
    a.query("commit");
    assertEquals("2", b.value("select string_agg(i::text, ',') from deferred"));
    a.query("begin");
    assertEquals("EZE", told(a.query("select 1/0")));
    assertEquals("25P02", error(a.query("select 1")));
    List<PgMessage> end = a.query("commit");
    assertEquals("ROLLBACK", end.getFirst().strings().getFirst());
  }

  @Test
  void theExtendedProtocolsBeginIsAnsweredAsTheServerWould() throws Exception {
    List<PgMessage> answer =
        a.send(
                PgBytes.parse("", "BEGIN"),
                PgBytes.bind("", ""),
                PgBytes.named('D', 'P', ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("12nCZT", told(answer));
    assertEquals("1", b.value("select 1"));
    assertEquals("TDCZT", told(a.query("select 1")));
    assertTrue(bWaits());
    a.query("rollback");
    b.readUntil('Z');

    a.send(PgBytes.parse("begin", "begin"), PgBytes.named('D', 'S', "begin"), PgBytes.sync());
    assertEquals("1tnZI", told(a.readUntil('Z')));
    a.send(PgBytes.bind("", "begin"), PgBytes.execute("", 0), PgBytes.sync());
    assertEquals("2CZT", told(a.readUntil('Z')));
    assertEquals("1", b.value("select 1"));
    a.send(
        PgBytes.parse("", "select $1::int"),
        PgBytes.bind("", "", "7"),
        PgBytes.execute("", 0),
        PgBytes.sync());
    assertEquals("12DCZT", told(a.readUntil('Z')));
    assertTrue(bWaits());
    a.query("rollback");
  }

  @Test
  void theStatementWithoutANameIsBeginAfterwards() throws Exception {
    a.send(
        PgBytes.parse("", "begin"), PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync());
    assertEquals("12CZT", told(a.readUntil('Z')));
    a.send(PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync());
    assertEquals("2NCZT", told(a.readUntil('Z')), "there is already a transaction in progress");
    a.query("rollback");
  }

  /** Needs what is parsed and what is bound to be told apart. */
  @Test
  void whatIsParsedInFrontOfABeginWithANameIsNotItsText() throws Exception {
    List<byte[]> steps =
        List.of(
            PgBytes.joined(
                PgBytes.parse("seven", "select 7"),
                PgBytes.parse("b", "begin"),
                PgBytes.parse("c", "commit"),
                PgBytes.sync()),
            batch("begin", "seven"),
            batch("beginn", "b"),
            PgBytes.query("begin"),
            batch("comit", "c"),
            batch("commit", "seven"),
            PgBytes.query("rollback"));
    try (RawPgClient direct = SharedServer.direct()) {
      for (byte[] step : steps) {
        assertEquals(
            SharedServer.text(direct.send(step).readUntil('Z')),
            SharedServer.text(a.send(step).readUntil('Z')));
      }
    }
  }

  private static byte[] batch(String parsed, String bound) {
    return PgBytes.joined(
        PgBytes.parse("", parsed), PgBytes.bind("", bound), PgBytes.execute("", 0), PgBytes.sync());
  }

  /**
   * Needs a message without a body to be nobody's byte: it is the last of what is held, and looked
   * at when what came before it is cancelled.
   */
  @Test
  void anEmptyDescribeBehindABeginThatWaitedIsTheServersToRefuse() throws Exception {
    byte[] begun =
        PgBytes.joined(
            PgBytes.parse("", "begin"), PgBytes.bind("", ""), PgBytes.message('D', new byte[0]));
    byte[] rest = PgBytes.joined(PgBytes.execute("", 0), PgBytes.sync());
    try (RawPgClient c = pooler.raw();
        RawPgClient direct = SharedServer.direct()) {
      byte[] key =
          c.login(Map.of("user", "postgres", "database", "postgres")).stream()
              .filter(message -> message.type() == 'K')
              .findFirst()
              .orElseThrow()
              .body();
      b.query("begin; select 1");
      c.send(PgBytes.query("select 1"), begun);
      awaitWaiting(1);
      a.send(PgBytes.query("select 2"));
      awaitWaiting(2);
      try (RawPgClient request = pooler.raw()) {
        assertTrue(request.send(PgBytes.cancelRequest(key)).atEnd());
      }
      assertEquals("EZI", told(c.readUntil('Z')));
      awaitWaiting(2); // it wants a backend for the rest
      b.query("commit");
      assertEquals("TDCZI", told(a.readUntil('Z')));
      assertEquals(
          SharedServer.text(direct.send(begun, rest).readUntil('Z')),
          SharedServer.text(c.send(rest).readUntil('Z')));
      assertEquals("1", c.value("select 1"));
    }
  }

  private void awaitWaiting(int sessions) throws Exception {
    PoolerFixture.await(
        sessions + " wait", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == sessions);
  }

  @Test
  void aPipelineOfAWholeTransactionIsAnsweredInOrder() throws Exception {
    a.query("drop table if exists piped; create table piped (i int)");
    a.send(
        PgBytes.query("begin"),
        PgBytes.query("insert into piped values (1)"),
        PgBytes.query("select i from piped"),
        PgBytes.query("commit"),
        PgBytes.query("select 1"));
    assertEquals("CZT", told(a.readUntil('Z')));
    assertEquals("CZT", told(a.readUntil('Z')));
    assertEquals("TDCZT", told(a.readUntil('Z')));
    assertEquals("CZI", told(a.readUntil('Z')));
    assertEquals("TDCZI", told(a.readUntil('Z')));
    assertEquals("1", b.value("select count(*) from piped"));
  }

  @Test
  void aCopyMayComeFirst() throws Exception {
    a.query("drop table if exists copied; create table copied (i int)");
    a.query("begin");
    a.send(
        PgBytes.query("copy copied from stdin"),
        PgBytes.copyData("1\n2\n".getBytes(StandardCharsets.UTF_8)),
        PgBytes.copyDone());
    assertEquals("GCZT", told(a.readUntil('Z')));
    a.query("commit");
    assertEquals("2", b.value("select count(*) from copied"));
  }

  @Test
  void aSecondBeginWarns() throws Exception {
    a.query("begin");
    assertEquals("NCZT", told(a.query("begin")));
    a.query("commit");
    assertEquals("NCZI", told(a.query("commit")));
  }

  /** Needs the transaction that is made to fail: else the statement would run alone. */
  @Test
  void aTransactionWhoseFirstStatementGotNoBackendHasFailed() throws Exception {
    try (PoolerFixture impatient =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["unix:${PG}"]
                    user: postgres
                    pool: {size: 1, min-idle: 0, max-wait: 300ms}
                """);
        RawPgClient holder = impatient.session("postgres");
        RawPgClient client = impatient.session("postgres")) {
      client.query("drop table if exists lonely; create table lonely (i int)");
      holder.query("begin; select 1");
      client.query("begin");
      assertEquals("EZE", told(client.query("insert into lonely values (1)")));
      holder.query("commit");
      assertEquals("25P02", error(client.query("insert into lonely values (2)")));
      assertEquals("CZI", told(client.query("rollback")));
      assertEquals("0", client.value("select count(*) from lonely"));
    }
  }

  @Test
  void aSettingOfTheTransactionGoesWithIt() throws Exception {
    a.query("begin");
    a.query("set work_mem = '9MB'");
    a.query("rollback");
    assertEquals("4MB", a.value("show work_mem"));
    a.query("begin");
    a.query("set work_mem = '9MB'");
    a.query("commit");
    assertEquals("4MB", b.value("show work_mem"));
    a.query("begin");
    assertEquals("9MB", a.value("show work_mem"));
    a.query("commit");
  }
}
