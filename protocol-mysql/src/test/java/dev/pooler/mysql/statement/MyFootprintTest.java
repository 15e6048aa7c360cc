package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each text may leave, in spellings that are meant to hide it: {@code text -> footprint}. */
class MyFootprintTest {

  @Tag("mysql-case-26")
  @Tag("mysql-case-27")
  @Tag("mysql-case-29")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SELECT @a:=1                                 -> USER_VARIABLE
          SELECT @A                                    -> USER_VARIABLE
          SELECT 1,@`a b`                              -> USER_VARIABLE
          SELECT @'a'                                  -> USER_VARIABLE
          SELECT @"a"                                  -> USER_VARIABLE
          SELECT/*@b*/@/*c*/a                          -> USER_VARIABLE
          SELECT a INTO @b FROM t                      -> USER_VARIABLE
          SELECT a FROM t INTO@b                       -> USER_VARIABLE
          INSERT INTO t VALUES (@x:=1)                 -> USER_VARIABLE
          SELECT 1 LIMIT@a                             -> USER_VARIABLE
          SELECT SQL_NO_CACHE@a                        -> USER_VARIABLE
          SELECT DISTINCT@a                            -> USER_VARIABLE
          DO@a:=1                                      -> USER_VARIABLE
          EXECUTE p USING @a                           -> USER_VARIABLE CODE
          CALL p(@out)                                 -> USER_VARIABLE CODE
          LOAD DATA INFILE 'x' INTO TABLE t (@a)       -> USER_VARIABLE
          CREATE TABLE t AS SELECT @a AS a             -> USER_VARIABLE
          GET DIAGNOSTICS @n = NUMBER                  -> USER_VARIABLE
          SELECT @@a, @b                               -> USER_VARIABLE
          SELECT 'a'/**/@b                             -> USER_VARIABLE
          SELECT a@b                                   -> USER_VARIABLE
          GET DIAGNOSTICS@n = NUMBER                   -> USER_VARIABLE
          GET DIAGNOSTICS CONDITION '1'@m = MESSAGE_TEXT -> USER_VARIABLE
          KILL QUERY ID@a                              -> USER_VARIABLE
          CREATE TABLE t AS SELECT SQL_NO_CACHE@a AS b -> USER_VARIABLE
          SET PASSWORD FOR joe@localhost = 'x'         -> none
          SELECT '@a', "@b", `@c`, 'it''s @d', 'e\\'@f' -> none
          SELECT 1 -- @a\\n, 2 # @b\\n /* @c */          -> none
          SELECT 'joe@example.org'                     -> none
          SELECT @@a, @@session.b, @@`c`               -> none
          GRANT ALL ON *.* TO joe@localhost            -> none
          GRANT ALL ON *.* TO 'joe'@'%', `b`@`c`       -> none
          CREATE USER joe@10.0.0.1                     -> none
          CREATE DEFINER=joe@localhost VIEW v AS SELECT 1 -> none
          CREATE PROCEDURE p() SET @a = 1              -> none
          """)
  void userVariables(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-49")
  @Tag("mysql-case-50")
  @Tag("mysql-case-51")
  @Tag("mysql-case-52")
  @Tag("mysql-case-53")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SELECT GET_LOCK('a', 1)                      -> ADVISORY_LOCK
          select get_lock /* x */ ('a', 1)             -> ADVISORY_LOCK
          SELECT `GET_LOCK`('a', 1)                    -> ADVISORY_LOCK
          SELECT 1FROM t WHERE Get_Lock('a', 0)        -> ADVISORY_LOCK
          DO GET_LOCK('a', 1)                          -> ADVISORY_LOCK
          SET @x = GET_LOCK('a', 1)                    -> ADVISORY_LOCK USER_VARIABLE
          /*! SELECT */ GET_LOCK('a', 1)               -> ADVISORY_LOCK
          /*!99999 SELECT */ GET_LOCK('a', 1)          -> UNKNOWN
          /*!50000 SELECT GET_LOCK('a', 1) */          -> ADVISORY_LOCK
          SELECT 1 /*!99999 , GET_LOCK('a', 1) */      -> ADVISORY_LOCK
          SELECT 1 /*M! , GET_LOCK('a', 1) */          -> ADVISORY_LOCK
          SELECT 1 /*M!100100 , GET_LOCK('a', 1) */    -> ADVISORY_LOCK
          EXPLAIN SELECT GET_LOCK('a', 1)              -> ADVISORY_LOCK
          SELECT d.GET_LOCK('a', 1)                    -> UNKNOWN_FUNCTION
          SELECT get_lock, 'get_lock(1)' FROM t        -> none
          SELECT GET_LOCK('a', 1); SELECT RELEASE_LOCK('a') -> ADVISORY_LOCK
          SELECT GET_LOCK('a', 1); DO RELEASE_ALL_LOCKS() -> ADVISORY_LOCK -ADVISORY_LOCK
          DO RELEASE_ALL_LOCKS(); SELECT GET_LOCK('a', 1) -> ADVISORY_LOCK
          SELECT service_get_read_locks('a', 'b', 1)   -> SERVER_LOCK
          SELECT SERVICE_GET_WRITE_LOCKS('a', 'b', 1)  -> SERVER_LOCK
          SELECT version_tokens_lock_shared('a', 1)    -> SERVER_LOCK
          SELECT VERSION_TOKENS_LOCK_EXCLUSIVE('a', 1) -> SERVER_LOCK
          lock/**/tables t read                        -> TABLE_LOCK
          LOCK TABLE t WRITE CONCURRENT                -> TABLE_LOCK
          BEGIN; LOCK TABLES t READ; UNLOCK TABLES     -> TABLE_LOCK -TABLE_LOCK
          FLUSH TABLES WITH READ LOCK                  -> TABLE_LOCK
          FLUSH/**/TABLES t,u WITH/**/READ/**/LOCK     -> TABLE_LOCK
          FLUSH TABLE t FOR EXPORT                     -> TABLE_LOCK
          FLUSH NO_WRITE_TO_BINLOG TABLES WITH READ LOCK -> TABLE_LOCK
          FLUSH TABLES `with`, `read`                  -> none
          LOCK INSTANCE FOR BACKUP                     -> SERVER_LOCK
          UNLOCK INSTANCE                              -> none
          HANDLER `t` OPEN                             -> HOLD_CURSOR
          HANDLER d . t OPEN AS x                      -> HOLD_CURSOR
          handler/**/open/**/open                      -> HOLD_CURSOR
          HANDLER t CLOSE                              -> none
          """)
  void locks(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-54")
  @Tag("mysql-case-55")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          CREATE/*c*/TEMPORARY TABLE t (a int)         -> TEMP_TABLE
          create temporary table if not exists t select 1 -> TEMP_TABLE
          CREATE OR REPLACE TEMPORARY TABLE t (a int)  -> TEMP_TABLE
          CREATE -- x\\n TEMPORARY # y\\n TABLE t (a int) -> TEMP_TABLE
          SELECT 1; CREATE TEMPORARY TABLE t (a int)   -> TEMP_TABLE
          /*!40000 CREATE */ TEMPORARY TABLE t (a int) -> TEMP_TABLE
          CREATE /*!32302 TEMPORARY */ TABLE t (a int) -> TEMP_TABLE
          CREATE /*!80000 TEMPORARY */ TABLE t (a int) -> TEMP_TABLE
          CREATE /*M! TEMPORARY */ TABLE t (a int)     -> TEMP_TABLE
          CREATE /*!99999 x */ /*M!TEMPORARY*/ TABLE t (a int) -> UNKNOWN
          CREATE GLOBAL TEMPORARY TABLE t (a int)      -> TEMP_TABLE
          CREATE TABLE temporary (a int)               -> none
          CREATE TABLE t AS SELECT 'TEMPORARY'         -> none
          DROP TEMPORARY TABLE t                       -> none
          """)
  void temporaryTables(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-59")
  @Tag("mysql-case-60")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          USE d                                        -> SCHEMA
          /* x */ use/* y */`d`                        -> SCHEMA
          SELECT 1; USE d;                             -> SCHEMA
          DROP DATABASE d                              -> SCHEMA
          DROP /* x */ SCHEMA IF EXISTS `d`            -> SCHEMA
          CREATE DATABASE d                            -> none
          CREATE OR REPLACE DATABASE d                 -> SCHEMA
          SELECT * FROM t USE INDEX (i)                -> none
          """)
  void theCurrentSchema(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-03")
  @Tag("mysql-case-06")
  @Tag("mysql-case-08")
  @Tag("mysql-case-35")
  @Tag("mysql-case-57")
  @Tag("mysql-case-58")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET a=1, @@session.b=2, @c=3, NAMES utf8mb4  -> SETTING USER_VARIABLE
          SET @a = 1, @b = 2                           -> USER_VARIABLE
          SET @a = 1, b = 2                            -> SETTING USER_VARIABLE
          SET GLOBAL a = 1                             -> none
          SET GLOBAL a = 1, @b = 2                     -> USER_VARIABLE
          SET GLOBAL a = 1, b = 2                      -> SETTING
          SET @@global.a = 1, @@b = 2                  -> SETTING
          SET @@persist.a = 1                          -> none
          SET timestamp = 1                            -> SETTING
          SET SESSION sql_log_bin=0                    -> SETTING
          SET time_zone = @a                           -> SETTING USER_VARIABLE
          /*!40101 SET @OLD_SQL_MODE=@@SQL_MODE */     -> USER_VARIABLE
          /*!40101 SET SQL_MODE=@OLD_SQL_MODE */;      -> SETTING USER_VARIABLE
          /*!80000 SET SESSION x = 1 */;               -> SETTING
          SET TRANSACTION READ ONLY                    -> NEXT_TRANSACTION
          SET @@transaction_isolation = 'x'            -> NEXT_TRANSACTION
          SET @@`tx_isolation` = 'x'                   -> NEXT_TRANSACTION
          SET transaction_isolation = 'x'              -> SETTING
          SET SESSION TRANSACTION READ ONLY            -> SETTING
          SET GLOBAL TRANSACTION READ ONLY             -> none
          SET ROLE r                                   -> ROLE
          SET DEFAULT ROLE r TO u                      -> none
          SET PASSWORD = 'x'                           -> none
          SET RESOURCE GROUP g                         -> UNKNOWN
          SET RESOURCE GROUP g FOR 1                   -> none
          SET `names` = 1                              -> SETTING
          SET a = (SELECT b, c FROM d), e = 1          -> SETTING
          SET STATEMENT a = 1 FOR SET SESSION b = 1    -> SETTING
          SET STATEMENT a = GET_LOCK('x', 1) FOR SELECT 1 -> ADVISORY_LOCK
          """)
  void settings(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-01")
  @Tag("mysql-case-41")
  @Tag("mysql-case-42")
  @Tag("mysql-case-86")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          CALL p                                       -> CODE
          CALL/**/`d`.`p`()                            -> CODE
          PREPARE p FROM 'set autocommit=0'            -> PREPARED
          EXECUTE p                                    -> CODE
          EXECUTE IMMEDIATE 'SET @a = 1'               -> CODE
          DEALLOCATE PREPARE p                         -> DEALLOCATE
          DROP /* x */ PREPARE p                       -> DEALLOCATE
          SELECT f(1)                                  -> UNKNOWN_FUNCTION
          SELECT `upper`('a'), UPPER ('a')             -> none
          SELECT `upp``er`('a')                        -> UNKNOWN_FUNCTION
          SELECT d.upper('a')                          -> UNKNOWN_FUNCTION
          SELECT a, f /* x */ (1) FROM t               -> UNKNOWN_FUNCTION
          SELECT * FROM t WHERE f(a)                   -> UNKNOWN_FUNCTION
          SELECT SQL_NO_CACHE f(1)                     -> UNKNOWN_FUNCTION
          SELECT 1 LIKE 'a' ESCAPE f()                 -> UNKNOWN_FUNCTION
          INSERT INTO t (a, b) VALUES (f(1), 2)        -> UNKNOWN_FUNCTION
          INSERT INTO t SET a = f(1)                   -> UNKNOWN_FUNCTION
          INSERT INTO t (f) SELECT g FROM u            -> none
          UPDATE t SET a = -f(1)                       -> UNKNOWN_FUNCTION
          DO f(1)                                      -> UNKNOWN_FUNCTION
          SET a = f()                                  -> SETTING UNKNOWN_FUNCTION
          SELECT x'61'f(1)                             -> none
          SELECT t.begin(1)                            -> UNKNOWN_FUNCTION
          SELECT group_replication_set_as_primary('x') -> UNKNOWN_FUNCTION
          WITH a (b) AS (SELECT f(1)), c (d) AS (SELECT 1) SELECT * FROM a, c -> UNKNOWN_FUNCTION
          WITH a (b) AS (SELECT 1), c (d) AS (SELECT 1) SELECT * FROM a, c -> none
          CREATE TABLE t (a varchar(10), KEY k (a), INDEX (a), FOREIGN KEY g (a) REFERENCES u (a)) -> none
          CREATE TABLE t (a int DEFAULT (f(1)))        -> UNKNOWN_FUNCTION
          CREATE INDEX i ON t (a(10), b (5) DESC)      -> none
          CREATE INDEX i ON t ((f(5)))                 -> UNKNOWN_FUNCTION
          CREATE TABLE t (a text, PRIMARY KEY (a(9), b(9)), INDEX i USING BTREE (a(9)), UNIQUE (a(9))) -> none
          CREATE TABLE t (a text, KEY k (a(9)), CHECK (f(9))) -> UNKNOWN_FUNCTION
          ALTER TABLE t ADD FULLTEXT KEY k (a(9), b)   -> none
          SELECT * FROM a JOIN b ON f(a.c) = b.c       -> UNKNOWN_FUNCTION
          LOAD DATA INFILE 'x' INTO TABLE t CHARACTER SET utf8mb4 (a, b) SET c = f(a) -> UNKNOWN_FUNCTION
          BINLOG 'x'                                   -> UNKNOWN
          """)
  void codeThatTheTextDoesNotShow(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-07")
  @Tag("mysql-case-12")
  @Tag("mysql-case-13")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          DELIMITER //                                 -> UNKNOWN
          BEGIN NOT ATOMIC SET @a = 1; END             -> USER_VARIABLE UNKNOWN
          IF 1 THEN SET sql_log_bin = 0; END IF        -> UNKNOWN
          x: BEGIN SELECT 1; END                       -> UNKNOWN
          SELECT 1)                                    -> UNKNOWN
          SELECT 1; SELECT (2                          -> UNKNOWN
          SET sql_mode = 'ANSI_QUOTES'; SELECT "a"     -> SETTING UNKNOWN
          SET NAMES sjis; SELECT 1                     -> SETTING UNKNOWN
          SET sort_buffer_size = 1; SELECT "a"         -> SETTING
          CALL p(); SELECT 1                           -> CODE UNKNOWN
          SELECT 1; CALL p();                          -> CODE
          SET sql_mode = ''; ; -- x                    -> SETTING
          /*!123456789 SELECT 1 */                     -> UNKNOWN
          SELECT 1 /*!99999 ' */; SET a = 1; SELECT '*/ -- ' -> SETTING
          SELECT 1 /*!99999 /* ' */ */; SET a = 1      -> SETTING
          SELECT 1 /*M!999999 /* x */ */; SET a = 1    -> UNKNOWN
          SELECT 1 /*!99999 + 1 */ /*!99999 + 1 */     -> UNKNOWN
          SELECT 1 /*!40000 + 1 */ /*!50000 + 1 */     -> none
          SELECT 1 /*!99999 ; SET a = 1 */             -> SETTING
          SELECT 1 /*!99999 FROM t; DO RELEASE_ALL_LOCKS() */ -> none
          """)
  void textsThatNobodyCanTell(String text, String expected) {
    assertFootprint(expected, text);
  }

  @Tag("mysql-case-12")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          CREATE PROCEDURE p() BEGIN SET @a = 1; SET b = 2; END -> none
          CREATE PROCEDURE p() BEGIN SET @a = 1; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() SELECT begin FROM t; SET b = 2; SELECT 1 end -> SETTING
          CREATE PROCEDURE p() SELECT 1; SET b = 2     -> SETTING
          CREATE PROCEDURE begin() SELECT 1; SET b = 2; SELECT 1 AS end -> SETTING
          CREATE PROCEDURE p() DO begin; SET b = 2; SELECT 1 end -> SETTING
          CREATE PROCEDURE p() SAVEPOINT begin; SET b = 2; SELECT 1 end -> SETTING
          CREATE PROCEDURE p() EXPLAIN begin; SET b = 2; SELECT 1 end -> SETTING
          CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO begin; SET b = 2; SELECT 1 end -> SETTING
          CREATE FUNCTION f() RETURNS char(9) CHARACTER SET utf8mb4 BEGIN SET @a = 1; RETURN 1; END; SET b = 2 -> SETTING
          CREATE PROCEDURE IF NOT EXISTS begin() SELECT 1; SET b = 2; SELECT 1 AS end -> SETTING
          CREATE PROCEDURE p() LANGUAGE begin SELECT 1; SET b = 2; SELECT 1 AS end -> SETTING
          CREATE PROCEDURE p() BEGIN SELECT 1begin; SET @a = 1; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN SELECT t.begin, begin, @begin FROM t; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN SELECT CASE WHEN 1 THEN 2 ELSE 3 END; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN CASE x WHEN 1 THEN BEGIN END; ELSE SET @a = 1; END CASE; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT if(1, 2, 3); ELSEIF 2 THEN SET @a = 1; END IF; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN a: LOOP LEAVE a; END LOOP a; WHILE 1 DO SET @a = 1; END WHILE; REPEAT SET @a = 1; UNTIL 1 END REPEAT; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() a: BEGIN BEGIN END; END a; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; SET @a = 1; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() IF 1 THEN SET @a = 1; END IF; SET b = 2 -> SETTING
          CREATE TRIGGER g AFTER INSERT ON begin FOR EACH ROW SET @a = 1; SET b = 2 -> SETTING
          CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END; SET b = 2 -> SETTING
          CREATE EVENT e ON SCHEDULE AT f(1) DO BEGIN SET @a = 1; END -> UNKNOWN_FUNCTION
          CREATE DEFINER=event PROCEDURE p() SELECT do begin; SET b = 2; SELECT 1 end -> SETTING
          CREATE PROCEDURE p() BEGIN SELECT CASE WHEN end THEN 1 END; END; SET b = 2; SELECT 1 -> SETTING
          CREATE PROCEDURE p() WHILE 1 DO SELECT do begin; END WHILE; SET b = 2; SELECT 1; END WHILE -> SETTING UNKNOWN
          CREATE PROCEDURE p() BEGIN DECLARE begin CONDITION FOR 1; DECLARE EXIT HANDLER FOR begin SET @a = 1; END; SET b = 2 -> SETTING
          CREATE PROCEDURE p() BEGIN SET @a = 1;       -> UNKNOWN
          """)
  void bodiesOfRoutinesAreNotRun(String text, String expected) {
    assertFootprint(expected, text);
  }

  private static void assertFootprint(String expected, String text) {
    String sql = text.replace("\\n", "\n").replace("\\\\", "\\");
    assertEquals(expected, MyTexts.footprint(sql), sql);
  }
}
