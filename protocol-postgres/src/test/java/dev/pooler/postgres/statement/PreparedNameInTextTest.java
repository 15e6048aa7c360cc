package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pooler.postgres.statement.PreparedNameInText.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreparedNameInTextTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          EXECUTE p                               | EXECUTE         | EXECUTE #
          execute  Plan_1 ;                       | EXECUTE         | execute  # ;
          /* x */ EXECUTE "P q"(1, f(2)) -- y     | EXECUTE         | /* x */ EXECUTE #(1, f(2)) -- y
          EXECUTE "a""b"                          | EXECUTE         | EXECUTE #
          EXECUTE all                             | EXECUTE         | EXECUTE #
          EXECUTE "pé"                            | EXECUTE         | EXECUTE #
          EXPLAIN EXECUTE p(1)                    | EXPLAIN_EXECUTE | EXPLAIN EXECUTE #(1)
          EXPLAIN ANALYZE VERBOSE EXECUTE p       | EXPLAIN_EXECUTE | EXPLAIN ANALYZE VERBOSE EXECUTE #
          EXPLAIN (ANALYZE, COSTS off) EXECUTE p; | EXPLAIN_EXECUTE | EXPLAIN (ANALYZE, COSTS off) EXECUTE #;
          DEALLOCATE p                            | DEALLOCATE      | DEALLOCATE #
          DEALLOCATE PREPARE "P";;                | DEALLOCATE      | DEALLOCATE PREPARE #;;
          DEALLOCATE prepare                      | DEALLOCATE      | DEALLOCATE #
          DEALLOCATE "all"                        | DEALLOCATE      | DEALLOCATE #
          DEALLOCATE ALL                          | DEALLOCATE_ALL  | DEALLOCATE #
          deallocate prepare all;                 | DEALLOCATE_ALL  | deallocate prepare #;
          PREPARE p AS SELECT 1                   | PREPARE         | PREPARE # AS SELECT 1
          PREPARE p(int, varchar(3)) AS SELECT $1 | PREPARE         | PREPARE #(int, varchar(3)) AS SELECT $1
          PREPARE "P" AS SELECT ';';              | PREPARE         | PREPARE # AS SELECT ';';
          PREPARE transaction AS SELECT 1         | PREPARE         | PREPARE # AS SELECT 1
          ; EXECUTE p                             | EXECUTE         | ; EXECUTE #
          CREATE TABLE t AS EXECUTE p      | CREATE_AS_EXECUTE | CREATE TABLE t AS EXECUTE #
          create local temp table "as" (a) on commit drop as execute p (1) with no data | CREATE_AS_EXECUTE | create local temp table "as" (a) on commit drop as execute # (1) with no data
          EXPLAIN CREATE UNLOGGED TABLE t AS EXECUTE "P" | CREATE_AS_EXECUTE | EXPLAIN CREATE UNLOGGED TABLE t AS EXECUTE #
          """)
  void theNameIsWhereItStands(String sql, Kind kind, String without) {
    PreparedNameInText found = find(sql);
    assertNotNull(found);
    assertEquals(kind, found.kind());
    byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
    int end = found.offset() + found.length();
    String replaced =
        new String(bytes, 0, found.offset(), StandardCharsets.UTF_8)
            + "#"
            + new String(bytes, end, bytes.length - end, StandardCharsets.UTF_8);
    assertEquals(without, replaced);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          EXECUTE Plan        | plan
          EXECUTE "Plan"      | Plan
          EXECUTE "a""b"      | a"b
          EXECUTE "pé"        | pé
          EXECUTE A23456789012345678901234567890123456789012345678901234567890abcd | a23456789012345678901234567890123456789012345678901234567890abc
          EXECUTE "A23456789012345678901234567890123456789012345678901234567890""bcd" | A23456789012345678901234567890123456789012345678901234567890"bc
          PREPARE P AS TABLE t| p
          DEALLOCATE P        | p
          """)
  void aNameIsFoldedUnlessItIsQuoted(String sql, String name) {
    PreparedNameInText found = find(sql);
    assertNotNull(found);
    assertEquals(name, found.name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ";",
        "EXECUTE",
        "EXECUTE ;",
        "EXECUTE \"\"",
        "EXECUTE 'p'",
        "EXECUTE p(1",
        "EXECUTE p(1))",
        "EXECUTE p)",
        "EXECUTE p q",
        "EXECUTE p; SELECT 1",
        "SELECT 1; EXECUTE p",
        "EXECUTE p; EXECUTE q",
        "EXECUTE U&\"p\"",
        "EXECUTE d\u00e9j\u00e0",
        "EXECUTE \"\u00e923456789012345678901234567890123456789012345678901234567890abcd\"",
        "\"execute\" p",
        "EXPLAIN SELECT 1",
        "EXPLAIN (EXECUTE p)",
        "EXPLAIN (EXECUTE p",
        "EXPLAIN",
        "CREATE TABLE t AS EXECUTE",
        "CREATE TABLE t AS EXECUTE p WITH",
        "CREATE TABLE t AS EXECUTE p WITH DATA x",
        "CREATE TABLE t AS EXECUTE p(1",
        "CREATE TABLE t AS SELECT a AS EXECUTE p",
        "CREATE VIEW t AS EXECUTE p",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        "PREPARE",
        "PREPARE p",
        "PREPARE p AS",
        "PREPARE p (int",
        "PREPARE p (int) SELECT 1",
        "PREPARE p AS SELECT 1; SELECT 2",
        "PREPARE TRANSACTION 'x'",
        "DEALLOCATE",
        "DEALLOCATE p q",
        "DEALLOCATE PREPARE p q",
        "DISCARD ALL",
        "SELECT 1",
        "EXECUTE p /* open"
      })
  void anythingElseHasNone(String sql) {
    assertNull(find(sql));
  }

  @Test
  void eachStatementOfATextHasItsName() {
    String sql = "EXECUTE a;; SELECT ';'; DEALLOCATE b; EXECUTE c(f(1)); EXECUTE d((1))";
    StringBuilder found = new StringBuilder();
    for (PreparedNameInText place : findAll(sql)) {
      found.append(place.statement()).append(place.name()).append(place.calls() ? "() " : " ");
      assertEquals(place.name(), sql.substring(place.offset(), place.end()));
    }
    assertEquals("0a 2b 3c() 4d ", found.toString());
  }

  /** Which statement it is could not be told. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; EXECUTE p",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); EXECUTE p",
        "EXECUTE p; EXECUTE q /* open"
      })
  void whereStatementsCanNotBeToldApartThereIsNone(String sql) {
    assertEquals(List.of(), findAll(sql));
  }

  @Test
  void aLongTextIsNotLookedAt() {
    String sql = "PREPARE p AS SELECT '" + "x".repeat(PreparedNameInText.LONGEST) + "'";
    assertNull(find(sql));
  }

  private static @Nullable PreparedNameInText find(String sql) {
    ByteBuf buffer = Unpooled.copiedBuffer("Q" + sql, StandardCharsets.UTF_8);
    return PreparedNameInText.find(PgDialects.STANDARD, buffer, 1, buffer.readableBytes() - 1);
  }

  private static List<PreparedNameInText> findAll(String sql) {
    ByteBuf buffer = Unpooled.copiedBuffer("Q" + sql, StandardCharsets.UTF_8);
    return PreparedNameInText.findAll(PgDialects.STANDARD, buffer, 1, buffer.readableBytes() - 1);
  }
}
