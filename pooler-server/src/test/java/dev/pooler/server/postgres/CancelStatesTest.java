package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A cancel that comes in each state of a session (docs/design/cancel.md): it hits what that session
 * has asked and is not answered, or nobody, and is not lost while something waits. One backend,
 * behind a {@link Gate}; {@code direct} has the server by itself.
 */
@Timeout(60)
@Tag("case-76")
@Tag("case-77")
@SuppressWarnings("NullAway.Init")
class CancelStatesTest {
  private static final String CANCELED = "57014";
  private static final String SLEEP = "select pg_sleep(30)";

  /** Waits while {@code direct} has the table. */
  private static final String BLOCKED = "select * from gated";

  private Gate gate;
  private PoolerFixture pooler;
  private RawPgClient direct;
  private Keyed a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    gate = new Gate(SharedServer.get().port());
    direct = SharedServer.direct();
    direct.query("drop table if exists gated, written");
    direct.query("create table gated as select 'g' as which; create table written (which text)");
    start(1, "transaction");
    // The question behind the first statement of all is answered.
    a.client().query("select 1");
    a.client().query("select 1");
  }

  private void start(int size, String mode, String... startup) throws Exception {
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              postgres:
                hosts: ["127.0.0.1:%d"]
                user: postgres
                tls: {mode: disable}
                pool: {size: %d, mode: %s, min-idle: 0, max-wait: 30s}
            """
                .formatted(gate.port(), size, mode));
    a = Keyed.of(pooler, PgBytes.VERSION_3_0, startup);
    b = pooler.session("postgres");
  }

  private void startAgain(int size, String mode, String... startup) throws Exception {
    stopPooler();
    start(size, mode, startup);
  }

  @AfterEach
  void stop() throws Exception {
    stopPooler();
    gate.close();
    direct.query("rollback");
    direct.query("drop table gated, written");
    direct.close();
  }

  private void stopPooler() throws IOException {
    a.close();
    b.close();
    pooler.close();
  }

  // --- what the tests ask ----------------------------------------------------------------------

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

  private void assertCanceled(String types) throws IOException {
    List<PgMessage> answer = a.client().readUntil('Z');
    assertEquals(types, told(answer), answer::toString);
    assertEquals(CANCELED, error(answer));
  }

  private void assertServed() throws IOException {
    assertEquals("9", a.client().value("select 9"));
  }

  private void assertNothingWritten() throws IOException {
    assertEquals("0", direct.value("select count(*) from written"));
  }

  private void awaitSleep() throws Exception {
    PoolerFixture.await(
        "it runs",
        () ->
            "1"
                .equals(
                    direct.value(
                        "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")));
  }

  private void awaitBlocked() throws Exception {
    PoolerFixture.await(
        "it is blocked",
        () -> !"0".equals(direct.value("select count(*) from pg_locks where not granted")));
  }

  private void awaitUnblocked() throws Exception {
    PoolerFixture.await(
        "it is blocked no more",
        () -> "0".equals(direct.value("select count(*) from pg_locks where not granted")));
  }

  private void awaitHeld() throws Exception {
    PoolerFixture.await("it is here", () -> pooler.metric("pooler_held_bytes") > 0);
  }

  private static String pid(RawPgClient client) throws IOException {
    return String.valueOf(client.value("select pg_backend_pid() where true"));
  }

  private double uncertain() throws IOException {
    return pooler.metric("pooler_evictions_total", "reason=\"cancel_uncertain\"");
  }

  /** Asks something that ends by itself, with a cancel that is still at the gate. */
  private Gate.Cancel cancelTooLate(String sql, String types) throws Exception {
    direct.query("begin; lock table gated in access exclusive mode");
    a.client().send(PgBytes.query(sql));
    awaitBlocked();
    gate.holdCancels(true);
    a.askToCancel();
    Gate.Cancel cancel = gate.cancel();
    gate.holdCancels(false);
    direct.query("rollback");
    assertEquals(types, told(a.client().readUntil('Z')));
    return cancel;
  }

  // --- nothing runs ----------------------------------------------------------------------------

  @Test
  void aCancelWhereNothingRunsHitsNothing() throws Exception {
    a.cancel();
    assertServed();
    a.client().query("begin");
    a.cancel();
    assertEquals("TDCZT", told(a.client().query("select 1")));
    a.cancel();
    assertEquals("TDCZT", told(a.client().query("select 2")));
    assertEquals("CZI", told(a.client().query("commit")));
    a.client()
        .send(
            PgBytes.parse("", "select 3"),
            PgBytes.bind("", ""),
            PgBytes.execute("", 0),
            PgBytes.flush());
    a.client().readUntil('C');
    a.cancel();
    assertEquals("ZI", told(a.client().send(PgBytes.sync()).readUntil('Z')));
    assertServed();
  }

  // --- it waits for a backend, or for its settings ---------------------------------------------

  @Test
  void aTransactionWhoseFirstStatementIsCancelledInTheQueueHasFailed() throws Exception {
    b.query("begin; select 1");
    assertEquals("CZT", told(a.client().query("begin")));
    a.client().send(PgBytes.query("insert into written values ('a')"));
    PoolerFixture.await(
        "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
    a.cancel();
    assertCanceled("EZE");
    b.query("commit");
    assertEquals("25P02", error(a.client().query("insert into written values ('b')")));
    assertEquals("CZI", told(a.client().query("rollback")));
    assertNothingWritten();
  }

  /** Needs the backend to be given up without a setting that would close it while it rests. */
  @Test
  void settingsThatMayNotRestAreTakenBackFromABackendThatIsNotNeeded() throws Exception {
    a.client().query("set idle_session_timeout = '2s'");
    String pid = pid(b);
    gate.holdQuery("SET \"idle_session_timeout\"");
    a.client().send(PgBytes.query("insert into written values ('a'); select 1"));
    gate.awaitQuery();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    assertNothingWritten();
    direct.value("select pg_sleep(2.5)"); // the server's own time runs
    assertEquals(pid, pid(b));
    assertEquals("2s", a.client().value("show idle_session_timeout"));
  }

  @Test
  void aTransactionThatIsCancelledBeforeItsSettingsAreThereHasFailed() throws Exception {
    a.client().query("set work_mem = '5MB'");
    assertEquals("4MB", b.value("show work_mem"));
    assertEquals("CZT", told(a.client().query("begin")));
    gate.holdQuery("SET \"work_mem\"");
    a.client().send(PgBytes.query("insert into written values ('a')"));
    gate.awaitQuery();
    a.cancel();
    gate.letPass();
    assertCanceled("EZE");
    assertEquals("25P02", error(a.client().query("insert into written values ('b')")));
    assertEquals("CZI", told(a.client().query("rollback")));
    assertNothingWritten();
  }

  /** The session may leave a role that is gone: that is tried as another, and may be cancelled. */
  @Test
  void aStatementThatWouldMendTheSettingsIsCancelled() throws Exception {
    direct.query("drop role if exists fleeting; create role fleeting");
    a.client().query("set role fleeting");
    b.query("set work_mem = '5MB'");
    b.query("select 1");
    direct.query("drop role fleeting");
    gate.holdQuery("RESET \"work_mem\"");
    a.client().send(PgBytes.query("reset role"));
    gate.awaitQuery();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    assertEquals("22023", error(a.client().query("select 1")));
    assertEquals("none", error(a.client().query("reset role")));
    assertServed();
  }

  // --- something of ours stands in front of it -------------------------------------------------

  @Test
  void whatStandsBehindItsSettingsIsCancelledAndTheyAreSaidAgain() throws Exception {
    a.client().query("set work_mem = '5MB'");
    assertEquals("4MB", b.value("show work_mem"));
    a.client().send(PgBytes.query(SLEEP), PgBytes.query("show work_mem"));
    awaitSleep();
    a.cancel();
    assertEquals(CANCELED, error(a.client().readUntil('Z')));
    List<PgMessage> next = a.client().readUntil('Z');
    assertEquals("5MB", RawPgClient.rows(next).findFirst().orElseThrow().getFirst());
    assertEquals("4MB", b.value("show work_mem"));
  }

  @Test
  void whatStandsBehindABeginOfOursIsCancelledAndItsTransactionHasFailed() throws Exception {
    a.client().query("begin");
    a.client().send(PgBytes.query(SLEEP));
    awaitSleep();
    a.cancel();
    List<PgMessage> answer = a.client().readUntil('Z');
    assertEquals(CANCELED, error(answer));
    assertTrue(told(answer).endsWith("EZE"), answer::toString);
    assertEquals("25P02", error(a.client().query("select 1")));
    assertEquals("CZI", told(a.client().query("rollback")));
    assertServed();
  }

  // --- a kept backend answers us first ---------------------------------------------------------

  /** Needs the next statement to wait until the cancel of the one before has come to its end. */
  @ParameterizedTest
  @ValueSource(strings = {"", "begin"})
  void aCancelThatComesTooLateDoesNotHitTheNextStatement(String begin) throws Exception {
    boolean inside = !begin.isEmpty();
    if (inside) {
      a.client().query(begin);
    }
    Gate.Cancel cancel = cancelTooLate(BLOCKED, inside ? "TDCZT" : "TDCZI");
    a.client().send(PgBytes.query("select pg_sleep(0.2)"));
    awaitHeld();
    cancel.deliver();
    assertEquals(inside ? "TDCZT" : "TDCZI", told(a.client().readUntil('Z')));
    assertServed();
  }

  /** The same for what was sent before, and waits behind settings in front. */
  @Test
  void aCancelThatComesTooLateDoesNotHitWhatWaitsInThePipeline() throws Exception {
    a.client().query("set work_mem = '5MB'");
    assertEquals("4MB", b.value("show work_mem"));
    direct.query("begin; lock table gated in access exclusive mode");
    a.client().send(PgBytes.query(BLOCKED), PgBytes.query("select pg_sleep(0.2)"));
    awaitBlocked();
    gate.holdCancels(true);
    a.askToCancel();
    Gate.Cancel cancel = gate.cancel();
    direct.query("rollback");
    assertEquals("TDCZI", told(a.client().readUntil('Z')));
    cancel.deliver();
    assertEquals("TDCZI", told(a.client().readUntil('Z')));
    assertServed();
  }

  /** Needs a cancel to be remembered for what waits there, whichever way it is asked. */
  @Test
  void whatWaitsForTheEndOfACancelIsCancelledItself() throws Exception {
    Gate.Cancel first = cancelTooLate(BLOCKED, "TDCZI");
    a.client()
        .send(
            PgBytes.parse("", "insert into written values ('a')"),
            PgBytes.bind("", ""),
            PgBytes.execute("", 0),
            PgBytes.sync());
    awaitHeld();
    a.cancel();
    first.deliver();
    assertCanceled("EZI");
    assertServed();

    Gate.Cancel second = cancelTooLate(BLOCKED, "TDCZI");
    a.client().send(PgBytes.query("begin"), PgBytes.query("insert into written values ('b')"));
    awaitHeld();
    a.cancel();
    second.deliver();
    assertEquals("CZT", told(a.client().readUntil('Z')));
    assertCanceled("EZE");
    assertEquals("CZI", told(a.client().query("commit")));

    a.client().query("begin");
    Gate.Cancel third = cancelTooLate(BLOCKED, "TDCZT");
    a.client().send(PgBytes.query("insert into written values ('c')"));
    awaitHeld();
    a.cancel();
    third.deliver();
    assertCanceled("EZE");
    assertEquals("25P02", error(a.client().query("select 1")));
    assertEquals("CZI", told(a.client().query("rollback")));
    assertNothingWritten();
    assertServed();
  }

  /** Needs a statement that begins or ends a transaction not to be hit: it is over by then. */
  @Test
  void aRollbackThatWaitsForTheEndOfACancelIsCarriedOut() throws Exception {
    a.client().query("begin");
    Gate.Cancel first = cancelTooLate(BLOCKED, "TDCZT");
    a.client().send(PgBytes.query("rollback"));
    awaitHeld();
    a.cancel();
    first.deliver();
    assertEquals("CZI", told(a.client().readUntil('Z')));
    assertServed();
  }

  @Test
  void whatWaitsWhileSettingsAreSaidAgainIsCancelled() throws Exception {
    startAgain(2, "transaction", "work_mem", "5MB");
    a.client().query("create temp table mine (i int)");
    gate.holdQuery("set_config('work_mem'");
    assertEquals("CZI", told(a.client().query("reset work_mem")));
    gate.awaitQuery();
    a.client().send(PgBytes.query("insert into written values ('a')"));
    awaitHeld();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    assertNothingWritten();
    assertEquals("5MB", a.client().value("show work_mem"));
  }

  @Test
  void whatWaitsWhileItsBackendIsMadeToRestIsCancelled() throws Exception {
    gate.holdQuery("RESET \"idle_session_timeout\"");
    a.client().query("set idle_session_timeout = '1h'");
    gate.awaitQuery();
    a.client().send(PgBytes.query("insert into written values ('a')"));
    awaitHeld();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    assertNothingWritten();
    assertEquals("1h", a.client().value("show idle_session_timeout"));
  }

  @Test
  void whatWaitsForItsChannelsIsCancelled() throws Exception {
    gate.holdQuery("UNLISTEN *");
    a.client().query("listen gate");
    gate.awaitQuery();
    a.client().send(PgBytes.query("insert into written values ('a')"));
    awaitHeld();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    gate.holdQuery("NOTIFY");
    a.client().send(PgBytes.query("unlisten gate"));
    gate.awaitQuery();
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    assertNothingWritten();
    direct.query("notify gate, 'still'");
    a.client().readUntil('A');
  }

  // --- a batch that is sent again --------------------------------------------------------------

  /** A statement of which the server says that its rows have changed when it is bound again. */
  private void prepareOutdated() throws Exception {
    a.client()
        .send(
            PgBytes.parse("s", "insert into written values ('mine') returning *"),
            PgBytes.bind("", "s"),
            PgBytes.sync())
        .readUntil('Z');
  }

  private static byte[] again() {
    return PgBytes.joined(
        PgBytes.bind("", "s"), PgBytes.named('D', 'P', ""), PgBytes.execute("", 0), PgBytes.sync());
  }

  /** Needs what is to be sent again to be answered as cancelled, and what stands behind it not. */
  @Test
  void aBatchThatWaitsForItsSettingsToBeSentAgainIsCancelled() throws Exception {
    a.client().query("set datestyle = german");
    prepareOutdated();
    b.query("set datestyle = sql");
    direct.query("alter table written add column more text");
    gate.holdQuery("RESET ALL");
    a.client().send(again(), PgBytes.query("show datestyle"));
    gate.awaitQuery();
    b.send(PgBytes.query("show datestyle"));
    a.cancel();
    gate.letPass();
    assertCanceled("EZI");
    List<PgMessage> behind = a.client().readUntil('Z');
    assertEquals("German, DMY", RawPgClient.rows(behind).findFirst().orElseThrow().getFirst());
    List<PgMessage> others = b.readUntil('Z');
    assertEquals("SQL, MDY", RawPgClient.rows(others).findFirst().orElseThrow().getFirst());
    assertNothingWritten();
    assertEquals("2TDCZI", told(a.client().send(again()).readUntil('Z')));
    assertEquals("1", direct.value("select count(*) from written"));
  }

  /** Needs a cancel that the first attempt has survived to count for the second. */
  @Test
  void aBatchIsNotSentAgainWhereItsCancelIsOnItsWay() throws Exception {
    prepareOutdated();
    direct.query("begin; alter table written add column more text");
    a.client().send(again());
    awaitBlocked();
    gate.holdCancels(true);
    a.askToCancel();
    Gate.Cancel cancel = gate.cancel();
    direct.query("commit");
    awaitUnblocked();
    b.send(PgBytes.query("select pg_sleep(0.2)"));
    cancel.deliver();
    assertCanceled("EZI");
    assertEquals("TDCZI", told(b.readUntil('Z')));
    assertNothingWritten();
    assertEquals("2TDCZI", told(a.client().send(again()).readUntil('Z')));
  }

  /** Needs what had been said of its answer to be forgotten: it is not said for the second time. */
  @Test
  void theNextBatchIsDescribedThoughOneWasCancelledInTheMiddleOfThat() throws Exception {
    a.client().query("create temp table mine (i int)"); // it keeps its backend
    prepareOutdated();
    byte[] described =
        PgBytes.joined(
            PgBytes.named('D', 'S', "s"),
            PgBytes.bind("", "s"),
            PgBytes.execute("", 0),
            PgBytes.sync());
    direct.query("begin; alter table written add column more text");
    a.client().send(described);
    awaitBlocked();
    gate.holdCancels(true);
    a.askToCancel();
    Gate.Cancel cancel = gate.cancel();
    direct.query("commit");
    awaitUnblocked();
    cancel.deliver();
    assertCanceled("tEZI");
    assertNothingWritten();
    assertEquals("tT2DCZI", told(a.client().send(described).readUntil('Z')));
  }

  // --- its client is gone ----------------------------------------------------------------------

  /** Needs the backend to be nobody's before the cancel of one who has left has come. */
  @Test
  void theCancelOfOneWhoHasLeftHitsNobody() throws Exception {
    String pid = pid(a.client());
    Gate.Cancel cancel = cancelTooLate(BLOCKED, "TDCZI");
    a.close();
    PoolerFixture.await("it has left", () -> pooler.clients() == 1);
    b.send(PgBytes.query("select pg_sleep(0.2)"));
    PoolerFixture.await(
        "it waits", () -> pooler.metric("pooler_clients", "state=\"waiting\"") == 1);
    cancel.deliver();
    assertEquals("TDCZI", told(b.readUntil('Z')));
    assertEquals(pid, pid(b));
  }

  // --- a cancel whose connection fails ---------------------------------------------------------

  /** Needs the session to go on: it has all its answers, and nothing of it is on that backend. */
  @ParameterizedTest
  @ValueSource(
      strings = {BLOCKED, "select set_config('work_mem', '7MB', false) from gated", "begin"})
  void whoseCancelIsLostGoesOnWithAnotherBackend(String sql) throws Exception {
    String pid = pid(a.client());
    boolean inside = sql.equals("begin");
    if (inside) {
      a.client().query(sql);
    }
    Gate.Cancel cancel = cancelTooLate(inside ? BLOCKED : sql, inside ? "TDCZT" : "TDCZI");
    b.send(PgBytes.query("select pg_backend_pid() where true"));
    a.client().send(PgBytes.query("select pg_backend_pid() where true"));
    awaitHeld();
    cancel.fail();
    if (inside) {
      List<PgMessage> mine = a.client().readUntil('Z');
      assertEquals(pid, RawPgClient.rows(mine).findFirst().orElseThrow().getFirst());
      a.client().query("commit");
    }
    List<PgMessage> others = b.readUntil('Z');
    assertNotEquals(pid, RawPgClient.rows(others).findFirst().orElseThrow().getFirst());
    if (!inside) {
      List<PgMessage> mine = a.client().readUntil('Z');
      assertNotEquals(pid, RawPgClient.rows(mine).findFirst().orElseThrow().getFirst());
    }
    cancel.deliverLate();
    assertEquals(
        sql.contains("work_mem") ? "7MB" : "4MB", a.client().value("show work_mem"), "its own");
    assertEquals(1, uncertain());
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  /** Needs what can't move to stay where it is, and the backend to be nobody else's afterwards. */
  @ParameterizedTest
  @ValueSource(strings = {"transaction", "session"})
  void whoseCancelIsLostKeepsTheBackendThatHasItsState(String mode) throws Exception {
    startAgain(2, mode);
    a.client().query("create temp table mine as select 5 as i");
    String pid = pid(a.client());
    Gate.Cancel cancel = cancelTooLate(BLOCKED, "TDCZI");
    cancel.fail();
    assertEquals("5", a.client().value("select i from mine"));
    assertEquals(pid, pid(a.client()));
    a.client().send(PgBytes.query(SLEEP));
    awaitSleep();
    cancel.deliverLate(); // to whom it was meant for, as late as a server's own may come
    assertEquals(CANCELED, error(a.client().readUntil('Z')));
    assertEquals("5", a.client().value("select i from mine"));
    assertEquals(0, uncertain());
    a.client().send(PgBytes.terminate());
    PoolerFixture.await("it is closed", () -> uncertain() == 1);
    assertEquals(0, pooler.metric("pooler_evictions_total", "reason=\"reset_failed\""));
    assertNotEquals(pid, pid(b));
  }

  /** Needs a pin that is found only then to be told of at once, not with the next statement. */
  @Test
  void whoseCancelIsLostHearsOfADrainAtOnce() throws Exception {
    a.client().query("create temp table mine as select 5 as i");
    Gate.Cancel cancel = cancelTooLate(BLOCKED, "TDCZI");
    pooler.pooler().drain();
    cancel.fail();
    List<PgMessage> last = a.client().readToEnd();
    assertEquals("E", RawPgClient.types(last));
    assertEquals("57P01", last.getFirst().sqlState());
  }

  /** Needs our own question to be asked again if the cancel hits that one. */
  @Test
  void aCancelThatComesLateAndHitsAQuestionOfOursPinsNobody() throws Exception {
    startAgain(1, "transaction"); // whose server has not been asked about its code
    Gate.Cancel cancel = cancelTooLate("insert into written select * from gated", "CZI");
    direct.query("begin; lock table pg_catalog.pg_policy in access exclusive mode");
    cancel.fail();
    awaitBlocked();
    cancel.deliverLate();
    direct.query("rollback");
    assertServed();
    assertEquals(0, pooler.metric("pooler_pins_total"));
    assertEquals(1, uncertain());
  }
}
