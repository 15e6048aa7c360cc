package dev.pooler.server.postgres;

import static dev.pooler.server.postgres.TwoBackends.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Footprint;
import dev.pooler.postgres.session.SessionQuestion;
import dev.pooler.testkit.wire.RawPgClient;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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

  private static RawPgClient direct;

  @BeforeAll
  static void start() throws Exception {
    try (RawPgClient admin = SharedServer.direct()) {
      admin.query("drop database if exists " + DATABASE + " with (force)");
      run(admin, "create database " + DATABASE);
    }
    direct =
        RawPgClient.session(
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
            census && !trees ? 0 : Footprint.SETTING.bit(), Set.of(), code, census && !trees);
    RawPgClient.rows(run(direct, sql))
        .forEach(row -> {
          boolean tree = "tree".equals(row.getFirst());
          kinds.add(tree ? row.get(2) + " " + row.get(1) : row.getFirst());
        });
    kinds.remove("setting");
    return kinds;
  }

  private static void function(String body) throws Exception {
    run(
        direct,
        "create function f(k text, q text, r record) returns text language plpgsql as $body$"
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
    String sql =
        SessionQuestion.of(
            Footprint.SETTING.bit(), Set.of(), SessionQuestion.Code.FUNCTIONS, false);
    try {
      List<String> custom =
          RawPgClient.rows(run(direct, sql))
              .map(row -> row.get(1) + " " + row.get(2))
              .filter(row -> row.startsWith("app."))
              .sorted()
              .toList();
      assertEquals(List.of("app.a one", "app.standard two"), custom);
    } finally {
      run(direct, "reset all");
    }
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
            + "create function harmless() returns text language sql as 'select 1::text';"
            + "create view w as select harmless()");
    assertEquals(Set.of("census"), asked(false, true));
    run(direct, sql);
    assertEquals(Set.of("census", "reads"), asked(false, true));
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
