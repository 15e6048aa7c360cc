package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What each text may leave on a backend, and what it clears: {@code text -> footprint, -cleared}.
 */
class PgFootprintTest {

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SELECT 1                                              -> none
          SET work_mem = '1MB'                                  -> SETTING
          /* x */ sEt --y\\n foo = 1                             -> SETTING
          /* a /* nested */ b */ SET foo TO bar                 -> SETTING
          SET SESSION foo = 1                                   -> SETTING
          SET LOCAL foo = 1                                     -> none
          SET LOCAL "foo" = 1                                   -> none
          SET LOCAL seed = 0.5                                  -> SEED
          SET LOCAL seed.x = 0.5                                -> none
          SET local.foo = 1                                     -> SETTING
          SET local . foo = 1                                   -> SETTING
          SET session.foo = 1                                   -> SETTING
          SET transaction.foo = 1                               -> SETTING
          SET role.foo = 1                                      -> SETTING
          SET "local".foo = 1                                   -> SETTING
          SET TIME ZONE 'UTC'                                   -> SETTING
          SET LOCAL TIME ZONE 'UTC'                             -> none
          SET NAMES 'utf8'                                      -> SETTING
          SET TRANSACTION ISOLATION LEVEL SERIALIZABLE          -> none
          SET SESSION TRANSACTION READ ONLY                     -> none
          SET TRANSACTION SNAPSHOT '00000003-1'                 -> none
          SET CONSTRAINTS ALL DEFERRED                          -> none
          SET CONSTRAINTS a.b, c IMMEDIATE                      -> none
          SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY  -> SETTING
          SET LOCAL SESSION AUTHORIZATION joe                   -> none
          SET SESSION AUTHORIZATION joe                         -> ROLE
          SET SESSION SESSION AUTHORIZATION joe                 -> ROLE
          SET session_authorization = joe                       -> ROLE
          SET ROLE joe                                          -> ROLE
          SET SESSION ROLE NONE                                 -> ROLE
          SET role TO joe                                       -> ROLE
          SET "role" = joe                                      -> ROLE
          SET LOCAL ROLE joe                                    -> none
          SET seed = 0.5                                        -> SETTING SEED
          SET search_path = public, pg_temp                     -> SETTING
          SET search_path = pg_temp, public                     -> SETTING TEMP_TABLE
          SET LOCAL search_path TO 'pg_temp'                    -> TEMP_TABLE
          SET SCHEMA 'pg_temp'                                  -> SETTING TEMP_TABLE
          SET search_path = E'pg\\137temp'                       -> SETTING TEMP_TABLE
          SET search_path = 'a', 'it''s'                        -> SETTING
          SELECT set_config('search_path', E'pg\\137temp', true) -> TEMP_TABLE
          SELECT set_config('app.user', 'O''Brien', true)       -> none
          RESET foo                                             -> SETTING
          RESET ROLE                                            -> ROLE
          RESET SESSION AUTHORIZATION                           -> ROLE
          RESET ALL                                             -> -SETTING
          DISCARD ALL                                           -> -SETTING -ROLE -PREPARED -LISTEN -TEMP_TABLE -HOLD_CURSOR -ADVISORY_LOCK -SEQUENCE_VALUE
          DISCARD TEMP                                          -> -TEMP_TABLE
          DISCARD TEMPORARY                                     -> -TEMP_TABLE
          DISCARD SEQUENCES                                     -> -SEQUENCE_VALUE
          DISCARD PLANS                                         -> none
          SELECT set_config('a.b', 'c', false)                  -> SETTING
          SELECT set_config('a.b', 'c', true)                   -> none
          SELECT set_config('a.b', 'c', TRUE )                  -> none
          SELECT set_config('a.b', $1, true)                    -> none
          SELECT set_config('a.b', 'c', $1)                     -> SETTING
          SELECT set_config('a.b', 'c', 't')                    -> SETTING
          SELECT set_config('a.b', 'c', true and false)         -> SETTING
          SELECT set_config('a.b', 'c', not true)               -> SETTING
          SELECT set_config('a.b', f('c', true), false)         -> SETTING UNKNOWN_FUNCTION
          SELECT set_config('a.b', f('c', false), true)         -> UNKNOWN_FUNCTION
          SELECT set_config($1, $2, $3)                         -> SETTING ROLE SEED
          SELECT set_config($1, $2, true)                       -> none
          SELECT set_config('role', 'joe', false)               -> ROLE
          SELECT set_config('RoLe', 'joe', false)               -> ROLE
          SELECT set_config('ro'||'le', 'joe', false)           -> SETTING ROLE SEED
          SELECT set_config(E'ro\\\\154e', 'joe', false)          -> SETTING ROLE SEED
          SELECT set_config('ro'\\n'le', 'joe', false)           -> SETTING ROLE SEED
          SELECT set_config('session_authorization', 'x', false) -> ROLE
          SELECT set_config('seed', '1', true)                  -> SEED
          SELECT set_config('search_path', 'pg_temp', true)     -> TEMP_TABLE
          SELECT set_config(is_local => true, new_value => 'x', setting_name => 'y') -> SETTING ROLE SEED
          SELECT set_config('a', set_config('b', 'c', false), true) -> SETTING ROLE SEED
          SELECT set_config('a','b',true), set_config('c','d',false) -> SETTING
          SELECT pg_catalog.set_config('a', 'b', false)         -> SETTING
          SELECT "set_config" ('a', 'b', false)                 -> SETTING
          SELECT pg_catalog . "set_config" /* x */ ('a', 'b', false) -> SETTING
          SELECT U&"s\\0065t_config"('a', 'b', true)             -> UNKNOWN
          SELECT * FROM SET_CONFIG('a', 'b', false)             -> SETTING
          SELECT 'set_config(1,2,3)', $$setseed(1)$$            -> none
          SELECT set_config FROM t                              -> none
          SELECT -- set_config('a','b',false)\\n 1               -> none
          UPDATE pg_settings SET setting = '1' WHERE name = 'x' -> SETTING ROLE
          UPDATE pg_catalog."pg_settings" SET setting = '1'     -> SETTING ROLE
          SELECT * FROM pg_settings                             -> none
          PREPARE p AS SELECT 1                                 -> PREPARED
          PREPARE transaction AS SELECT 1                       -> PREPARED
          PREPARE p (int) AS SELECT set_config('a', 'b', false) -> PREPARED SETTING
          PREPARE TRANSACTION 'x'                               -> none
          DEALLOCATE p                                          -> DEALLOCATE
          DEALLOCATE PREPARE p                                  -> DEALLOCATE
          DEALLOCATE ALL                                        -> DEALLOCATE -PREPARED
          DEALLOCATE PREPARE ALL                                -> DEALLOCATE -PREPARED
          EXECUTE p(1)                                          -> CODE
          CREATE TABLE t AS EXECUTE p                           -> CODE
          LISTEN c                                              -> LISTEN
          UNLISTEN c                                            -> none
          UNLISTEN *                                            -> -LISTEN
          NOTIFY c, 'x'                                         -> none
          LOAD 'auto_explain'                                   -> LOAD
          CREATE TEMP TABLE t (a int)                           -> TEMP_TABLE
          CREATE TEMPORARY TABLE t (a int)                      -> TEMP_TABLE
          create local temp table if not exists t (a int)       -> TEMP_TABLE
          CREATE GLOBAL TEMPORARY TABLE t (a int)               -> TEMP_TABLE
          CREATE TEMP SEQUENCE s                                -> TEMP_TABLE
          CREATE OR REPLACE TEMP VIEW v AS SELECT 1             -> TEMP_TABLE
          CREATE TEMP RECURSIVE VIEW v (a) AS SELECT 1          -> TEMP_TABLE
          CREATE TEMP TABLE t ON COMMIT DELETE ROWS AS SELECT 1 -> TEMP_TABLE
          CREATE TEMP TABLE t (a int) ON COMMIT DROP            -> none
          CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1        -> none
          CREATE TEMP TABLE t (a text DEFAULT 'ON COMMIT DROP') -> TEMP_TABLE
          CREATE TABLE pg_temp.t (a int)                        -> TEMP_TABLE
          CREATE TABLE "pg_temp" . t (a int)                    -> TEMP_TABLE
          CREATE TABLE pg_temp_3.t (a int)                      -> TEMP_TABLE
          CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql RETURN 1 -> TEMP_TABLE
          CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_temp AS 'x' -> none
          CREATE TABLE temp (temporary int)                     -> none
          SELECT 1 INTO TEMP t                                  -> TEMP_TABLE
          SELECT 1 INTO LOCAL TEMPORARY TABLE t                 -> TEMP_TABLE
          SELECT 1 INTO pg_temp.t                               -> TEMP_TABLE
          WITH x AS (SELECT 1) SELECT * INTO TEMP t FROM x      -> TEMP_TABLE
          SELECT 1 INTO t                                       -> none
          SELECT temp, temporary FROM weather                   -> none
          INSERT INTO temp VALUES (1)                           -> none
          DECLARE c CURSOR WITH HOLD FOR SELECT 1               -> HOLD_CURSOR
          DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1 -> HOLD_CURSOR
          DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1            -> none
          DECLARE c CURSOR FOR SELECT 1                         -> none
          CLOSE c                                               -> none
          CLOSE ALL                                             -> -HOLD_CURSOR
          SELECT pg_advisory_lock(1)                            -> ADVISORY_LOCK
          SELECT pg_advisory_lock_shared(1, 2)                  -> ADVISORY_LOCK
          SELECT pg_try_advisory_lock(1)                        -> ADVISORY_LOCK
          SELECT pg_try_advisory_lock_shared(1)                 -> ADVISORY_LOCK
          SELECT PG_CATALOG.PG_TRY_ADVISORY_LOCK(1)             -> ADVISORY_LOCK
          SELECT pg_advisory_xact_lock(1)                       -> none
          SELECT pg_try_advisory_xact_lock_shared(1)            -> none
          SELECT pg_advisory_unlock(1)                          -> none
          SELECT pg_advisory_unlock_all()                       -> -ADVISORY_LOCK
          SELECT pg_advisory_unlock_all(); SELECT pg_advisory_lock(1) -> ADVISORY_LOCK
          SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock_all() -> ADVISORY_LOCK -ADVISORY_LOCK
          SELECT setseed(0.5)                                   -> SEED
          SELECT currval('s')                                   -> SEQUENCE_VALUE
          SELECT lastval()                                      -> SEQUENCE_VALUE
          SELECT nextval('s'), setval('s', 1)                   -> none
          INSERT INTO t VALUES (currval('s'))                   -> SEQUENCE_VALUE
          DO $$ BEGIN PERFORM 1; END $$                         -> CODE
          CALL p(1)                                             -> CODE
          SELECT query_to_xml('select 1', true, true, '')       -> CODE
          CREATE EXTENSION x                                    -> CODE
          EXPLAIN ANALYZE SELECT set_config('a', 'b', false)    -> SETTING
          EXPLAIN (ANALYZE, COSTS off) CREATE TEMP TABLE t AS SELECT 1 -> TEMP_TABLE
          EXPLAIN ANALYZE EXECUTE p                             -> CODE
          COPY (SELECT set_config('a', 'b', false)) TO STDOUT   -> SETTING
          SET a = 1; SET b = 2                                  -> SETTING
          SELECT 1; /* ; */ SET b = 2                           -> SETTING
          SELECT ';'; SELECT 1                                  -> none
          FOO BAR                                               -> UNKNOWN
          SELECT 'unterminated                                  -> UNKNOWN
          SELECT (1                                             -> UNKNOWN
          SELECT /* unterminated                                -> UNKNOWN
          SELECT $a$ unterminated $b$                           -> UNKNOWN
          """)
  void leavesAndClears(String text, String expected) {
    String sql = text.replace("\\n", "\n").replace("\\\\", "\\");
    StatementFacts facts = PgTexts.facts(sql);
    Set<Footprint> leaves = EnumSet.noneOf(Footprint.class);
    Set<Footprint> clears = EnumSet.noneOf(Footprint.class);
    if (!expected.equals("none")) {
      for (String reason : Pattern.compile(" +").split(expected)) {
        if (reason.startsWith("-")) {
          clears.add(Footprint.valueOf(reason.substring(1)));
        } else {
          leaves.add(Footprint.valueOf(reason));
        }
      }
    }
    assertEquals(leaves, facts.footprints());
    Set<Footprint> cleared = EnumSet.allOf(Footprint.class);
    cleared.removeIf(reason -> !facts.clears(reason));
    assertEquals(clears, cleared);
  }
}
