package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What code leaves that no text of the session shows, on a pool of one backend of a database of its
 * own: the next session finds nothing of it.
 */
@Timeout(60)
@Tag("case-82")
@SuppressWarnings("NullAway.Init")
class HiddenCodeTest {
  private static final Duration MOMENT = Duration.ofMillis(120);
  private static final String DATABASE = "hidden_code";
  private static final String CUSTOM = "select coalesce(current_setting('app.x', true), '')";
  private static final String LOCKS =
      "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";

  private static RawPgClient direct;

  private PoolerFixture pooler;
  private RawPgClient a;
  private RawPgClient b;

  @BeforeAll
  static void create() throws Exception {
    try (RawPgClient admin = SharedServer.direct()) {
      admin.query("drop database if exists " + DATABASE + " with (force)");
      admin.query("drop role if exists hidden_code_plain");
      run(admin, "create role hidden_code_plain");
      run(admin, "create database " + DATABASE);
    }
    direct =
        RawPgClient.session(
            UnixDomainSocketAddress.of(SharedServer.get().socket()), "postgres", DATABASE);
  }

  @AfterAll
  static void drop() throws Exception {
    direct.close();
    try (RawPgClient admin = SharedServer.direct()) {
      admin.query("drop database if exists " + DATABASE + " with (force)");
      admin.query("drop role if exists hidden_code_plain");
    }
  }

  @BeforeEach
  void start() throws Exception {
    run(direct, "set client_min_messages = error; drop schema public cascade");
    run(direct, "create schema public; grant usage on schema public to public");
    run(direct, "create table t (i int, s text); grant all on t to public");
    connect();
  }

