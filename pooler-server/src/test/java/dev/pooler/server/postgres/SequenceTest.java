package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * currval and lastval on a backend that sessions share: a session sees what it drew itself, or an
 * error, never what another drew.
 */
@Timeout(60)
@Tag("case-88")
@SuppressWarnings("NullAway.Init")
class SequenceTest {
  private static final Duration MOMENT = Duration.ofMillis(120);

  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
    a.query("drop table if exists child, parent; drop sequence if exists other");
    a.query("create table parent (id serial, t text); create sequence other start 700");
    a.query("set application_name = 'a'");
    b.query("set application_name = 'b'");
    a.query("discard sequences");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.query("drop table if exists child, parent; drop sequence if exists other");
    b.close();
    pooler.close();
  }

  private static String state(List<PgMessage> answers) {
    return answers.stream()
        .filter(PgMessage::isError)
        .map(PgMessage::sqlState)
        .findFirst()
        .orElse("none");
  }

  private static String text(List<PgMessage> answers) {
    StringBuilder all = new StringBuilder();
    for (PgMessage each : answers) {
      if (each.isError()) {
        all.append(new String(each.body(), StandardCharsets.UTF_8).replace('\0', '|'));
      }
    }
    return all.toString();
  }

  private static byte[][] extended(String sql) {
    return new byte[][] {
      PgBytes.parse("", sql), PgBytes.bind("", ""), PgBytes.execute("", 0), PgBytes.sync()
    };
  }

  @Test
  void currvalIsAnsweredInNextvalsTransactionWhoeverUsedTheBackendBefore() throws Exception {
    b.query("insert into parent default values");
    a.query("begin; select 1");
    assertEquals("700", a.value("select nextval('other')"));
    assertEquals("700", a.value("select currval('other')"));
    assertEquals("700", a.value("select lastval()"));
    a.query("commit");
    assertEquals("701", a.value("select currval('other') from nextval('other')"));
    assertEquals(
        "2", a.value("insert into parent default values; select currval('parent_id_seq')"));
    assertEquals("none", state(a.send(extended("select currval('other')")).readUntil('Z')));
  }

  @Test
  void aSessionThatDrewNothingHearsSoFromTheServerAndNeverAnothersValue() throws Exception {
    b.query("insert into parent default values");
    b.value("select nextval('other')");
    for (String sql : List.of("select currval('other')", "select lastval()")) {
      List<PgMessage> simple = a.query(sql);
      assertEquals("55000", state(simple));
      assertTrue(text(simple).contains("not yet defined in this session"), text(simple));
      b.value("select nextval('other')");
      assertEquals("55000", state(a.send(extended(sql)).readUntil('Z')));
      b.value("select nextval('other')");
      a.query("begin; select 1");
      a.query("select 1");
      assertEquals("55000", state(a.query(sql)));
      assertEquals("25P02", state(a.query("select 1")), "the transaction has failed, no more");
      a.query("rollback");
    }
    assertEquals("1", a.value("select 1"), "the session is well");
  }

  @Test
  void afterAnInsertItIsAnsweredWhileNobodyElseHadTheBackend() throws Exception {
    b.query("insert into parent default values");
    a.query("insert into parent default values");
    a.query("select 1");
    assertEquals("2", a.value("select currval('parent_id_seq')"));
    assertEquals("2", a.value("select lastval()"));
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  @Test
  void whoAsksTooLateIsToldAndItsProgramKeepsItsLeaseFromThenOn() throws Exception {
    a.query("insert into parent default values");
    b.query("insert into parent default values");
    List<PgMessage> told = a.query("select currval('parent_id_seq')");
    assertEquals("55000", state(told));
    assertTrue(text(told).contains("RETURNING"), text(told));
    assertTrue(text(told).contains("sessions of \"a\" keep"), text(told));

    a.query("insert into parent default values");
    b.send(PgBytes.query("insert into parent default values"));
    assertTrue(b.quietFor(MOMENT), "b waits: a keeps its backend");
    assertEquals("3", a.value("select currval('parent_id_seq')"));
    assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"sequence_value\""));
    a.query("discard sequences");
    List<PgMessage> then = b.readUntil('Z');
    assertEquals("CZ", RawPgClient.types(then), text(then));

    b.query("insert into parent default values");
    assertEquals("5", b.value("select lastval()"), "the other program is served as before");
    assertEquals("1", a.value("select 1"));
    assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"sequence_value\""));
  }

  @Test
  void aProgramThatAskedSeesNothingOfOthersBehindItsOwnDraws() throws Exception {
    b.value("select nextval('other')");
    a.query("begin; insert into parent default values");
    assertEquals("1", a.value("select currval('parent_id_seq')")); // known to ask from now on
    a.query("commit");
    b.value("select nextval('other')");
    a.query("begin; select 1");
    a.query("insert into parent default values");
    assertEquals("55000", state(a.query("select currval('other')")));
    a.query("rollback");
    b.value("select nextval('other')");
    a.query("begin; insert into parent default values");
    assertEquals("55000", state(a.query("select currval('other')")), "in front of a BEGIN too");
    a.query("rollback");
    assertEquals(0, pooler.metric("pooler_pins_total", "reason=\"sequence_value\""));
  }

  @Test
  void insideATransactionAndAPipelineItIsSaidInItsPlace() throws Exception {
    a.query("insert into parent default values");
    b.query("insert into parent default values");
    a.query("begin");
    a.query("select 1");
    assertEquals("55000", state(a.query("select currval('parent_id_seq')")));
    a.query("rollback");

    a.query("discard all");
    a.query("set application_name = 'c'");
    a.query("insert into parent default values");
    b.query("insert into parent default values");
    List<PgMessage> both =
        a.send(extended("select 1"))
            .send(extended("select currval('parent_id_seq')"))
            .readUntil('Z');
    both.addAll(a.readUntil('Z'));
    assertEquals("12DCZ1EZ", RawPgClient.types(both));
    assertEquals("1", a.value("select 1"), "the session is well");
  }

  @Test
  void aStatementPreparedBeforeItsInsertIsNotRefused() throws Exception {
    b.query("insert into parent default values");
    assertEquals(
        "1Z",
        RawPgClient.types(
            a.send(PgBytes.parse("q", "select currval('parent_id_seq')"), PgBytes.sync())
                .readUntil('Z')));
    a.query("begin; select 1");
    a.query("insert into parent default values");
    List<PgMessage> answers =
        a.send(PgBytes.bind("", "q"), PgBytes.execute("", 0), PgBytes.sync()).readUntil('Z');
    assertEquals("2DCZ", RawPgClient.types(answers));
    a.query("commit");
  }

  @Test
  void aDefaultThatAsksPinsWhoWrites() throws Exception {
    a.query("create table child (parent bigint default currval('parent_id_seq'), t text)");
    a.query("insert into parent default values");
    b.send(PgBytes.query("insert into parent default values"));
    assertTrue(b.quietFor(MOMENT), "b waits: a keeps its backend");
    a.query("insert into child (t) values ('of the first')");
    assertEquals("1", a.value("select parent from child"));
    assertEquals(1, pooler.metric("pooler_pins_total", "reason=\"sequence_value\""));
    a.query("discard all");
    assertEquals("CZ", RawPgClient.types(b.readUntil('Z')));
    b.query("insert into child (t) values ('of the second')");
    assertEquals("2", b.value("select max(parent) from child"));
    b.query("discard all");
  }
}
