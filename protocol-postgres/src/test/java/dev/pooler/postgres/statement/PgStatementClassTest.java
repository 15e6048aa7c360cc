package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementTrait;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code text -> number of statements, class of the first, traits}. */
class PgStatementClassTest {

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          ;                                               -> 0 EMPTY
          ;; -- nothing\\n ; /* at ; all */                -> 0 EMPTY
          SELECT 1                                        -> 1 READ READ_ONLY
          select 1;                                       -> 1 READ READ_ONLY
          ; SELECT 1 ; ;                                  -> 1 READ READ_ONLY
          (SELECT 1) UNION (SELECT 2)                     -> 1 READ READ_ONLY
          ((VALUES (1), (2)))                             -> 1 READ READ_ONLY
          TABLE t                                         -> 1 READ READ_ONLY
          WITH x AS (SELECT 1) SELECT * FROM x            -> 1 READ READ_ONLY
          WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x -> 1 WRITE CREATES
          WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x -> 1 WRITE CREATES
          WITH x AS (SELECT 1) MERGE INTO t USING x ON true WHEN MATCHED THEN DELETE -> 1 WRITE CREATES
          SELECT "insert", 'update', $$delete$$ FROM t    -> 1 READ READ_ONLY
          SELECT substring(a for 3) FROM t                -> 1 READ READ_ONLY
          SELECT * FROM t FOR UPDATE                      -> 1 WRITE
          SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED   -> 1 WRITE
          SELECT * FROM t FOR KEY SHARE                   -> 1 WRITE
          SELECT 1 INTO t                                 -> 1 WRITE CREATES
          SELECT nextval('s')                             -> 1 READ ADVANCES_SEQUENCE
          SELECT pg_advisory_lock(1)                      -> 1 READ
          SELECT 1; SHOW x                                -> 2 READ READ_ONLY
          SELECT 1; DELETE FROM t                         -> 2 READ
          SHOW search_path                                -> 1 SHOW READ_ONLY
          INSERT INTO t VALUES (1)                        -> 1 WRITE
          UPDATE t SET a = 1                              -> 1 WRITE
          DELETE FROM t                                   -> 1 WRITE
          MERGE INTO t USING s ON a = b WHEN MATCHED THEN DO NOTHING -> 1 WRITE
          TRUNCATE t                                      -> 1 WRITE
          BEGIN                                           -> 1 BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN
          begin work;                                     -> 1 BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN
          /* x */ BEGIN TRANSACTION -- y                  -> 1 BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN
          ; START TRANSACTION ;;                          -> 1 BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN
          BEGIN READ WRITE                                -> 1 BEGIN CONTROLS_TRANSACTION
          BEGIN WORK DEFERRABLE                           -> 1 BEGIN CONTROLS_TRANSACTION
          BEGIN; BEGIN                                    -> 2 BEGIN CONTROLS_TRANSACTION
          BEGIN; SELECT 1                                 -> 2 BEGIN CONTROLS_TRANSACTION
          SELECT 1; BEGIN                                 -> 2 READ CONTROLS_TRANSACTION
          (BEGIN)                                         -> 1 BEGIN CONTROLS_TRANSACTION
          EXPLAIN BEGIN                                   -> 1 READ CONTROLS_TRANSACTION
          BEGIN "work"                                    -> 1 BEGIN CONTROLS_TRANSACTION
          BEGIN ()                                        -> 1 BEGIN CONTROLS_TRANSACTION
          DROP TABLE t                                    -> 1 DDL LETS_GO
          drop schema if exists s cascade                 -> 1 DDL LETS_GO
          CLOSE c                                         -> 1 CURSOR LETS_GO
          CLOSE ALL                                       -> 1 CURSOR LETS_GO
          UNLISTEN c                                      -> 1 UTILITY LETS_GO TOUCHES_CHANNELS
          UNLISTEN *                                      -> 1 UTILITY LETS_GO TOUCHES_CHANNELS
          LISTEN c                                        -> 1 UTILITY TOUCHES_CHANNELS
          NOTIFY c, 'x'                                   -> 1 UTILITY TOUCHES_CHANNELS
          SELECT pg_notify('c', 'x')                      -> 1 READ TOUCHES_CHANNELS
          TABLE pg_catalog.pg_listening_channels()        -> 1 READ TOUCHES_CHANNELS
          SELECT notify, pg_notify FROM listen            -> 1 READ READ_ONLY
          DEALLOCATE p                                    -> 1 UTILITY LETS_GO
          DEALLOCATE ALL                                  -> 1 UTILITY LETS_GO
          DISCARD TEMP                                    -> 1 UTILITY LETS_GO
          SELECT pg_advisory_unlock(1)                    -> 1 READ LETS_GO
          SELECT pg_catalog.pg_advisory_unlock_shared(1)  -> 1 READ LETS_GO
          SELECT 1; SELECT "pg_advisory_unlock_all"()     -> 2 READ LETS_GO
          INSERT INTO t SELECT pg_advisory_unlock($1)     -> 1 WRITE LETS_GO
          ALTER TABLE t DROP COLUMN a                     -> 1 DDL
          ROLLBACK; DROP TABLE t                          -> 2 ROLLBACK CONTROLS_TRANSACTION LETS_GO DEFINES
          INSERT INTO t VALUES (1); SELECT 1              -> 2 WRITE
          CREATE TEMP TABLE t (i int); SELECT 1           -> 2 DDL
          CREATE TEMP TABLE t AS SELECT f()               -> 1 DDL
          CREATE TABLE pg_temp.t (i int)                  -> 1 DDL
          CREATE TEMP VIEW v AS SELECT 1                  -> 1 DDL
          CREATE TEMP VIEW v AS SELECT f()                -> 1 DDL DEFINES
          CREATE FUNCTION pg_temp.f() RETURNS int AS 'x'  -> 1 DDL DEFINES
          CREATE TEMP TABLE t (i int DEFAULT set_config('a', 'b', true)::int) -> 1 DDL SETS_LOCALLY
          CREATE TEMP TABLE t (a text DEFAULT set_config('a', 'b', false)) -> 1 DDL SETS_LOCALLY DEFINES
          SELECT pg_advisory_unlock, 'DROP TABLE t'       -> 1 READ READ_ONLY
          begin isolation level serializable              -> 1 BEGIN CONTROLS_TRANSACTION
          START TRANSACTION READ ONLY                     -> 1 BEGIN CONTROLS_TRANSACTION
          START                                           -> 1 UNKNOWN REFUSES_TRANSACTION
          COMMIT WORK                                     -> 1 COMMIT CONTROLS_TRANSACTION
          END                                             -> 1 COMMIT CONTROLS_TRANSACTION
          COMMIT AND CHAIN                                -> 1 COMMIT CONTROLS_TRANSACTION CHAINS
          COMMIT AND NO CHAIN                             -> 1 COMMIT CONTROLS_TRANSACTION
          END TRANSACTION AND CHAIN                       -> 1 COMMIT CONTROLS_TRANSACTION CHAINS
          ROLLBACK                                        -> 1 ROLLBACK CONTROLS_TRANSACTION
          ABORT AND CHAIN                                 -> 1 ROLLBACK CONTROLS_TRANSACTION CHAINS
          ROLLBACK TO a                                   -> 1 SAVEPOINT CONTROLS_TRANSACTION
          ROLLBACK WORK TO SAVEPOINT a                    -> 1 SAVEPOINT CONTROLS_TRANSACTION
          SAVEPOINT a                                     -> 1 SAVEPOINT CONTROLS_TRANSACTION
          RELEASE a                                       -> 1 SAVEPOINT CONTROLS_TRANSACTION
          PREPARE TRANSACTION 'x'                         -> 1 TWO_PHASE CONTROLS_TRANSACTION
          PREPARE TRANSACTION 'pg_temp1'                  -> 1 TWO_PHASE CONTROLS_TRANSACTION
          PREPARE TRANSACTION $$it's$$                    -> 1 TWO_PHASE CONTROLS_TRANSACTION
          COMMIT PREPARED 'x'                             -> 1 TWO_PHASE CONTROLS_TRANSACTION REFUSES_TRANSACTION
          ROLLBACK PREPARED 'x'                           -> 1 TWO_PHASE CONTROLS_TRANSACTION REFUSES_TRANSACTION
          SELECT 1; BEGIN; SELECT 2                       -> 3 READ CONTROLS_TRANSACTION
          SELECT 'BEGIN;'; /* ; BEGIN */ SELECT 2         -> 2 READ READ_ONLY
          SELECT 1;/**/bEgIn                              -> 2 READ CONTROLS_TRANSACTION
          SELECT $x$;BEGIN;$x$, $1                        -> 1 READ READ_ONLY
          SELECT E'\\\\';BEGIN;--'                          -> 1 READ READ_ONLY
          SELECT E'a'\\n'\\\\';BEGIN;--'                     -> 1 READ READ_ONLY READS_CLOCK
          SELECT E'a' '\\\\';BEGIN;--'                      -> 2 READ CONTROLS_TRANSACTION
          SELECT '\\\\';BEGIN;--'                           -> 2 READ CONTROLS_TRANSACTION
          SELECT U&'\\\\';BEGIN;--'                         -> 2 READ CONTROLS_TRANSACTION READS_CLOCK
          SELECT 1 AS "a;BEGIN;""b"                       -> 1 READ READ_ONLY
          SELECT a$$b$$;BEGIN;SELECT $$ FROM t$$          -> 3 READ CONTROLS_TRANSACTION
          SELECT 5--3;BEGIN\\n                             -> 1 READ READ_ONLY
          SELECT 1 --\\r;BEGIN                             -> 2 READ CONTROLS_TRANSACTION
          SELECT 1 +/* */ 2                               -> 1 READ READ_ONLY
          SELECT 1UNION SELECT 2INTO t                    -> 1 WRITE CREATES
          SET a = 1                                       -> 1 SET
          RESET a                                         -> 1 SET
          CREATE TABLE t (a int)                          -> 1 DDL CREATES
          CREATE TEMP TABLE t (a int) ON COMMIT DROP      -> 1 DDL TEMP_TABLE_UNTIL_COMMIT
          CREATE DATABASE d                               -> 1 DDL REFUSES_TRANSACTION
          DROP DATABASE d                                 -> 1 DDL REFUSES_TRANSACTION LETS_GO
          CREATE TABLESPACE s LOCATION '/x'               -> 1 DDL REFUSES_TRANSACTION
          DROP TABLESPACE s                               -> 1 DDL REFUSES_TRANSACTION LETS_GO
          ALTER DATABASE d SET TABLESPACE s               -> 1 DDL REFUSES_TRANSACTION
          ALTER DATABASE d SET work_mem = 1               -> 1 DDL
          CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)     -> 1 DDL REFUSES_TRANSACTION
          CREATE INDEX i ON t (a)                         -> 1 DDL CREATES
          DROP INDEX CONCURRENTLY i                       -> 1 DDL REFUSES_TRANSACTION LETS_GO
          REINDEX (VERBOSE) TABLE CONCURRENTLY t          -> 1 UTILITY REFUSES_TRANSACTION
          ALTER TABLE t DETACH PARTITION p CONCURRENTLY   -> 1 DDL REFUSES_TRANSACTION
          ALTER SYSTEM SET a = 1                          -> 1 DDL REFUSES_TRANSACTION
          CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p -> 1 DDL REFUSES_TRANSACTION
          ALTER SUBSCRIPTION s REFRESH PUBLICATION        -> 1 DDL REFUSES_TRANSACTION
          DROP SUBSCRIPTION s                             -> 1 DDL REFUSES_TRANSACTION LETS_GO
          VACUUM                                          -> 1 UTILITY REFUSES_TRANSACTION
          VACUUM (FULL) t                                 -> 1 UTILITY REFUSES_TRANSACTION
          CLUSTER                                         -> 1 UTILITY REFUSES_TRANSACTION
          DISCARD ALL                                     -> 1 UTILITY REFUSES_TRANSACTION LETS_GO TOUCHES_CHANNELS
          CALL p()                                        -> 1 CALL REFUSES_TRANSACTION
          DO 'x'                                          -> 1 CALL REFUSES_TRANSACTION
          EXECUTE p                                       -> 1 CALL
          ANALYZE t                                       -> 1 UTILITY
          GRANT SELECT ON t TO joe                        -> 1 DDL
          LOCK TABLE t                                    -> 1 UTILITY
          COPY t FROM STDIN                               -> 1 COPY
          DECLARE c CURSOR FOR SELECT 1                   -> 1 CURSOR
          FETCH ALL FROM c                                -> 1 CURSOR
          EXPLAIN SELECT 1                                -> 1 READ READ_ONLY
          EXPLAIN INSERT INTO t VALUES (1)                -> 1 READ
          EXPLAIN ANALYZE INSERT INTO t VALUES (1)        -> 1 WRITE
          EXPLAIN ANALYZE VERBOSE DELETE FROM t           -> 1 WRITE
          EXPLAIN (FORMAT json, ANALYZE) UPDATE t SET a = 1 -> 1 WRITE
          EXPLAIN (COSTS off) (SELECT 1)                  -> 1 READ READ_ONLY
          EXPLAIN ((SELECT 1) UNION SELECT 2)             -> 1 READ READ_ONLY
          EXPLAIN                                         -> 1 UNKNOWN REFUSES_TRANSACTION
          "select" 1                                      -> 1 UNKNOWN REFUSES_TRANSACTION
          SELEC 1                                         -> 1 UNKNOWN REFUSES_TRANSACTION
          SELECT 1); BEGIN                                -> 2 UNKNOWN CONTROLS_TRANSACTION REFUSES_TRANSACTION DEFINES
          CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2) -> 1 DDL CREATES
          CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END -> 1 DDL CREATES
          CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 1 -> 2 DDL CREATES DEFINES
          CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; END; COMMIT -> 2 DDL CONTROLS_TRANSACTION CREATES DEFINES
          CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; -> 1 UNKNOWN REFUSES_TRANSACTION
          CREATE FUNCTION f(begin atomic) RETURNS int AS 'x'; BEGIN -> 2 DDL CONTROLS_TRANSACTION CREATES DEFINES
          CREATE VIEW v AS SELECT 1; BEGIN                -> 2 DDL CONTROLS_TRANSACTION CREATES DEFINES
          """)
  void isOfThisClassAndHasTheseTraits(String text, String expected) {
    String sql = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\");
    assertEquals(expected, describe(PgTexts.facts(sql)));
  }

  private static String describe(StatementFacts facts) {
    List<String> words = new ArrayList<>();
    words.add(Integer.toString(facts.statements()));
    words.add(facts.first().name());
    for (StatementTrait trait : List.of(StatementTrait.values())) {
      if (facts.is(trait)) {
        words.add(trait.name());
      }
    }
    return String.join(" ", words);
  }

  @ParameterizedTest
  @CsvSource({"on, READ, 2", "off, READ, 1"})
  void backslashesEscapeOnlyWithNonConformingStrings(
      String conforming, StatementClass type, int statements) {
    StatementFacts facts =
        PgTexts.facts(PgDialects.of(conforming.equals("on"), "UTF8"), "SELECT '\\';BEGIN;--'");
    assertEquals(type, facts.first());
    assertEquals(statements, facts.statements());
  }
}
