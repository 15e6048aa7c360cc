package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each text does or reads: {@code text -> class and traits | footprint}. */
class MyTraitsTest {

  @Tag("mysql-case-07")
  @Tag("mysql-case-33")
  @Tag("mysql-case-36")
  @Tag("mysql-case-37")
  @Tag("mysql-case-38")
  @Tag("mysql-case-40")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          BEGIN;                                       -> BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN COMMITS_IMPLICITLY
          ;; begin work ; ;                            -> BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN COMMITS_IMPLICITLY
          START/**/TRANSACTION                         -> BEGIN CONTROLS_TRANSACTION PLAIN_BEGIN COMMITS_IMPLICITLY
          START TRANSACTION READ WRITE                 -> BEGIN CONTROLS_TRANSACTION COMMITS_IMPLICITLY
          start transaction with/**/consistent snapshot -> BEGIN CONTROLS_TRANSACTION COMMITS_IMPLICITLY SNAPSHOT
          BEGIN; BEGIN                                 -> 2 BEGIN CONTROLS_TRANSACTION COMMITS_IMPLICITLY
          COMMIT AND NO CHAIN RELEASE                  -> COMMIT CONTROLS_TRANSACTION RELEASES
          ROLLBACK WORK AND CHAIN                      -> ROLLBACK CONTROLS_TRANSACTION CHAINS
          rollback/**/to `a`                           -> SAVEPOINT CONTROLS_TRANSACTION
          SET autocommit=1                             -> SET CONTROLS_TRANSACTION COMMITS_IMPLICITLY | SETTING
          SET @@session.`autocommit` = 0               -> SET CONTROLS_TRANSACTION COMMITS_IMPLICITLY | SETTING
          SET @a = 1, autocommit = 0                   -> SET CONTROLS_TRANSACTION COMMITS_IMPLICITLY | SETTING USER_VARIABLE
          SET GLOBAL autocommit = 0                    -> SET SETS_GLOBALLY
          SELECT @@autocommit                          -> READ READ_ONLY
          XA START 'a'; XA END 'a'                     -> 2 TWO_PHASE CONTROLS_TRANSACTION | BRANCH
          XA END 'a'; XA COMMIT 'a' ONE PHASE          -> 2 TWO_PHASE CONTROLS_TRANSACTION LETS_GO | BRANCH -BRANCH
          CREATE TABLE t (a int)                       -> DDL CREATES COMMITS_IMPLICITLY
          SELECT 1; CREATE TABLE t (a int)             -> 2 READ CREATES DEFINES COMMITS_IMPLICITLY
          """)
  void transactions(String text, String expected) {
    assertFacts(expected, text);
  }

  @Tag("mysql-case-62")
  @Tag("mysql-case-63")
  @Tag("mysql-case-64")
  @Tag("mysql-case-65")
  @Tag("mysql-case-66")
  @Tag("mysql-case-67")
  @Tag("mysql-case-68")
  @Tag("mysql-case-69")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SELECT last_insert_id() AS x FROM DUAL LIMIT 1; -> READ READS_INSERT_ID
          SELECT LAST_INSERT_ID/**/( )                 -> READ READS_INSERT_ID
          SELECT `last_insert_id`()                    -> READ READS_INSERT_ID
          INSERT INTO t VALUES (LAST_INSERT_ID())      -> WRITE READS_INSERT_ID
          UPDATE t SET a = LAST_INSERT_ID(a + 1)       -> WRITE READS_INSERT_ID | INSERT_ID
          SELECT @@identity                            -> READ READS_INSERT_ID
          SELECT @@SESSION . `Identity`                -> READ READS_INSERT_ID
          SELECT @@/**/last_insert_id                  -> READ READS_INSERT_ID
          SELECT identity, last_insert_id FROM t       -> READ READ_ONLY
          SELECT * FROM t WHERE id is /**/ null        -> READ READ_ONLY TESTS_NULL
          SELECT found_rows ()                         -> READ READS_FOUND_ROWS
          SELECT/**/sql_calc_found_rows 1              -> READ COUNTS_FOUND_ROWS
          SELECT 1; SELECT ROW_COUNT()                 -> 2 READ READS_ROW_COUNT
          SELECT @@session.warning_count               -> READ READS_DIAGNOSTICS
          SELECT @@ERROR_COUNT                         -> READ READS_DIAGNOSTICS
          show/**/warnings limit 1,2                   -> SHOW READS_DIAGNOSTICS
          SHOW COUNT( * ) ERRORS                       -> SHOW READS_DIAGNOSTICS
          GET STACKED DIAGNOSTICS CONDITION 1 @a = MYSQL_ERRNO -> UTILITY READS_DIAGNOSTICS | USER_VARIABLE
          RESIGNAL SQLSTATE '45000'                    -> UTILITY READS_DIAGNOSTICS
          SHOW TABLES LIKE 'warnings'                  -> SHOW READ_ONLY
          """)
  void whatThePreviousStatementLeft(String text, String expected) {
    assertFacts(expected, text);
  }

  @Tag("mysql-case-70")
  @Tag("mysql-case-71")
  @Tag("mysql-case-107")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SELECT connection_id()                       -> READ NAMES_PROCESS
          SELECT @@pseudo_thread_id                    -> READ NAMES_PROCESS
          kill/**/query 5                              -> UTILITY NAMES_PROCESS
          KILL f(1)                                    -> UTILITY NAMES_PROCESS | UNKNOWN_FUNCTION
          SHOW FULL PROCESSLIST                        -> SHOW NAMES_PROCESS
          EXPLAIN FORMAT=JSON FOR CONNECTION 5         -> SHOW NAMES_PROCESS
          SHOW LOCAL STATUS                            -> SHOW READS_BACKEND
          SHOW PROFILES                                -> SHOW READS_BACKEND
          LOAD DATA CONCURRENT LOCAL INFILE 'x' INTO TABLE t -> COPY ASKS_FOR_FILE
          LOAD DATA INFILE 'LOCAL' INTO TABLE local    -> COPY
          SET SESSION sql_mode = ''                    -> SET CHANGES_READING | SETTING
          SET @@`character_set_client` = sjis          -> SET CHANGES_READING | SETTING
          SET @a = @@sql_mode                          -> SET | USER_VARIABLE
          SET GLOBAL sql_mode = ''                     -> SET SETS_GLOBALLY
          SET STATEMENT sql_mode = 'x' FOR SELECT 1    -> READ SETS_LOCALLY
          SET PASSWORD = 'x'                           -> SET COMMITS_IMPLICITLY ADMINISTERS
          """)
  void backendsAndTheServer(String text, String expected) {
    assertFacts(expected, text);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          ; -- x\\n # y\\n /* z */                       -> 0 EMPTY
          /*!80000 SELECT 1 */                         -> READ READ_ONLY
          /*!80000 EXPLAIN */ SELECT 1                 -> READ READ_ONLY
          /*!80000 SELECT */ DELETE                    -> UNKNOWN CONTROLS_TRANSACTION REFUSES_TRANSACTION LETS_GO | UNKNOWN
          SELECT 1 FOR UPDATE                          -> WRITE
          (SELECT 1 LOCK IN/**/SHARE MODE)             -> WRITE
          SELECT `for`, update FROM t                  -> READ READ_ONLY
          WITH `update` AS (SELECT 1) SELECT 1         -> READ READ_ONLY
          WITH x AS (SELECT 1)                         -> UNKNOWN CONTROLS_TRANSACTION REFUSES_TRANSACTION LETS_GO | UNKNOWN
          EXPLAIN DELETE FROM t                        -> READ
          EXPLAIN ANALYZE DELETE FROM t                -> WRITE
          DESC `select`                                -> READ READ_ONLY
          SELECT 1; DELETE FROM t                      -> 2 READ
          """)
  void classes(String text, String expected) {
    assertFacts(expected, text);
  }

  private static void assertFacts(String expected, String text) {
    String sql = text.replace("\\n", "\n");
    assertEquals(expected, MyTexts.describe(MyTexts.facts(sql)), sql);
  }
}
