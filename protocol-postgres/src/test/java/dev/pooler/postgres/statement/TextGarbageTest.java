package dev.pooler.postgres.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Cut, joined and damaged texts make no reader of them throw or hang. */
class TextGarbageTest {
  private static final List<String> SEEDS =
      List.of(
          "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
          "SET TIME ZONE -7.5; RESET TIME ZONE; SET NAMES 'x'; SET SCHEMA 'y';",
          "SET \"app\".\"tenant\" TO 'it''s', \"$user\", -3, E'a\\'b'",
          "SELECT pg_catalog.set_config('app.a', f($1), false), U&\"x\"('a'\n'b')",
          "EXPLAIN (ANALYZE, COSTS off) EXECUTE \"p\"\"q\"(1, $$x$$);",
          "PREPARE p (int, varchar(3)) AS SELECT DISTINCT ON (a) g(b) OVER (PARTITION BY c);;",
          "DEALLOCATE PREPARE ALL; UPDATE pg_settings SET a = OPERATOR(pg_catalog.+) (1)",
          "INSERT INTO \"a\".\"b\" (c) VALUES (st_x('\u00e9'), public.lower('x')) -- \n /* /* */ */");

  private final StatementRules windowed =
      PgStatementRules.create(new StatementRules.Limits(4, 0, 0, Integer.MAX_VALUE));

  @Test
  void noReaderThrowsOrHangs() throws IOException {
    List<String> texts = new ArrayList<>(SEEDS);
    texts.addAll(ClientTextsTest.recorded());
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          for (int seed = 0; seed < 6000; seed++) {
            read(damaged(texts, new Random(seed)), "seed " + seed);
          }
        });
  }

  @Test
  void everyCutOfEverySeedIsRead() {
    for (String text : SEEDS) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      for (int end = 0; end <= bytes.length; end++) {
        read(Arrays.copyOf(bytes, end), text + " up to " + end);
      }
    }
  }

  private void read(byte[] text, String which) {
    for (Dialect dialect : List.of(PgDialects.STANDARD, PgDialects.BACKSLASHES)) {
      ByteBuf buffer = Unpooled.wrappedBuffer(text);
      CustomSettings.names(dialect, buffer, 0, text.length);
      PreparedNameInText name = PreparedNameInText.find(dialect, buffer, 0, text.length);
      if (name != null) {
        assertTrue(name.offset() + name.length() <= text.length && name.length() > 0, which);
      }
      StatementFacts direct = windowed.facts(dialect, buffer, 0, text.length);
      StatementRules whole =
          PgStatementRules.create(new StatementRules.Limits(4, 0, 1 << 20, 1 << 20));
      assertEquals(whole.facts(dialect, buffer, 0, text.length), direct, which);
    }
    SetStatement.parseAll(new String(text, StandardCharsets.UTF_8));
  }

  private static byte[] damaged(List<String> texts, Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      String piece = texts.get(random.nextInt(random.nextBoolean() ? SEEDS.size() : texts.size()));
      int from = random.nextInt(piece.length());
      text.append(piece, from, from + random.nextInt(piece.length() - from + 1));
      if (random.nextInt(20) == 0) {
        text.repeat(' ', random.nextInt(5000));
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
      String marks = "'\"$();.,/*-\\\n\0E";
      bytes[random.nextInt(bytes.length)] = (byte) marks.charAt(random.nextInt(marks.length()));
    }
    return bytes;
  }
}
