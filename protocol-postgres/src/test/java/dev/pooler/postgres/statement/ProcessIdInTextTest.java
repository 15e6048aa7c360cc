package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code text -> the calls that are pooler's to answer}. */
class ProcessIdInTextTest {
  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiterString = "->",
      quoteCharacter = '\u0001',
      textBlock =
          """
          select pg_backend_pid()                                   -> pg_backend_pid()
          select 1, pg_catalog.pg_backend_pid() as pid, 'x';        -> pg_catalog.pg_backend_pid()
          SELECT "pg_backend_pid"( )::text                          -> "pg_backend_pid"( )
          select pg_backend_pid(), pg_backend_pid()                 -> pg_backend_pid() pg_backend_pid()
          begin; select pg_backend_pid(); commit                    -> pg_backend_pid()
          select pg_cancel_backend(5000000)                         -> pg_cancel_backend(5000000)
          select pg_terminate_backend(2139999999)                   -> pg_terminate_backend(2139999999)
          select pg_terminate_backend(2147483647)                   -> pg_terminate_backend(2147483647)
          select pg_terminate_backend(2147483648)                   -> none
          select pg_cancel_backend(99999999999)                     -> none
          select pg_cancel_backend($1);                             -> pg_cancel_backend($1)
          select pg_cancel_backend($2::int) as ok                   -> pg_cancel_backend($2::int)
          select pg_cancel_backend($1::int4::text)                  -> none
          select pg_cancel_backend($1::bigint)                      -> none
          select pg_cancel_backend($1 + 1)                          -> none
          select pg_cancel_backend($1, 10)                          -> none
          select pg_cancel_backend(pid) from s where pid = $1       -> none
          select pg_cancel_backend(pg_backend_pid())                -> none
          select pg_cancel_backend(                                 -> none
          select pg_terminate_backend(5000000, 10)                  -> pg_terminate_backend(5000000, 10)
          select pg_terminate_backend(5000000, $1)                  -> none
          select pg_terminate_backend($1, $2)                       -> pg_terminate_backend($1, $2)
          select pg_terminate_backend($1::integer, 10)              -> pg_terminate_backend($1::integer, 10)
          select pg_terminate_backend($1,                           -> none
          select pg_backend_pid() where true                        -> none
          select pg_backend_pid() from t                            -> none
          select pg_backend_pid() + 1                               -> none
          select (select pg_backend_pid())                          -> none
          select public.pg_backend_pid()                            -> none
          select 'pg_backend_pid()', pg_backend_pid                 -> none
          select pg_backend_pid() union select 1                    -> none
          select * from pg_stat_activity where pid = pg_backend_pid() -> none
          prepare p as select pg_backend_pid()                      -> none
          insert into t select pg_backend_pid()                     -> none
          create function f() returns int begin atomic select 1; select pg_backend_pid(); end -> none
          select pg_backend_pid(), 'open                            -> none
          """)
  void whatIsAnsweredInTheClientsOwnIds(String text, String expected) {
    byte[] sql = text.getBytes(StandardCharsets.UTF_8);
    String calls =
        ProcessIdInText.all(PgDialects.STANDARD, sql).stream()
            .map(place -> text.substring(place.offset(), place.offset() + place.length()))
            .collect(Collectors.joining(" "));
    assertEquals(expected, calls.isEmpty() ? "none" : calls);
  }

  /** An int8 without a cast is the server's to refuse, and the others are no process ids. */
  @ParameterizedTest(name = "{0}, of type {1}: {2}")
  @CsvSource({
    "$1, 0, true",
    "$1, 23, true",
    "$1, 20, false",
    "$1, 25, false",
    "$1::int, 0, true",
    "$1::int, 20, true",
    "$1::int, 1043, true",
    "$1::int, 1700, false",
    "4711, 0, false"
  })
  void whatIsBoundMayBeAProcessId(String argument, int type, boolean expected) {
    String text = "select pg_cancel_backend(" + argument + ")";
    byte[] sql = text.getBytes(StandardCharsets.UTF_8);
    ProcessIdInText place = ProcessIdInText.all(PgDialects.STANDARD, sql).getFirst();
    assertEquals(expected, place.takes(type) != null);
  }
}
