package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Footprint;
import dev.pooler.postgres.session.CodeNames;
import dev.pooler.postgres.session.SessionQuestion;
import dev.pooler.postgres.session.SessionTruth;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server answers about the code of a database, which is this test's own. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class CodeQuestionTest {
  private static final String DATABASE = "code_question";

  private static final Pattern READ = Pattern.compile("\\(actual rows=([0-9.]+) loops=(\\d+)\\)");
  private static final Pattern REMOVED = Pattern.compile("Rows Removed by [^:]*: (\\d+)");

  private static RawPgClient direct;

  @BeforeAll
  static void start() throws Exception {
    try (RawPgClient admin = SharedServer.direct()) {
      admin.query("drop database if exists " + DATABASE + " with (force)");
      run(admin, "create database " + DATABASE);
    }
    direct = connected();
  }

  private static RawPgClient connected() throws Exception {
    return RawPgClient.session(
        UnixDomainSocketAddress.of(SharedServer.get().socket()), "postgres", DATABASE);
  }

  @AfterAll
  static void stop() throws Exception {
    direct.close();
    try (RawPgClient admin = SharedServer.direct()) {
      admin.query("drop database if exists " + DATABASE + " with (force)");
    }
  }

  @BeforeEach
  void clean() throws Exception {
    run(direct, "set client_min_messages = error; set check_function_bodies = off");
    run(direct, "drop schema public cascade; create schema public");
    run(direct, "create table t (i int, s text)");
  }

  /** The kinds of rows; of settings without a value there are none. */
  private static Set<String> asked(boolean trees, boolean census) throws Exception {
    SessionQuestion.Code code =
        trees
            ? SessionQuestion.Code.FUNCTIONS_AND_TREES
            : census ? SessionQuestion.Code.NONE : SessionQuestion.Code.FUNCTIONS;
    Set<String> kinds = new TreeSet<>();
    String sql =
        SessionQuestion.of(
            census && !trees ? 0 : Footprint.SETTING.bit(),
            Set.of(),
            code,
            CodeNames.UNKNOWN,
            census && !trees);
    RawPgClient.rows(run(direct, sql))
        .forEach(row -> {
          boolean tree = "tree".equals(row.getFirst());
          kinds.add(tree ? row.get(2) + " " + row.get(1) : row.getFirst());
        });
    kinds.removeAll(Set.of("setting", "as of", "named", "hides", "unseen"));
    return kinds;
  }

  private static void function(String body) throws Exception {
    function(body, "f");
  }

  private static void function(String body, String name) throws Exception {
    run(
        direct,
        "create function "
            + name
            + "(k text, q text, r record) returns text language plpgsql as $body$"
            + " declare x text; y text := 'insert into t values (1)'; begin "
            + body
            + " return null; end $body$");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "perform set_config('app.' || k, 'v', false);",
        "perform set_config(format('app.%s', k), 'v', false);",
        "perform set_config(k, 'v', false);",
        "perform set_config /* its name */ (k, 'v', false);",
        "perform set_config('app.a', 'v', false); perform set_config( k, 'v', false);",
        "perform \"set_config\"(k, 'v', false);",
        "perform set_config(setting_name => k, new_value => 'v', is_local => false);",
        "perform set_config('app.' 'x', 'v', false);",
        "perform set_config(e'app.\\x61', 'v', false);",
        "execute format('SET app.%I = %L', k, 'v');",
        "execute format('SET SESSION %I = %L', k, 'v');",
        "execute 'SET \"app\".\"x\" = 1';",
        "execute 'SET ' || k || ' = 1';",
        "execute $q$set \"app\".x = 1$q$;",
        "execute E'\\nset ' || k || ' = 1';",
        "x := 'set app.' || k || ' = 1'; execute x;",
        "if tg_op = 'UPDATE' then execute 'set app.' || k || ' = 1'; end if;",
        "for r in select * from t for update loop execute 'set app.' || k || ' = 1'; end loop;",
        "set \"app\".\"x\" = 1;",
        "set app.\"x\" = 1;",
        "-- it's one\n set \"app\".\"x\" = 1;",
        "-- update it's tenant\n perform set_config(k, 'v', false);",
        "execute 'select set_config(''app.' || k || ''', ''v'', false)';",
        "execute format('select set_config(%L, ''v'', false)', k);",
        "execute q;",
        "execute r.q;",
        "execute (select s from t);",
        "select s into x from t; execute x;",
        "x := ''; x := x || q; execute x;",
        "execute 'select ' || q;",
        "execute format('select %s', q);",
        "execute format('select %I()', q);",
        "perform query_to_xml(q, true, true, '');",
        "perform setseed(0.5);",
        "perform dblink_connect('c');",
        "load 'plpgsql';",
        "execute 'load ''plpgsql''';",
        "set seed = 0.5;",
      })
  void whatTheSourceDoesNotTellIsHidden(String body) throws Exception {
    function(body);
    assertEquals(Set.of("hidden"), asked(false, false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "new.updated_at := now();",
        "perform set_config('app.a', k, false);",
        "perform set_config('app.a', k, false); -- as set_config does (locally)",
        "set app.a = 1; set session app.b to 2; reset app.a;",
        "set local \"app\".x = 1;",
        "update t set \"i\" = 1; update t as u set (i) = (select 1);",
        "insert into t values (1) on conflict do update set \"i\" = 1;",
        "execute format('INSERT INTO %I VALUES ($1.*)', k) using new;",
        "execute 'INSERT INTO t_' || to_char(now(), 'YYYY') || ' VALUES ($1.*)' using new;",
        "execute format('create table if not exists %I partition of t for values in (%L)', k, q);",
        "execute 'update ' || k || ' set ' || q || ' = 1';",
        "execute format('update %I set %I = $1', k, q) using 1;",
        "execute 'alter table t alter column i set not null';",
        "execute format('alter table %I set (fillfactor = 50)', k);",
        "execute 'select ($1).' || k into x using new;",
        "execute 'select ' || quote_ident(k) || ' from t' into x;",
        "execute format('select count(*) from %I', k) into x;",
        "execute y; for r in execute y loop end loop; return query execute y;",
        "x := format('delete from %I', k); execute x;",
        "x = 'delete from ' || k; execute x using 1;",
        "select 'drop table ' || s into x from t; execute x;",
        "select string_agg(format('drop table %I', s), '') into x from t; execute x;",
        "raise exception 'it can''t be set for %, do not execute this', k;",
        "execute 'insert into t values (1)'; raise notice 'value set for %', k;",
        "execute 'create trigger x before insert on t for each row execute function f()';",
        "if has_table_privilege('t', 'execute') then return new; end if;",
        "execute 'set local work_mem = ' || k; execute 'set role ' || k;",
        "execute format('set search_path = %I', k);",
        "perform query_to_xml(format('select count(*) from %I', k), false, true, '');",
      })
  void whatTheSourceTellsIsNotHidden(String body) throws Exception {
    function(body);
    assertEquals(Set.of(), asked(false, false));
  }

  private static void standard(String query) throws Exception {
    run(
        direct,
        "create function f(k text, q text) returns setof text begin atomic " + query + "; end");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config(k, q, false)",
        "select set_config('app.' || k, q, false)",
        "select set_config('app.ä', q, false)",
        "select set_config('app.a', q, false), set_config(k, q, false)",
        "select set_config('app.' || set_config('app.a', q, false), q, false)",
        "select set_config('seed', q, false)",
        "select setseed(0.5)::text",
        "select query_to_xml(q, true, true, '')::text",
      })
  void whatAStandardBodyDoesNotTellIsHidden(String query) throws Exception {
    standard(query);
    assertEquals(Set.of("hidden"), asked(false, false));
    assertEquals(Set.of("census"), asked(false, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config('app.a', k, false)",
        "select set_config('app.a', set_config('app.b', k, false), false) from t",
        "select query_to_xml('update t set i = 1', true, true, '')::text",
        "select pg_advisory_lock(1)::text",
        "update pg_settings set setting = '5MB' where name = 'work_mem' returning name",
      })
  void whatAStandardBodyTellsIsNotHidden(String query) throws Exception {
    standard(query);
    assertEquals(Set.of(), asked(false, false));
    assertEquals(Set.of("census"), asked(false, true));
  }

  @Test
  void aStandardBodyIsNoDoubtWhereItLeavesNothing() throws Exception {
    standard("update t set s = k where s = '5MB' returning current_setting('work_mem')");
    run(
        direct,
        "create function g() returns setof text begin atomic select name from pg_settings; end");
    assertEquals(Set.of(), asked(false, false));
    assertEquals(Set.of(), asked(false, true));
  }

  /** What was never set would fill an answer, whose length has a bound. */
  @Test
  void settingsAreToldOnceAndIfTheyHaveAValue() throws Exception {
    standard("select set_config('app.standard', k, false)");
    function("perform set_config('app.a', 'v', false); perform set_config('app.never', k, false);");
    run(
        direct,
        "create function g() returns text language sql as"
            + " $$ select set_config('app.a', 'w', false) $$");
    run(direct, "set app.a = 'one'; set app.standard = 'two'");
    try {
      assertEquals(List.of("app.a one", "app.standard two"), custom(CodeNames.UNKNOWN));
      assertEquals(List.of("app.a one", "app.standard two"), custom(told()));
    } finally {
      run(direct, "reset all");
    }
  }

  /** What a question says of custom settings, and whether some may be hidden. */
  private static List<String> custom(CodeNames known) throws Exception {
    return RawPgClient.rows(run(direct, question(known)))
        .map(row -> row.get(1) + " " + row.get(2))
        .filter(row -> row.isBlank() || row.startsWith("app."))
        .sorted()
        .toList();
  }

  private static String question(CodeNames known) {
    return SessionQuestion.of(
        Footprint.SETTING.bit(), Set.of(), SessionQuestion.Code.FUNCTIONS_AND_TREES, known, false);
  }

  private static String census() {
    return SessionQuestion.of(0, Set.of(), SessionQuestion.Code.NONE, CodeNames.UNKNOWN, true);
  }

  /** The names that a census tells. */
  private static CodeNames told() throws Exception {
    List<@Nullable String[]> rows = new ArrayList<>();
    RawPgClient.rows(run(direct, census())).forEach(row -> rows.add(row.toArray(String[]::new)));
    return SessionTruth.of(rows, "postgres").code().names();
  }

  @Test
  void theCensusTellsTheNamesOfSettings() throws Exception {
    function("perform set_config('app.a', k, false); set app.b = 1;");
    run(direct, "create view v as select set_config('app.c', s, false) from t");
    assertEquals(Set.of("app.a", "app.b", "app.c"), told().told());
    assertTrue(!told().hides());
    run(direct, "create view w as select set_config(s, s, false) from t");
    assertTrue(told().hides());
  }

  /** Where nothing leaves anything no source is read for names. */
  @Test
  void theCensusTellsNoNamesWhereNothingIsSet() throws Exception {
    function("update backup set app.a = 1;"); // a word that is looked for, and no SET
    assertEquals(Set.of(), told().told());
    assertTrue(!told().hides());
    assertNotNull(told().asOf());
  }

  /** Else what is asked would have no bound. */
  @Test
  void manyNamesAreReadByEachQuestion() throws Exception {
    function(
        IntStream.range(0, 300)
            .mapToObj(i -> "perform set_config('app.n" + i + "', k, false);")
            .collect(Collectors.joining()));
    assertEquals(CodeNames.UNKNOWN, told());
    function("perform set_config('app." + "n".repeat(200) + "', k, false);", "g");
    run(direct, "drop function f");
    assertEquals(CodeNames.UNKNOWN, told());
  }

  /** Needs what is newer than the census read: functions and expressions. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "create function g() returns text language sql as"
            + " $$ select set_config('app.new', 'v', false) $$",
        "create or replace function f(k text, q text, r record) returns text language plpgsql as"
            + " $$ begin set app.new = 1; return k; end $$",
        "create view v as select set_config('app.new', '1', false)",
        "create policy p on t using (set_config('app.new', '1', false) = '')",
        "alter table t add u text default set_config('app.new', '1', false)",
      })
  void whatIsDefinedBehindTheCensusIsAskedAboutToo(String sql) throws Exception {
    function("perform set_config('app.a', 'v', false);");
    CodeNames known = told();
    run(direct, sql);
    run(direct, "set app.new = 'new'; set app.a = 'one'");
    try {
      assertEquals(List.of("app.a one", "app.new new"), custom(known));
    } finally {
      run(direct, "reset all");
    }
  }

  /** Needs the oldest transaction that was not over: its definitions have been seen by nobody. */
  @Test
  void whatIsDefinedWhileTheCensusIsTakenIsAskedAboutToo() throws Exception {
    try (RawPgClient other = connected()) {
      run(
          other,
          "begin; create function h(k text) returns text language sql as"
              + " $$ select set_config('app.' || k, 'v', false) $$");
      run(direct, "create table later ()"); // whose transaction is over, and younger
      CodeNames known = told();
      assertTrue(!known.hides());
      run(other, "commit");
      assertEquals(List.of(" "), custom(known));
    }
  }

  @Test
  void whatTheCensusFoundHiddenStaysSo() throws Exception {
    function("perform set_config(k, 'v', false);");
    assertEquals(List.of(" "), custom(told()));
  }

  /** Each needs a way to be found on which that code runs and no text names it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "create trigger g before insert on t for each row execute function fired()",
        "alter table t add u text default called('a', 'b')",
        "alter table t add check (called(s, s) <> '')",
        "create view v as select outer_one(s, s) from t",
        "create policy p on t using (called(s, s) = '')",
        "create rule r as on delete to t do also select called(old.s, old.s)",
        "create domain d as text check (called(value, value) <> '')",
        "create function one(k text) returns text language sql as $$ select called(k, k) $$",
        "create function one(k text, q text default '') returns text language sql as"
            + " $$ select called(k, q) $$",
        "create function one(k t) returns text language sql as $$ select called(k.s, k.s) $$",
        "create view v as select set_config(s, s, false) from t",
        "create index x on t (immutable(s, s))",
        "create function runs() returns trigger language plpgsql as $$ begin execute 'select '"
            + " || quote_ident(tg_argv[0]) || '($1, $2)' using 'a', 'b'; return new; end $$;"
            + "create trigger g before insert on t for each row execute function runs('called')",
        "create view v as select query_to_xml('select 1', true, true, '')",
      })
  void whereCodeThatHidesNamesRunsUnseen(String sql) throws Exception {
    hiding();
    assertTrue(!told().unseen() && told().hides());
    run(direct, sql);
    assertTrue(told().unseen());
  }

  /** What a text must name to run such code, however many calls away. */
  @Test
  void theCensusTellsWhatToCallToHideNames() throws Exception {
    hiding();
    assertEquals(Set.of("called", "outer_one", "fired", "immutable"), told().hiding());
    run(
        direct,
        "create function \"Other one\"() returns text begin atomic"
            + " select outer_one('a', 'b'); end; create procedure p(k text, q text) language sql as"
            + " $$ select 1 $$");
    assertEquals(Set.of("called", "outer_one", "fired", "immutable", "other one"), told().hiding());
  }

  private static void hiding() throws Exception {
    run(
        direct,
        "create function called(k text, q text) returns text language plpgsql as"
            + " $$ begin return set_config(k, q, false); end $$;"
            + "create function outer_one(k text, q text) returns text language sql as"
            + " $$ select Called(k, q) $$;"
            + "create function immutable(k text, q text) returns text immutable language plpgsql as"
            + " $$ begin return called(k, q); end $$;"
            + "create function fired() returns trigger language plpgsql as"
            + " $$ begin perform called('a', 'b'); return new; end $$");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-- now\n set work_mem = '5MB';",
        "perform set_limit(0.5);",
        "update pg_settings set setting = '5MB' where name = 'work_mem';",
        "perform query_to_xml('select 1', true, true, '');",
        "perform crosstab(q);",
        "perform dblink('c', q);",
        "perform pg_advisory_lock(1);",
      })
  void theCensusFindsFunctionsThatMayLeaveSomething(String body) throws Exception {
    function(body);
    assertEquals(Set.of("census"), asked(false, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "new.updated_at := now();",
        "update t set i = 1; insert into t values (1) on conflict do update set i = 2;",
        "perform setting from pg_settings; perform current_setting('app.a', true);",
        "perform pg_advisory_xact_lock(1);",
      })
  void theCensusFindsNothingInHarmlessFunctions(String body) throws Exception {
    function(body);
    run(direct, "create view v as select *, length(s), current_setting('app.a', true) from t");
    run(direct, "create policy p on t using (s = current_setting('app.a'))");
    run(direct, "create domain d as text check (value <> '')");
    Set<String> found = asked(false, true);
    found.remove(body.contains("advisory") ? "census" : "");
    assertEquals(Set.of(), found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create view v as select set_config('app.a', '1', false) | read 2078",
        "create view v as select pg_try_advisory_lock(1) | read 2882",
        "create view v as select query_to_xml('select 1', true, true, '') | read 2924",
        "create policy p on t using (pg_try_advisory_lock(1, 2)) | read 2888",
        "create domain d as text check (set_config('app.a', value, false) <> '') | read 2078",
        "alter table t add u text default set_config('app.a', '1', false) | write 2078",
        "alter table t add u text default setseed(0.5)::text | write 1599",
        "alter table t add check (pg_advisory_lock(i)::text = '') | write 2880",
        "create rule r as on delete to t do also select set_config('app.a', '1', false) | write 2078",
        "create rule r as on update to t where set_config('app.a', '1', false) = '' do nothing"
            + " | write 2078",
        "create function f(v text default set_config('app.a', '1', false)) returns text"
            + " language sql as 'select v' | call 2078",
      })
  void theCensusFindsExpressionsThatMayLeaveSomething(String both) throws Exception {
    run(direct, both.substring(0, both.indexOf('|')));
    Set<String> found = asked(false, true);
    found.remove("census"); // the source of f is its whole definition
    assertEquals(Set.of(both.substring(both.indexOf('|') + 2)), found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create view v as select inner_one()",
        "create view v as select outer_one()",
        "create policy p on t using (outer_one() = '')",
        "create domain d as text check (outer_one() <> value)",
        "create operator === (function = compared, leftarg = text, rightarg = text)",
        "create cast (int as t) with function row_of(int)",
        "create aggregate sum_of (text) (sfunc = folded, stype = text);"
            + " create view v as select sum_of(s) from t",
        "create function defaulted(k text default outer_one()) returns text language sql as"
            + " 'select k'; create view v as select defaulted(s) from t",
        "create function of_row(r t, k text default '') returns text language sql as"
            + " 'select outer_one()'",
      })
  void theCensusFindsFunctionsThatASelectMayReach(String sql) throws Exception {
    run(
        direct,
        "create function inner_one() returns text language plpgsql as"
            + " $$ begin return set_config('app.a', '1', false); end $$;"
            + "create function middle_one() returns text begin atomic select inner_one(); end;"
            + "create function outer_one() returns text language sql as 'select Middle_One()';"
            + "create function compared(a text, b text) returns boolean language sql as"
            + " 'select outer_one() = a';"
            + "create function row_of(a int) returns t language sql as"
            + " 'select 1, outer_one()';"
            + "create function folded(a text, b text) returns text language sql as"
            + " 'select outer_one()';"
            + "create function harmless() returns text language sql as 'select 1::text';"
            + "create view w as select harmless()");
    assertEquals(Set.of("census"), asked(false, true));
    run(direct, sql);
    assertEquals(Set.of("census", "reads"), asked(false, true));
  }

  private static void manyFunctions(int count) throws Exception {
    String each =
        "execute format('create function many_%s(k int) returns int language sql as"
            + " $$ select many_%s(k) + 1 $$', i, (i * 7) % "
            + (count + "); if i % 50 = 0 then")
            + " execute format('create view v_%s as select many_%s(i) from t', i, i); end if;";
    String all = "for i in 0.." + (count - 1) + " loop " + each + " end loop;";
    run(direct, "do $do$ begin " + all + " end $do$");
  }

  /** Needs the way to be gone from what leaves something: else all pairs are compared. */
  @Test
  void theCensusOfManyFunctionsReadsEachAFewTimes() throws Exception {
    manyFunctions(5000);
    assertEquals(Set.of(), asked(false, true));
    assertTrue(rowsRead(census(), "") < 100_000, "where nothing leaves anything");
    run(direct, "create function leaves() returns void language sql as 'reset all'");
    assertEquals(Set.of("census"), asked(false, true));
    assertTrue(rowsRead(census(), "") < 150_000, "where one does that nobody calls");
  }

  /** Needs the names told by the census. */
  @Test
  void aQuestionReadsOnlyTheSourcesThatAreNew() throws Exception {
    manyFunctions(100);
    function("perform set_config('app.a', 'v', false);");
    CodeNames known = told();
    assertEquals(202, rowsRead(question(CodeNames.UNKNOWN), "Subquery Scan on p"));
    assertEquals(0, rowsRead(question(known), "Subquery Scan on p"));
    function("return k;", "g");
    assertEquals(2, rowsRead(question(known), "Subquery Scan on p"));
  }

  /** Rows that steps of a plan have looked at, all or those of a kind. */
  private static long rowsRead(String sql, String step) throws Exception {
    String explain = "explain (analyze, costs off, timing off, summary off, buffers off) ";
    long rows = 0;
    long loops = 0;
    for (List<@Nullable String> row : RawPgClient.rows(run(direct, explain + sql)).toList()) {
      String line = String.valueOf(row.getFirst());
      Matcher read = READ.matcher(line);
      Matcher removed = REMOVED.matcher(line);
      if (read.find()) {
        loops = line.contains(step) ? Long.parseLong(read.group(2)) : 0;
        rows += Math.round(Double.parseDouble(read.group(1)) * loops);
      } else if (removed.find()) {
        rows += Long.parseLong(removed.group(1)) * loops;
      } else if (line.contains("(never executed)")) {
        loops = 0;
      }
    }
    return rows;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create view v as select set_config('app.' || s, '1', false) from t",
        "create policy p on t using (set_config(s, '1', false) = '')",
        "alter table t add u text default setseed(0.5)::text",
        "create rule r as on delete to t do also select set_config(old.s, '1', false)",
      })
  void namesThatAnExpressionPutsTogetherAreHidden(String sql) throws Exception {
    run(direct, "create view told as select set_config('app.a', '1', false)");
    assertEquals(Set.of(), asked(true, true));
    run(direct, sql);
    assertEquals(Set.of("hidden"), asked(true, true));
    assertTrue(asked(false, false).isEmpty(), "not looked for");
  }
}
