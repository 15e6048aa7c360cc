package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Statements without a name that come again and again: backends keep them parsed, and no client can
 * tell. One backend, so that what one session leaves there is what the next one meets.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class UnnamedStatementTest {
  private static final String SCHEMAS =
      """
      drop schema if exists early cascade; drop schema if exists late cascade;
      create schema early; create schema late;
      create table late.item as select 'late' as which;
      """;

  private PoolerFixture pooler;
  private RawPgClient direct;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 1);
    direct = SharedServer.direct();
    direct.query(SCHEMAS);
    a = pooler.session("postgres");
    b = pooler.session("postgres");
    a.query("set search_path = early, late, public");
    b.query("set search_path = early, late, public");
    // Where a backend has its schema for temporary tables already, a new one is no sign to replan.
    b.query("begin; create temp table other on commit drop as select 1; commit");
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
    direct.query("drop schema early cascade; drop schema late cascade");
    direct.close();
  }

  /** As libpq's PQexecParams does it. */
  private static List<PgMessage> run(RawPgClient client, String sql, String... values)
      throws Exception {
    return client
        .send(
            PgBytes.parse("", sql),
            PgBytes.bind("", "", values),
            PgBytes.named('D', 'P', ""),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
  }

  private static String value(List<PgMessage> messages) {
    assertEquals("12TDCZ", RawPgClient.types(messages), messages.toString());
    return String.valueOf(RawPgClient.rows(messages).findFirst().orElseThrow().getFirst());
  }

  private static String error(List<PgMessage> messages) {
    return messages.stream()
        .filter(PgMessage::isError)
        .findFirst()
        .map(message -> String.valueOf(message.sqlState()))
        .orElse("none");
  }

  /** What the backend holds of a text: how many times, and how often it was run as it is. */
  private String held(String sql) throws Exception {
    return String.valueOf(
        b.value(
            "select concat_ws(' ', count(*), sum(generic_plans + custom_plans) > 2)"
                + " from pg_prepared_statements where statement = '"
                + sql
                + "'"));
  }

  /** Needs texts that come again to be noticed, and a Parse to be answered without one. */
  @Test
  void aTextThatComesAgainIsParsedOnce() throws Exception {
    String sql = "select $1::int + 1";
    for (int i = 0; i < 5; i++) {
      assertEquals("" + (i + 1), value(run(a, sql, "" + i)));
      assertEquals("" + (i + 11), value(run(b, sql, "" + (i + 10))));
    }
    assertEquals("1 t", held(sql));
  }

  @Test
  void theOperatorMaySwitchItOff() throws Exception {
    try (PoolerFixture off =
            PoolerFixture.start(
                SharedServer.get(),
                """
                databases:
                  postgres:
                    hosts: ["unix:${PG}"]
                    user: postgres
                    pool: {size: 1, min-idle: 0, cache-unnamed-statements: false}
                """);
        RawPgClient client = off.session("postgres")) {
      for (int i = 0; i < 3; i++) {
        assertEquals("1", value(run(client, "select 1")));
      }
      assertEquals("0", client.value("select count(*) from pg_prepared_statements"));
    }
  }

  /** Needs what a transaction makes to stand in front of what others see, there and only there. */
  @Test
  void aTemporaryTableOfTheTransactionStandsInFront() throws Exception {
    String sql = "select which from item";
    for (int i = 0; i < 3; i++) {
      assertEquals("late", value(run(b, sql)));
    }
    a.query("begin");
    a.query("create temp table item on commit drop as select 'temporary' as which");
    assertEquals("temporary", value(run(a, sql)));
    a.query("commit");
    assertEquals("late", value(run(a, sql)));
  }

  /** Needs code that may have made something to be taken as if it had. */
  @Test
  void aTemporaryTableThatAFunctionMadeStandsInFront() throws Exception {
    a.query(
        """
        create function late.shadows() returns void language plpgsql as
          $$ begin create temp table item on commit drop as select 'temporary' as which; end $$
        """);
    String sql = "select which from item";
    for (int i = 0; i < 3; i++) {
      assertEquals("late", value(run(b, sql)));
    }
    a.query("begin");
    a.query("select shadows()");
    assertEquals("temporary", value(run(a, sql)));
    a.query("commit");
    assertEquals("late", value(run(a, sql)));
  }

  /**
   * Needs texts under a setting of the transaction alone not to be taken for those under the
   * session's: a date is read when its text is parsed.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set local datestyle = 'SQL, DMY'",
        "select set_config('datestyle', 'SQL, DMY', true)",
        "set datestyle = 'SQL, DMY'",
        "savepoint s; set local datestyle = 'SQL, DMY'; release s"
      })
  @Tag("case-64")
  void aSettingOfTheTransactionPartsTexts(String setting) throws Exception {
    String sql = "select to_char(date '01/02/2026', 'Mon')";
    for (int i = 0; i < 3; i++) {
      assertEquals("Jan", value(run(b, sql)));
    }
    a.query("begin");
    a.query(setting);
    assertEquals("Feb", value(run(a, sql)));
    List<PgMessage> named =
        a.send(
                PgBytes.parse("mine", sql),
                PgBytes.bind("", "mine"),
                PgBytes.named('D', 'P', ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("Feb", value(named));
    a.query("rollback");
    assertEquals("Jan", value(run(a, sql)));
    b.send(PgBytes.parse("its", sql), PgBytes.sync()).readUntil('Z');
    List<PgMessage> its =
        b.send(
                PgBytes.bind("", "its"),
                PgBytes.named('D', 'P', ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("Jan", RawPgClient.rows(its).findFirst().orElseThrow().getFirst());
  }

  /** Needs what no text's meaning depends on to be told from the rest: tenants are set so. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set local app.tenant = '7'",
        "select set_config('app.tenant', '7', true)",
        "set local statement_timeout = '1min'",
        "select set_config('lock_timeout', '1min', true)"
      })
  void aTenantOfTheTransactionSharesTexts(String setting) throws Exception {
    String sql = "select 'shared by tenants of " + setting.length() + "'";
    for (int i = 0; i < 4; i++) {
      a.query("begin");
      a.query(setting);
      value(run(a, sql));
      a.query("commit");
    }
    assertEquals("1 t", held(sql.replace("'", "''")));
  }

  /** Needs a definition through pooler to end at once what names stand for. */
  @Test
  void aDefinitionIsSeenAtOnce() throws Exception {
    String sql = "select which from item";
    for (int i = 0; i < 3; i++) {
      assertEquals("late", value(run(b, sql)));
    }
    a.query("create table early.item as select 'early' as which");
    assertEquals("early", value(run(b, sql)));
    assertEquals("early", value(run(a, sql)));
  }

  /** Needs texts to be parsed anew after a while: past pooler nobody tells of a definition. */
  @Test
  void aDefinitionPastPoolerIsSeenInTheEnd() throws Exception {
    String sql = "select which from item";
    for (int i = 0; i < 3; i++) {
      assertEquals("late", value(run(b, sql)));
    }
    direct.query("create table early.item as select 'early' as which");
    PoolerFixture.await("the new table is seen", () -> "early".equals(once(sql)));
  }

  private String once(String sql) {
    try {
      return value(run(b, sql));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Needs what the server refuses as outdated to be parsed and run again: a client that sends a
   * Parse each time can't have an old description.
   */
  @Test
  @Tag("case-65")
  void aTableThatGrewPastPoolerIsNoError() throws Exception {
    String sql = "select * from item";
    for (int i = 0; i < 3; i++) {
      assertEquals("late", value(run(b, sql)));
    }
    direct.query("alter table late.item add column more text default 'more'");
    List<PgMessage> grown = run(b, sql);
    assertEquals("late", value(grown));
    assertEquals(List.of("late", "more"), RawPgClient.rows(grown).findFirst().orElseThrow());
    assertEquals("1 f", held(sql), "parsed again");
  }

  /** The same of a statement with a name, for a client that asks what the rows look like. */
  @Test
  @Tag("case-65")
  void whoAsksWhatTheRowsLookLikeIsServedThoughTheyHaveChanged() throws Exception {
    a.send(
            PgBytes.parse("s", "insert into item values ('mine') returning *"),
            PgBytes.bind("", "s"),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
    direct.query("alter table late.item add column more text default 'more'");
    List<PgMessage> said =
        a.send(
                PgBytes.bind("", "s"),
                PgBytes.named('D', 'P', ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("2TDCZ", RawPgClient.types(said));
    assertEquals("more", RawPgClient.rows(said).findFirst().orElseThrow().get(1));
    assertEquals("2", direct.value("select count(*) from late.item where which = 'mine'"));
  }

  /**
   * Settings that stood in front of the batch are taken back with it, and have to be said again.
   */
  @Test
  @Tag("case-65")
  void whatRunsAgainRunsUnderItsSessionsSettings() throws Exception {
    String sql = "insert into item values (current_setting('datestyle')) returning *";
    a.query("set datestyle = german, dmy");
    a.send(PgBytes.parse("s", sql), PgBytes.bind("", "s"), PgBytes.execute("", 0), PgBytes.sync())
        .readUntil('Z');
    b.query("set datestyle = sql, mdy");
    direct.query("alter table late.item add column more text");
    byte[][] batch = {
      PgBytes.bind("", "s"), PgBytes.named('D', 'P', ""), PgBytes.execute("", 0), PgBytes.sync()
    };
    a.send(batch[0], batch[1], batch[2], batch[3], batch[0], batch[1], batch[2], batch[3]);
    for (int i = 0; i < 2; i++) {
      List<PgMessage> said = a.readUntil('Z');
      assertEquals("2TDCZ", RawPgClient.types(said));
      assertEquals("German, DMY", RawPgClient.rows(said).findFirst().orElseThrow().getFirst());
    }
    assertEquals("SQL, MDY", b.value("show datestyle"));
    String mine = "select count(*) from late.item where which = 'German, DMY'";
    assertEquals("3", direct.value(mine), "nothing ran twice");
  }

  /** The server drops its statement without a name when the settings are said again. */
  @Test
  @Tag("case-65")
  void whatStandsWithoutANameIsThereWhenTheBatchRunsAgain() throws Exception {
    a.query("set datestyle = german");
    a.send(PgBytes.parse("s", "select * from item"), PgBytes.bind("", "s"), PgBytes.sync())
        .readUntil('Z');
    b.query("set datestyle = sql");
    direct.query("alter table late.item add column more text");
    List<PgMessage> said =
        a.send(
                PgBytes.parse("", "select 'no name'"),
                PgBytes.named('D', 'S', "s"),
                PgBytes.bind("", ""),
                PgBytes.execute("", 0),
                PgBytes.sync())
            .readUntil('Z');
    assertEquals("1tT2DCZ", RawPgClient.types(said));
  }

  /**
   * Needs the error where the client knows the rows as they were, where something has been done
   * before in the batch, and in a transaction.
   */
  @Test
  @Tag("case-65")
  void whatMayNotBeRepeatedIsTheServersError() throws Exception {
    a.send(PgBytes.parse("i", "insert into item values ('mine')"), PgBytes.sync()).readUntil('Z');
    String known = outdated("known");
    assertEquals(
        "0A000",
        error(
            a.send(PgBytes.bind("", known), PgBytes.execute("", 0), PgBytes.sync())
                .readUntil('Z')));
    String second = outdated("second");
    assertEquals(
        "0A000",
        error(
            a.send(
                    PgBytes.bind("", "i"),
                    PgBytes.execute("", 0),
                    PgBytes.bind("", second),
                    PgBytes.named('D', 'P', ""),
                    PgBytes.execute("", 0),
                    PgBytes.sync())
                .readUntil('Z')));
    String inside = outdated("inside");
    a.query("begin; select 1");
    assertEquals(
        "0A000",
        error(
            a.send(
                    PgBytes.bind("", inside),
                    PgBytes.named('D', 'P', ""),
                    PgBytes.execute("", 0),
                    PgBytes.sync())
                .readUntil('Z')));
    a.query("rollback");
    assertEquals("0", direct.value("select count(*) from late.item where which = 'mine'"));
  }

  /** Prepares a statement, runs it, and has its table grow by a column of the same name. */
  private String outdated(String name) throws Exception {
    a.send(
            PgBytes.parse(name, "select * from item"),
            PgBytes.bind("", name),
            PgBytes.execute("", 0),
            PgBytes.sync())
        .readUntil('Z');
    direct.query("alter table late.item add column " + name + " int");
    return name;
  }

  /**
   * Needs a Bind to wait until it is known what stands without a name: if the batch in front fails,
   * the backend has another session's.
   */
  @Test
  @Tag("case-62")
  void behindABatchThatFailsNobodyRunsTheStatementOfAnother() throws Exception {
    b.send(PgBytes.parse("", "select 'of b'"), PgBytes.sync()).readUntil('Z');
    a.send(
        PgBytes.parse("x", "selec"),
        PgBytes.parse("", "select 'of a'"),
        PgBytes.sync(),
        PgBytes.bind("", ""),
        PgBytes.execute("", 0),
        PgBytes.sync());
    assertEquals("42601", error(a.readUntil('Z')));
    List<PgMessage> second = a.readUntil('Z');
    assertEquals("EZ", RawPgClient.types(second));
    assertEquals("26000", error(second));
  }

  /** Needs a Bind to wait for a Parse of ours that is skipped if the batch in front fails. */
  @Test
  @Tag("case-56")
  void behindABatchThatFailsAStatementIsStillThere() throws Exception {
    a.send(PgBytes.parse("s", "select 'mine'"), PgBytes.sync()).readUntil('Z');
    b.query("discard all"); // the one backend there is holds nothing any more
    a.send(
        PgBytes.parse("", "selec"),
        PgBytes.bind("", "s"),
        PgBytes.execute("", 0),
        PgBytes.sync(),
        PgBytes.bind("", "s"),
        PgBytes.execute("", 0),
        PgBytes.sync());
    assertEquals("42601", error(a.readUntil('Z')));
    List<PgMessage> second = a.readUntil('Z');
    assertEquals("2DCZ", RawPgClient.types(second), second.toString());
  }

  /** Needs constants that are read at Parse to be nobody else's, and not the last Parse's. */
  @ParameterizedTest
  @ValueSource(strings = {"", "s"})
  void theClockIsReadByEachParse(String name) throws Exception {
    String sql = "select extract(epoch from 'now'::timestamptz) * 1000000";
    long before = 0;
    for (int i = 0; i < 4; i++) {
      for (RawPgClient client : List.of(a, b)) {
        if (!name.isEmpty() && i > 0) {
          client.send(PgBytes.named('C', 'S', name), PgBytes.sync()).readUntil('Z');
        }
        List<PgMessage> answer =
            client
                .send(
                    PgBytes.parse(name, sql),
                    PgBytes.bind("", name),
                    PgBytes.named('D', 'P', ""),
                    PgBytes.execute("", 0),
                    PgBytes.sync())
                .readUntil('Z');
        long now = Long.parseLong(value(answer).replaceAll("[.].*", ""));
        assertEquals(true, now > before, now + " is later than " + before);
        before = now;
      }
    }
  }
}
