package dev.pooler.postgres.statement;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClockWordsTest {
  private static boolean readsClock(String sql) {
    return PgTexts.facts(sql).is(StatementTrait.READS_CLOCK);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 'now'::timestamptz",
        "select * from t where d = 'today'",
        "select date 'Tomorrow'",
        "select 1; select ' YESTERDAY '::date",
        "select 'today 12:00'::timestamp",
        "select '12:00today'::timestamp",
        "select 'today12:00'::timestamp",
        "select 'allballs today'::timestamp",
        "select '[today,tomorrow)'::daterange",
        "select '{2020-01-01,today}'::date[]",
        "select '{\"today\"}'::date[]",
        "select '{to\\day}'::date[]",
        "select '(now,1)'::t",
        "select 'it''s now'",
        "select E'now'::timestamptz",
        "select e'\\nnow'::timestamptz",
        "select E'\\nnow'::timestamptz",
        "select E'n\\ow'::timestamptz",
        "select E'\\x6eow'::timestamptz",
        "select E'\\156ow'::timestamptz",
        "select E'\\u006eow'::timestamptz",
        "select U&'\\006eow'::timestamptz",
        "select U&'!006eow' UESCAPE '!'",
        "select N'now'::timestamptz",
        "select $$now$$::timestamptz",
        "select $a$ today $a$::date",
        "select 'to'\n'day'::date",
        "select 'to' -- more\n 'day'::date",
        "select E'\\'' 'x', E'a\\\\'\n'b'"
      })
  void aConstantThatMayStandForThePresent(String sql) {
    assertTrue(readsClock(sql), sql);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select now()",
        "select now, \"today\" from tomorrow",
        "select current_date - 'epoch'::date",
        "select 'infinity'::timestamp",
        "select 'I know', 'nowhere', 'todays', 'snow', 'ow'",
        "select 'n', 'ow'",
        "select 1 -- 'today'",
        "select '\\d+', regexp_replace(t, '(a)', '\\1') from t where a like '\\_x'",
        "select E'a\\nb', 'it''s'",
        "select $1, 'yesterda', $$x$$, ''"
      })
  void anythingElse(String sql) {
    assertFalse(readsClock(sql), sql);
  }

  @Test
  void itMayBeLong() {
    String spaces = " ".repeat(2_000);
    assertTrue(readsClock("select '" + spaces + "now" + spaces + "'::timestamptz"));
    assertFalse(readsClock("select '" + spaces + "no" + spaces + "'::timestamptz"));
    String long8 = spaces.repeat(4); // more than the scanner's window, and than is looked at
    StatementRules rules = PgStatementRules.create(StatementRules.Limits.DEFAULT);
    ByteBuf seen = Unpooled.copiedBuffer("/*" + long8 + "*/ select 'now'::date", US_ASCII);
    assertTrue(rules.facts(seen, 0, seen.readableBytes()).is(StatementTrait.READS_CLOCK));
    ByteBuf unseen = Unpooled.copiedBuffer("select '" + long8 + "'", US_ASCII);
    assertTrue(rules.facts(unseen, 0, unseen.readableBytes()).is(StatementTrait.READS_CLOCK));
    ByteBuf none = Unpooled.copiedBuffer("/*" + long8 + "*/ select '2020-01-01'", US_ASCII);
    assertFalse(rules.facts(none, 0, none.readableBytes()).is(StatementTrait.READS_CLOCK));
  }

  @Test
  void itStillReadsOnly() {
    assertTrue(PgTexts.facts("select 'now'").is(StatementTrait.READ_ONLY));
  }
}
