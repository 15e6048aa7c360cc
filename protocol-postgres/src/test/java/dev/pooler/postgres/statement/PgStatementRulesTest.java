package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PgStatementRulesTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final String[] PIECES = {
    "'",
    "''",
    "\\",
    "\"",
    "$",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "\n",
    ";",
    "(",
    ")",
    ",",
    ".",
    "E'",
    "U&'",
    "U&\"",
    " ",
    "BEGIN ",
    "ATOMIC ",
    "END ",
    "CASE ",
    "CREATE ",
    "FUNCTION ",
    "SET ",
    "set_config(",
    "TRUE ",
    "EXPLAIN ",
    "ANALYZE ",
    "TEMP ",
    "INTO ",
    "0x",
    "1e5",
    "\u0000",
    "é"
  };

  private final StatementRules rules = PgStatementRules.create(StatementRules.Limits.DEFAULT);

  @Test
  void randomTextsNeverThrowAndReadTheSameInAnArrayAndThroughTheWindow() {
    StatementRules uncached =
        PgStatementRules.create(new StatementRules.Limits(4, 0, 0, Integer.MAX_VALUE));
    for (int seed = 0; seed < 4000; seed++) {
      Random random = new Random(seed);
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(40); i >= 0; i--) {
        text.append(PIECES[random.nextInt(PIECES.length)]);
        if (random.nextInt(50) == 0) {
          text.repeat(' ', 4000 + random.nextInt(200));
        }
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      if (seed % 3 == 0) {
        random.nextBytes(bytes);
      }
      ByteBuf direct = Unpooled.directBuffer().writeByte('Q').writeBytes(bytes);
      StatementFacts windowed = uncached.facts(direct, 1, bytes.length);
      direct.release();
      StatementRules whole =
          PgStatementRules.create(new StatementRules.Limits(4, 0, 1 << 20, 1 << 20));
      StatementFacts inPlace = whole.facts(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
      assertEquals(inPlace, windowed, () -> "text of seed: " + text);
    }
  }

  @Test
  void aTextOfMegabytesIsReadToItsEnd() {
    String sql = "INSERT INTO t VALUES ('" + "x".repeat(3_000_000) + "'); SELECT setseed(1)";
    ByteBuf buffer = Unpooled.copiedBuffer(sql, StandardCharsets.US_ASCII);
    StatementFacts facts = rules.facts(buffer, 0, buffer.readableBytes());
    assertEquals(2, facts.statements());
    assertTrue(facts.leaves(Footprint.SEED));
  }

  @Test
  void longSpaceBetweenAnArgumentAndTheNextHidesNothing() {
    String sql = "SELECT set_config('role'" + " ".repeat(9000) + "\n, 'joe', false)";
    ByteBuf buffer = Unpooled.copiedBuffer(sql, StandardCharsets.US_ASCII);
    assertTrue(rules.facts(buffer, 0, buffer.readableBytes()).leaves(Footprint.ROLE));
  }

  @Test
  void whatCanNotBeReadIsUnknown() {
    ByteBuf buffer = Unpooled.copiedBuffer("SELECT 1", StandardCharsets.US_ASCII);
    StatementRules tiny = PgStatementRules.create(new StatementRules.Limits(4, 0, 2, 4));
    assertSame(StatementFacts.unknown(), tiny.facts(buffer, 0, 8));
  }

  @Test
  void whatCanBeMeantInTwoWaysIsUnknown() {
    Dialect japanese = PgDialects.of(true, "SHIFT_JIS_2004");
    ByteBuf ascii = Unpooled.copiedBuffer("SELECT '\\'", StandardCharsets.US_ASCII);
    assertEquals(1, rules.facts(japanese, ascii, 0, 10).statements());
    assertSame(StatementFacts.unknown(), rules.facts(PgDialects.IN_DOUBT, ascii, 0, 10));
    assertEquals(1, rules.facts(PgDialects.IN_DOUBT, ascii, 0, 6).statements());
    ByteBuf letters = Unpooled.copiedBuffer("SELECT '\u30bd'", Charset.forName("Shift_JIS"));
    assertSame(StatementFacts.unknown(), rules.facts(japanese, letters, 0, 11));
    assertSame(StatementFacts.unknown(), rules.facts(PgDialects.IN_DOUBT, letters, 0, 11));
    assertEquals(1, rules.facts(PgDialects.of(true, "UTF8"), letters, 0, 11).statements());
  }

  @Test
  void whatChangesTheReadingOfTheNextTextIsKnown() {
    for (String sql :
        List.of(
            "set standard_conforming_strings = off",
            "set local \"client_encoding\" to 'SJIS'",
            "set session client_encoding = default",
            "set names 'sjis'",
            "reset client_encoding",
            "reset all; set work_mem = '1MB'",
            "select set_config('client_encoding', 'sjis', true)",
            "select set_config($1, $2, true)",
            "select set_config(lower('A'), '', true)",
            "update pg_settings set setting = 'off'",
            "select 1; set standard_conforming_strings to on")) {
      assertTrue(PgTexts.facts(sql).is(StatementTrait.CHANGES_READING), sql);
    }
    for (String sql :
        List.of(
            "set work_mem = '1MB'",
            "set local app.x = 'client_encoding'",
            "select set_config('app.client_encoding', 'x', false)",
            "show client_encoding",
            "reset all",
            "discard all",
            "select names, client_encoding from t",
            "select setting from pg_settings where name = 'client_encoding'",
            "rollback")) {
      assertFalse(PgTexts.facts(sql).is(StatementTrait.CHANGES_READING), sql);
    }
  }

  @Test
  void theSameBytesInAnotherDialectAreAnotherText() {
    ByteBuf buffer = Unpooled.copiedBuffer("SELECT '\\';BEGIN;--'", StandardCharsets.US_ASCII);
    for (int i = 0; i < 3; i++) {
      assertEquals(2, rules.facts(PgDialects.STANDARD, buffer, 0, 20).statements());
      assertEquals(1, rules.facts(PgDialects.BACKSLASHES, buffer, 0, 20).statements());
    }
  }

  @Test
  void aKnownTextAllocatesNothing() {
    ByteBuf direct = direct("SELECT abalance FROM pgbench_accounts WHERE aid = $1;");
    assertEquals(0, allocatedBy(direct, direct));
  }

  @Test
  void textsThatDifferInLiteralsAllocateNothingEither() {
    ByteBuf[] texts = new ByteBuf[200];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = direct("SELECT abalance FROM pgbench_accounts WHERE aid = " + i * 7919 + ";");
    }
    StatementRules uncached =
        PgStatementRules.create(new StatementRules.Limits(4, 0, 4096, 1 << 20));
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = allocated();
      for (ByteBuf text : texts) {
        uncached.facts(text, 0, text.readableBytes());
      }
      least = Math.min(least, allocated() - before);
    }
    assertEquals(0, least);
  }

  @Test
  void aDigestKnowsNoLiteralsCaseOrSpace() {
    long digest = PgTexts.facts("SELECT a FROM t WHERE b IN (1, 2, 3) AND c = 'x'").digest();
    assertEquals(
        digest, PgTexts.facts("select A  from t /* y */ where b in ($1) and c = $$z$$").digest());
    assertNotEquals(digest, PgTexts.facts("SELECT a FROM u WHERE b IN (1) AND c = 'x'").digest());
    assertNotEquals(PgTexts.facts("SELECT 1, a").digest(), PgTexts.facts("SELECT 1 a").digest());
  }

  private long allocatedBy(ByteBuf... texts) {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = allocated();
      for (int i = 0; i < 1000; i++) {
        ByteBuf text = texts[i % texts.length];
        rules.facts(text, 0, text.readableBytes());
      }
      least = Math.min(least, allocated() - before);
    }
    return least;
  }

  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  /** Direct memory with no leak detector around it: that one allocates on each access. */
  private static ByteBuf direct(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
  }
}