  private void connect() throws Exception {
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              %s: {hosts: ["unix:${PG}"], user: postgres, pool: {size: 1, min-idle: 0}}
            """
                .formatted(DATABASE));
    a = pooler.session(DATABASE);
    b = pooler.session(DATABASE);
  }

  @AfterEach
  void stop() throws Exception {
    a.close();
    b.close();
    pooler.close();
  }

  private boolean aIsPinned() throws Exception {
    return pooler.isKeptFrom(b, MOMENT);
  }

  /** The answer to the question behind a statement may be late. */
  private void awaitPin(String label) throws Exception {
    PoolerFixture.await(label, () -> pooler.metric("pooler_pins_total", label) == 1);
  }

  /** What b is told, which gets a's backend: now, or when a is gone. */
  private String toldToB(String question) throws Exception {
    b.send(PgBytes.query(question));
    if (b.quietFor(MOMENT)) {
      a.close();
    }
    return TwoBackends.value(b.readUntil('Z'));
  }

  private static void function(String body) throws Exception {
    run(
        direct,
        "create function f(k text, v text) returns text language plpgsql as $body$ begin "
            + body
            + " return v; end $body$");
  }

  private static void trigger(String body) throws Exception {
    run(
        direct,
        "create function g() returns trigger language plpgsql as $body$ begin "
            + body
            + " return new; end $body$;"
            + "create trigger g before insert on t for each row execute function g()");
  }

  /** Each needs the source taken for one that does not tell the name: nobody asks for app.x. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "perform set_config('app.' || k, v, false);",
        "perform set_config(format('app.%s', k), v, false);",
        "execute format('SET app.%I = %L', k, v);",
        "execute 'SET \"app\".\"x\" = ' || v;",
        "set \"app\".\"x\" = 'a';",
        "execute 'select set_config(''app.' || k || ''', ''' || v || ''', false)';",
        "if v = 'a' then execute 'SET app.' || k || ' = ' || v; end if;",
      })
  void aNameThatAFunctionPutsTogetherIsNotLeft(String body) throws Exception {
    function(body);
    assertEquals("a", a.value("select f('x', 'a')"));
    assertEquals("a", a.value(CUSTOM));
    assertEquals("", toldToB(CUSTOM));
  }

  /** Each needs the text of the DO read, wherever it stands. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '`',
      value = {
        "select 1; do $$ begin perform set_config('app.x', 'a', false); end $$ -> 0",
        "begin; do $$ begin set app.x = 'a'; end $$; commit -> 0",
        "select 1; do $$ begin update t set \"i\" = 1; perform set_config('app.x', 'a', false);"
            + " end $$ -> 0",
        "select 1; do $$ begin perform set_config('app.' || 'x', 'a', false); end $$ -> 1",
        "begin; do $$ begin set \"app\".x = 'a'; end $$; commit -> 1",
        "select query_to_xml('select set_config(''app.x'', ''a'', false)', true, true, '') -> 0",
        "select query_to_xml('select set_config(''app.' || 'x'', ''a'', false)', true, true, '') -> 1",
        "select \"query_to_xml\"(concat('select set_config(''app.x'', ''a'', false)'), true, true,"
            + " '') -> 1",
      })
  void whatADoBehindOtherStatementsSetsIsNotLeft(String sql, int pins) throws Exception {
    run(a, sql);
    assertEquals("a", a.value(CUSTOM));
    assertEquals("", toldToB(CUSTOM));
    assertEquals(pins, pooler.metric("pooler_pins_total"));
  }

  /** Each needs the census to be asked behind a mere SELECT, and what it finds. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '`',
      value = {
        "create view v as select set_config('app.x', 'a', false) -> select * from v",
        "create view v as select set_config('app.' || 'x'::text, 'a', false) -> select * from v",
        "create view v as select f('app.x', 'a') -> table v",
        "create view v as select inner_f() -> begin; declare c cursor for table v; fetch c; commit",
        "create domain d as text check (set_config('app.x', value, false) <> '') -> select 'a'::d",
        "create domain d as text check (f('app.x', value) <> '') -> select 'a'::d",
        "create operator === (function = f, leftarg = text, rightarg = text)"
            + " -> select 'app.x'::text === 'a'::text",
        "create materialized view v as select 1; create view w as select f('app.x', 'a') from v"
            + " -> select * from w",
      })
  void whatASelectRunsIsNotLeft(String sql, String select) throws Exception {
    function("perform set_config(k, v, false);");
    run(
        direct,
        "create function inner_f() returns text language sql as 'select f(''app.x'', ''a'')'");
    run(direct, sql);
    run(a, select);
    assertEquals("a", a.value(CUSTOM));
    assertEquals("", toldToB(CUSTOM));
  }

  /** Needs policies read, and the lock asked for. */
  @Test
  void whatAPolicyLocksIsNotLeft() throws Exception {
    run(direct, "insert into t values (7); alter table t enable row level security");
    run(direct, "create policy p on t using (pg_try_advisory_lock(i))");
    run(a, "set role hidden_code_plain");
    assertEquals("7", a.value("select i from t"));
    assertTrue(aIsPinned());
    awaitPin("reason=\"advisory_lock\"");
    a.close();
    b.readUntil('Z');
    assertEquals("0", b.value(LOCKS));
  }

  /** The same in the extended protocol, where the statement is known when it runs again. */
  @Test
  void whatAViewLocksIsNotLeftWhereItsStatementWasPrepared() throws Exception {
    run(direct, "create view v as select pg_try_advisory_lock(8)");
    TwoBackends.prepare(a, "p", "select * from v");
    TwoBackends.execute(a, "p");
    assertEquals("0", toldToB(LOCKS));
  }

  /** Each needs defaults, rules and checks read: no function of the database's own is called. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "alter table t add l boolean default pg_try_advisory_lock(9)",
        "alter table t add check (pg_try_advisory_lock(9) or s = '')",
        "create rule r as on insert to t do also select pg_try_advisory_lock(9)",
        "create view v as select i from t; create rule r as on insert to v do instead"
            + " insert into t values (1, pg_try_advisory_lock(9)::text)",
      })
  void whatExpressionsOfATableLockIsNotLeft(String sql) throws Exception {
    run(direct, sql);
    run(a, "insert into " + (sql.contains("view") ? "v" : "t") + " (i) values (1)");
    assertEquals("0", toldToB(LOCKS));
  }

  /** Each needs a word in the census. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "-- for this one\n set work_mem = '5MB';",
        "update pg_settings set setting = '5MB' where name = 'work_mem';",
        "perform query_to_xml('select set_'||'config(''work_mem'', ''5MB'', false)', true, true, '');",
      })
  void whatATriggerSetsIsNotLeft(String body) throws Exception {
    trigger(body);
    run(a, "insert into t values (1)");
    assertEquals("5MB", a.value("show work_mem"));
    assertEquals("4MB", toldToB("show work_mem"));
  }

  /** Each needs search_path looked at: the text makes a plain table. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '`',
      value = {
        "set search_path = pg_temp, public -> create table made (i int)",
        "select set_config('search_path', 'pg_temp', false) -> create view made as select 1",
        "set search_path = nowhere, \"pg_temp\" -> select 1 as one into made",
        "select set_config('search_path', $$pg_$$ || 'temp', false) -> create table made as select 1",
        "begin; select set_config('search_path', 'pg' || '_temp', true);"
            + " create table made (i int); commit -> select 1",
      })
  void whatIsMadeInAPathThatIsTemporaryIsNotLeft(String path, String sql) throws Exception {
    run(a, path);
    run(a, sql);
    assertTrue(aIsPinned());
    awaitPin("reason=\"temporary_object\"");
    a.close();
    b.readUntil('Z');
    assertEquals("0", b.value("select count(*) from pg_class where relname = 'made'"));
  }

  /** Needs the server asked where search_path leads, which no session has set. */
  @Test
  void whatIsMadeInADatabaseWhosePathIsTemporaryIsNotLeft() throws Exception {
    run(direct, "alter database " + DATABASE + " set search_path = pg_temp, public");
    try {
      stop();
      connect();
      run(a, "create table made (i int)");
      assertTrue(aIsPinned());
      awaitPin("reason=\"temporary_object\"");
      a.close();
      b.readUntil('Z');
      assertEquals("0", b.value("select count(*) from pg_class where relname = 'made'"));
    } finally {
      run(direct, "alter database " + DATABASE + " reset search_path");
    }
  }

  @Test
  void whatIsMadeInAPathOfTheStartUpPacketIsNotLeft() throws Exception {
    try (RawPgClient started = RawPgClient.connect(pooler.unix())) {
      started.login(
          Map.of(
              "user", "postgres",
              "database", DATABASE,
              "options", "-c search_path=pg_temp"));
      run(started, "create table made (i int)");
      assertTrue(aIsPinned(), "the one that was started is");
    }
    b.readUntil('Z');
    assertEquals("0", b.value("select count(*) from pg_class where relname = 'made'"));
  }

  /** Needs its name asked for: no view shows it, and what is asked is all that is known. */
  @Test
  void aCustomSettingOfTheStartUpPacketIsNotLeft() throws Exception {
    try (RawPgClient started = RawPgClient.connect(pooler.unix())) {
      started.login(
          Map.of("user", "postgres", "database", DATABASE, "options", "-c app.x=started"));
      run(started, "begin; set work_mem = '5MB'; commit");
      assertEquals("started", started.value(CUSTOM));
      run(started, "begin; set work_mem = '6MB'; commit");
      assertEquals("", b.value(CUSTOM));
      assertEquals("started", started.value(CUSTOM));
    }
  }

  /** Each pins as the plain statement does: no question covers it. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '`',
      value = {
        "do $$ begin perform setseed(0.5); end $$ -> random_seed",
        "select 1; do $$ begin set seed = 0.5; end $$ -> random_seed",
        "do $$ begin load 'plpgsql'; end $$ -> loaded_library",
        "do $$ begin perform dblink_connect('c'); exception when others then null; end $$ -> unknown",
      })
  void whatADoLeavesThatNobodyCanBeAskedPins(String sql, String reason) throws Exception {
    run(a, sql);
    assertTrue(aIsPinned());
    awaitPin("reason=\"" + reason + "\"");
    assertEquals(1, pooler.metric("pooler_pins_total"));
    a.close();
    b.readUntil('Z');
  }

  /** Each needs the question to tell of functions that leave what it does not cover. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "perform setseed(0.5);",
        "load 'plpgsql';",
        "perform dblink_connect('c'); exception when others then null;",
      })
  void whatATriggerLeavesThatNobodyCanBeAskedPins(String body) throws Exception {
    trigger(body.startsWith("perform db") ? "begin " + body + " end;" : body);
    run(a, "insert into t values (1)");
    assertTrue(aIsPinned());
    awaitPin("reason=\"code\"");
    a.close();
    b.readUntil('Z');
  }

  /** Needs what is told of code also where the settings in front are taken back: a seed is not. */
  @Test
  void whatAFunctionLeavesInABatchThatFailsPins() throws Exception {
    function("perform setseed(0.5); raise 'in vain';");
    run(a, "set work_mem = '6MB'");
    String seeded = b.value("select pg_backend_pid() where true");
    a.send(
        PgBytes.parse("", "select f('k', 'v')"),
        PgBytes.bind("", ""),
        PgBytes.execute("", 0),
        PgBytes.sync());
    assertEquals("12EZ", RawPgClient.types(a.readUntil('Z')));
    assertTrue(aIsPinned());
    awaitPin("reason=\"code\"");
    assertEquals("6MB", a.value("show work_mem"));
    a.close();
    b.readUntil('Z');
    assertNotEquals(seeded, b.value("select pg_backend_pid() where true"));
  }

  /** Needs to be known that nothing runs such code but by its name, which no text has. */
  @Test
  void whoWritesIsNotPinnedForCodeThatOnlyACallRuns() throws Exception {
    function("perform set_config(k, v, false); perform setseed(0.5);");
    run(direct, "alter function f rename to setting_of"); // which stands in no other source
    trigger("perform set_config('app.y', 'y', false);");
    for (int i = 0; i < 2; i++) {
      run(a, "insert into t values (1)");
      run(a, "begin");
      run(a, "update t set s = 'x' where i = 1");
      run(a, "commit");
      run(a, "select * from t where s = lower('X')");
      assertTrue(!aIsPinned());
    }
    assertEquals(0, pooler.metric("pooler_pins_total"));
    assertEquals("a", a.value("select setting_of('app.x', 'a')"));
    assertTrue(aIsPinned());
    awaitPin("reason=\"code\"");
    a.close();
    b.readUntil('Z');
    assertEquals("", b.value(CUSTOM));
  }

  /** Each needs more than the names that texts are looked through for. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '`',
      value = {
        "create function lower(k text, v text) returns text language sql as"
            + " $$ select setting_of(k, v) $$"
            + " -> insert into t (s) values (lower('app.x', 'a'))",
        "create function dotted(k text) returns text language sql as"
            + " $$ select setting_of('app.x', k) $$"
            + " -> insert into t (s) select x.dotted from unnest(array['a']) as x",
        "create function dotted(k t) returns text language sql as"
            + " $$ select setting_of('app.x', 'a') $$;"
            + " insert into t values (1) -> update t set s = t.dotted",
        "create function told(k text, v text) returns text language sql as"
            + " $$ select setting_of(k, v) $$"
            + " -> insert into t (s) values (told('app.x', 'a'))",
        "create function runs() returns trigger language plpgsql as $$ begin execute 'select '"
            + " || quote_ident(tg_argv[0]) || '($1, $2)' using 'app.x', 'a'; return new; end $$;"
            + "create trigger g before insert on t for each row execute function"
            + " runs('setting_of') -> insert into t values (1)",
      })
  void whatAWriteCallsWithoutAWordOfItIsNotLeft(String sql, String write) throws Exception {
    function("perform set_config(k, v, false);");
    run(direct, "alter function f rename to setting_of");
    run(direct, sql);
    run(a, "select 1");
    run(a, write);
    assertEquals("a", a.value(CUSTOM));
    assertEquals("", toldToB(CUSTOM));
  }

  /** Needs backends to be given up whose leavings nobody has asked about. */
  @Test
  void whatWasLeftBeforeItWasKnownIsNobodysOwn() throws Exception {
    run(a, "insert into t values (1)");
    run(a, "select 1"); // waits for what is asked behind the insert
    trigger("perform set_config('app.x', 'a', false);"); // past pooler
    String old = b.value("select pg_backend_pid() where true");
    PoolerFixture.await(
        "another backend",
        () -> {
          run(a, "insert into t values (1)");
          return !Objects.equals(old, b.value("select pg_backend_pid() where true"));
        });
    assertEquals("", b.value(CUSTOM));
    run(b, "create table nothing ()"); // which is asked about
    run(b, "drop table nothing");
    assertEquals("", b.value(CUSTOM));
    run(a, "insert into t values (1)");
    assertEquals("a", a.value(CUSTOM));
    assertEquals("", b.value(CUSTOM));
  }

  /** Needs false hits to be rare: this is what databases are full of. */
  @Test
  void commonCodeDoesNotPin() throws Exception {
    run(direct, "alter table t add updated_at timestamptz; create table t_1 (like t)");
    trigger(
        "new.updated_at := now(); execute format('INSERT INTO %I VALUES ($1.*)', 't_' || new.i)"
            + " using new; update t set \"s\" = 1 where false;");
    run(direct, "create view v as select i, current_setting('app.x', true) from t");
    run(
        direct,
        "create function tell(k text) returns void language plpgsql as"
            + " $$ begin perform set_config('app.told', k, false); end $$");
    for (int i = 0; i < 2; i++) {
      run(a, "insert into t values (1)");
      run(a, "select * from v");
      run(a, "select query_to_xml(format('select count(*) from %I', 't'), false, true, '')");
      run(a, "do $$ begin update t set \"s\" = 1; perform set_config('app.y', '', false); end $$");
      run(a, "update t set s = 'x'; delete from t_1 where i = 2");
      assertTrue(!aIsPinned());
    }
    assertEquals("2", b.value("select count(*) from t_1"));
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  /** Needs the answer kept: who reads a database without such code asks nothing. */
  @Test
  void aSelectIsFollowedByNoQuestionWhereNoneIsNeeded() throws Exception {
    run(direct, "create view v as select length(s) from t");
    run(direct, "create domain d as text check (value <> '')");
    function("set work_mem = '5MB';");
    run(a, "select 1");
    String last =
        "select query from pg_stat_activity where datname = '"
            + DATABASE
            + "' and pid <> pg_backend_pid() and backend_type = 'client backend'";
    PoolerFixture.await(
        "asked once", () -> String.valueOf(direct.value(last)).contains("'census'"));
    for (String sql : List.of("select 2", "select * from v", "select 'x'::d")) {
      run(a, sql);
      assertTrue(!aIsPinned());
      run(a, sql);
      assertEquals(sql, direct.value(last));
    }
    run(a, "insert into t values (1)");
    PoolerFixture.await(
        "the question behind a write",
        () -> String.valueOf(direct.value(last)).contains("'setting'"));
    assertEquals(0, pooler.metric("pooler_pins_total"));
  }

  /** Each needs the catalogs alone read: what makes SQL of a tree locks the tables in it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "create function h() returns setof locked begin atomic select * from locked; end",
        "create function h() returns setof text begin atomic"
            + " select set_config('app.h', s, false) from locked; end",
        "create view v as select set_config('app.h', s, false) from locked",
        "create rule r as on insert to locked do also select set_config('app.h', new.s, false)",
        "create policy p on locked using (set_config('app.h', s, false) = '')",
        "alter table locked add check (set_config('app.h', s, false) <> '')",
      })
  void aLockedTableIsNotWaitedForByOthers(String sql) throws Exception {
    run(direct, "create table locked (s text); " + sql);
    run(direct, "begin; lock table locked in access exclusive mode");
    try {
      run(a, "select 1");
      run(a, "insert into t values (1)");
      b.send(PgBytes.query("select 2"));
      assertTrue(!b.quietFor(Duration.ofSeconds(3)), "the only backend waits for the lock");
      b.readUntil('Z');
      assertEquals(0, pooler.metric("pooler_pins_total"));
    } finally {
      run(direct, "rollback");
    }
  }

  /** Needs the answer awaited for a session that is gone: else each costs its backend. */
  @Test
  void whoGoesWhileItIsAskedAboutCostsNoBackend() throws Exception {
    function("perform set_config('app.x', k, false);");
    for (int i = 0; i < 5; i++) {
      try (RawPgClient c = pooler.session(DATABASE)) {
        c.value("select 1");
        c.value("select f('of a client that is gone', 'v')");
      }
      assertEquals("", b.value(CUSTOM));
    }
    assertEquals(0, pooler.metric("pooler_evictions_total"));
  }
}
