package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Dialect;
import dev.pooler.mysql.statement.MyDialects.Flavor;
import dev.pooler.mysql.statement.SetAssignment.Default;
import dev.pooler.mysql.statement.SetAssignment.Expression;
import dev.pooler.mysql.statement.SetAssignment.Literal;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code SET -> scope name value, ...}; an expression is {@code <server>}. */
class MySetStatementTest {

  @Tag("mysql-case-03")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET a=1, @@session.b=2, @c=3, NAMES utf8mb4 -> SESSION a 1; SESSION b 2; USER c 3; SESSION names utf8mb4
          SET @a := 1, GLOBAL b = 2, LOCAL c = 'x'     -> USER a 1; GLOBAL b 2; SESSION c 'x'
          SET @@GLOBAL.a=1,@@PERSIST.b=2,@@persist_only.c=DEFAULT -> GLOBAL a 1; PERSIST b 2; PERSIST_ONLY c <default>
          SET PERSIST a = 1                            -> PERSIST a 1
          SET SESSION `a` = -1.5                       -> SESSION a -1.5
          SET kc.key_buffer_size = 8                   -> SESSION kc.key_buffer_size 8
          SET @`A b` = 'x', @'q' = "y", @"r" = NULL    -> USER a b 'x'; USER q 'y'; USER r NULL
          SET @a.b$c_1 = TRUE                          -> USER a.b$c_1 TRUE
          SET GLOBAL a = 1, b = 2                      -> not understood
          SET GLOBAL a = 1, @@b = 2                    -> not understood
          SET a = 1, = 2                               -> not understood
          SET a = 1,                                   -> not understood
          SET a                                        -> not understood
          SET                                          -> not understood
          SET @ a = 1                                  -> not understood
          SET @`é` = 1                                 -> not understood
          SET @`a ` = 1                                -> not understood
          SET `a b` = 1                                -> not understood
          SELECT 1                                     -> not understood
          SET a = 1; SET b = 2                         -> not understood
          SET a = 1 /*!80000 , b = 2 */                -> not understood
          SET STATEMENT a = 1 FOR SELECT 1             -> not understood
          SET RESOURCE GROUP g                         -> not understood
          SET PASSWORD = 'x'                           -> not understood
          SET PASSWORD FOR u@h = 'x'                   -> not understood
          SET DEFAULT ROLE NONE TO u                   -> not understood
          """)
  void severalAssignmentsOfAnyKind(String text, String expected) {
    assertEquals(expected, describe(MyDialects.STANDARD, text));
  }

  @Tag("mysql-case-02")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET time_zone = @x                           -> SESSION time_zone <server>
          SET time_zone = (SELECT '+00:00')            -> SESSION time_zone <server>
          SET sort_buffer_size = f(1, 2), a = 3        -> SESSION sort_buffer_size <server>; SESSION a 3
          SET sql_mode = concat(@@sql_mode, ',ANSI')   -> SESSION sql_mode <server>
          SET @a = @@sql_mode                          -> USER a <server>
          SET @a = b                                   -> USER a <server>
          SET @a = CURRENT_TIMESTAMP                   -> USER a <server>
          SET timestamp = CURRENT_TIMESTAMP            -> SESSION timestamp <server>
          SET @a = 'x' 'y'                             -> USER a <server>
          SET @a = 'x\\ny'                              -> USER a <server>
          SET @a = _latin1'x'                          -> USER a <server>
          SET @a = N'x'                                -> USER a <server>
          SET @a = x'61'                               -> USER a <server>
          SET @a = 0x61                                -> USER a <server>
          SET @a = 1e5                                 -> USER a <server>
          SET @a = 1 + 1                               -> USER a <server>
          SET @a = - 'x'                               -> USER a <server>
          SET @a = 'it''s'                             -> USER a 'it's'
          SET a = CASE WHEN 1 THEN 'x,y' END, b = 2    -> SESSION a <server>; SESSION b 2
          """)
  void anExpressionsValueIsTheServers(String text, String expected) {
    assertEquals(expected, describe(MyDialects.STANDARD, text));
  }

  @Tag("mysql-case-09")
  @Tag("mysql-case-11")
  @Tag("mysql-case-35")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET tx_isolation = 'READ-COMMITTED'          -> SESSION transaction_isolation 'READ-COMMITTED'
          SET @@tx_isolation = 'READ-COMMITTED'        -> NEXT_TRANSACTION transaction_isolation 'READ-COMMITTED'
          SET @@session.transaction_isolation = 'SERIALIZABLE' -> SESSION transaction_isolation 'SERIALIZABLE'
          SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE -> SESSION transaction_isolation 'READ-UNCOMMITTED'; SESSION transaction_read_only OFF
          SET TRANSACTION READ ONLY                    -> NEXT_TRANSACTION transaction_read_only ON
          SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ -> GLOBAL transaction_isolation 'REPEATABLE-READ'
          SET TRANSACTION ISOLATION LEVEL CHAOS        -> not understood
          SET autocommit = 1                           -> SESSION autocommit ON
          SET autocommit = ON                          -> SESSION autocommit ON
          SET autocommit = on                          -> SESSION autocommit ON
          SET @@autocommit := TRUE                     -> SESSION autocommit ON
          SET AutoCommit = 'on'                        -> SESSION autocommit ON
          SET autocommit = "OFF"                       -> SESSION autocommit OFF
          SET autocommit = 0                           -> SESSION autocommit OFF
          SET autocommit = FALSE                       -> SESSION autocommit OFF
          SET sql_select_limit = 1                     -> SESSION sql_select_limit 1
          SET IDENTITY = 5                             -> SESSION last_insert_id 5
          """)
  void oneSpellingOfNamesAndBooleans(String text, String expected) {
    assertEquals(expected, describe(MyDialects.STANDARD, text));
  }

  @Tag("mysql-case-07")
  @Tag("mysql-case-15")
  @Tag("mysql-case-58")
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          SET NAMES utf8mb4;;  ;                       -> SESSION names utf8mb4
          ; SET NAMES 'UTF8'                           -> SESSION names utf8
          SET NAMES utf8mb4 COLLATE 'utf8mb4_bin'      -> SESSION names utf8mb4 collate utf8mb4_bin
          SET NAMES DEFAULT                            -> SESSION names <default>
          SET NAMES @x                                 -> not understood
          SET CHARACTER SET latin1                     -> SESSION character set latin1
          SET CHARSET latin1, a = 1                    -> SESSION character set latin1; SESSION a 1
          /* x */ SeT/**/a/**/=/**/1 -- y              -> SESSION a 1
          /*!40101 SET NAMES utf8 */                   -> SESSION names utf8
          /*!40101 SET SQL_MODE=@OLD_SQL_MODE */;      -> SESSION sql_mode <server>
          SET ROLE NONE                                -> SESSION role NONE
          SET ROLE `a`, 'b'@'c'                        -> SESSION role `a`, 'b'@'c'
          SET ROLE ALL EXCEPT a                        -> SESSION role ALL EXCEPT a
          SET ROLE (SELECT 1)                          -> not understood
          """)
  void formsThatAreNoVariables(String text, String expected) {
    assertEquals(expected, describe(MyDialects.STANDARD, text));
  }

  @Test
  @Tag("mysql-case-13")
  void quotesMeanWhatTheModeSays() {
    Dialect ansi = MyDialects.of(Flavor.MYSQL, "REAL_AS_FLOAT,ANSI_QUOTES,ANSI", "utf8mb4");
    assertEquals("USER a <server>", describe(ansi, "SET @a = \"x\""));
    assertEquals("SESSION a 1", describe(ansi, "SET \"a\" = 1"));
    Dialect plain = MyDialects.of(Flavor.MYSQL, "NO_BACKSLASH_ESCAPES", "utf8mb4");
    assertEquals("USER a <server>", describe(plain, "SET @a = 'x\\'"));
    assertEquals("not understood", describe(MyDialects.IN_DOUBT, "SET @a = \"x\""));
  }

  @Test
  @Tag("mysql-case-08")
  @Tag("mysql-case-18")
  @Tag("mysql-case-57")
  void whatIsBoundToItsConnectionOrTellsOfIt() {
    assertTrue(only("SET sql_log_bin = 0").isBound());
    assertTrue(only("SET @@session.SQL_LOG_BIN = OFF").isBound());
    assertTrue(only("SET timestamp = 1").isBound());
    assertFalse(only("SET @timestamp = 1").isBound());
    assertFalse(only("SET GLOBAL server_id = 1").isBound());
    assertFalse(only("SET sql_mode = ''").isBound());
    assertTrue(only("SET session_track_schema = OFF").isTracker());
    assertTrue(only("SET @@SESSION_TRACK_GTIDS = OWN_GTID").isTracker());
    assertFalse(only("SET @session_track_schema = OFF").isTracker());
  }

  @Test
  void longTextsAreNotRead() {
    String longest = "SET a = '" + "x".repeat(MySetStatement.LONGEST) + "'";
    assertEquals(List.of(), MySetStatement.parse(MyDialects.STANDARD, longest));
  }

  private static SetAssignment only(String text) {
    List<SetAssignment> all = MySetStatement.parse(MyDialects.STANDARD, text);
    assertEquals(1, all.size(), text);
    return all.getFirst();
  }

  private static String describe(Dialect dialect, String text) {
    List<SetAssignment> all = MySetStatement.parse(dialect, text);
    return all.isEmpty()
        ? "not understood"
        : all.stream().map(MySetStatementTest::describe).collect(Collectors.joining("; "));
  }

  private static String describe(SetAssignment one) {
    String value =
        switch (one.value()) {
          case Literal(String text, boolean quoted) -> quoted ? "'" + text + "'" : text;
          case Default() -> "<default>";
          case Expression() -> "<server>";
        };
    return one.scope() + " " + one.name() + " " + value;
  }
}
