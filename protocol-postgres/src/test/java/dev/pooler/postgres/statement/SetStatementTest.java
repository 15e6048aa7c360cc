package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.pooler.postgres.session.PgSettings.Value;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SetStatementTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          SET jit = off                                 | jit               | off
          set jit to off;                               | jit               | off
          SET SESSION jit TO off                        | jit               | off
          SET jit=off                                   | jit               | off
          SET statement_timeout = 5000                  | statement_timeout | 5000
          SET extra_float_digits = -3                   | extra_float_digits| -3
          SET cpu_tuple_cost = 0.25                     | cpu_tuple_cost    | 0.25
          SET work_mem TO '64MB'                        | work_mem          | '64MB'
          SET search_path TO a, "B", 'c', pg_catalog    | search_path       | a, "B", 'c', pg_catalog
          SET application_name = 'it''s; SELECT 1 --'   | application_name  | 'it''s; SELECT 1 --'
          SET App.User_Id = '7'                         | App.User_Id       | '7'
          SET DateStyle TO ISO, DMY                     | DateStyle         | ISO, DMY
          SET TIME ZONE 'Europe/Rome'                   | timezone          | 'Europe/Rome'
          set session time  zone utc;                   | timezone          | utc
          SET TIME ZONE -7.5                            | timezone          | -7.5
          """)
  void aPlainSetIsKept(String sql, String name, String value) {
    assertEquals(new SetStatement(name, new Value.Sql(value)), SetStatement.parse(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "RESET jit",
        "reset jit;",
        "  RESET  jit  ;  ",
        "SET jit TO DEFAULT",
        "SET jit = default;",
        "SET SESSION jit TO DEFAULT"
      })
  void aResetHasNoValue(String sql) {
    assertEquals(new SetStatement("jit", null), SetStatement.parse(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "RESET TIME ZONE",
        "reset time zone;",
        "SET TIME ZONE LOCAL",
        "SET SESSION TIME ZONE default"
      })
  void theTimeZoneIsResetInWordsOfItsOwn(String sql) {
    assertEquals(new SetStatement("timezone", null), SetStatement.parse(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "SELECT 1",
        "SET",
        "SET jit",
        "SET jit =",
        "SET jit off",
        "SET jit = off; SELECT 1",
        "SET jit = off; SET jit = on",
        "SELECT 1; SET jit = off",
        "SET jit = off -- comment",
        "/* hint */ SET jit = off",
        "SET LOCAL jit = off",
        "SET local = off",
        "SET TIME ZONE",
        "SET TIME ZONE 'a', 'b'",
        "SET TIME ZONE INTERVAL '1' HOUR",
        "SET LOCAL TIME ZONE 'UTC'",
        "SET NAMES 'UTF8'",
        "SET SCHEMA 'a'",
        "SET ROLE admin",
        "SET role = admin",
        "SET ROLE TO admin",
        "SET SESSION role = admin",
        "SET Session_Authorization TO 'x'",
        "SET SESSION AUTHORIZATION x",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET TRANSACTION READ ONLY",
        "SET transaction_read_only = on",
        "SET transaction_isolation TO 'serializable'",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET seed = 0.5",
        "SET XML OPTION DOCUMENT",
        "SET \"jit\" = off",
        "SET a.b.c = 1",
        "SET jit = 'a\\'",
        "SET jit = E'a'",
        "SET jit = U&'a'",
        "SET jit = $$a$$",
        "SET jit = $1",
        "SET jit = 'open",
        "SET jit = 'a' 'b'",
        "SET jit = 'a'::text",
        "SET jit = (1)",
        "SET jit = 1 + 1",
        "SET jit = off,",
        "SET search_path = \"a\\b\"",
        "SET jit FROM CURRENT",
        "RESET ALL",
        "RESET role",
        "RESET SESSION AUTHORIZATION",
        "RESET session_authorization",
        "RESET jit; SELECT 1",
        "DISCARD ALL",
        "SHOW jit",
        "SET jit = o\u00dff"
      })
  void whatIsNotPlainIsNotRead(String sql) {
    assertNull(SetStatement.parse(sql));
  }

  @Test
  void aTextBeyondTheLimitIsNotRead() {
    String head = "SET application_name = '";
    assertNotNull(
        SetStatement.parse(head + "x".repeat(SetStatement.LONGEST - head.length() - 1) + "'"));
    assertNull(SetStatement.parse(head + "x".repeat(SetStatement.LONGEST - head.length()) + "'"));
  }

  @Test
  void aHostileTextIsReadInNoTime() {
    String[] hostile = {
      "SET a = " + "'".repeat(999),
      "SET a = " + "1,".repeat(500),
      "SET a = " + " ,".repeat(500) + "!",
      "SET a" + " ".repeat(1000) + "!",
      "SET a = " + "''".repeat(400) + "\\"
    };
    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          for (String text : hostile) {
            assertNull(SetStatement.parse(text));
          }
        });
  }
}
