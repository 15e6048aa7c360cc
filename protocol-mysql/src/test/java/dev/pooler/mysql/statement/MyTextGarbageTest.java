package dev.pooler.mysql.statement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.mysql.statement.MyDialects.Flavor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever the text, reading it ends and throws nothing, and what is quoted says nothing. */
class MyTextGarbageTest {
  private static final List<Dialect> DIALECTS =
      List.of(
          MyDialects.STANDARD,
          MyDialects.MARIADB,
          MyDialects.IN_DOUBT,
          MyDialects.of(Flavor.MYSQL, "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "latin1"),
          MyDialects.of(Flavor.MARIADB, "MSSQL,ANSI_QUOTES", "gbk"));

  /** Each means something elsewhere. */
  private static final List<String> HOSTILE =
      List.of(
          "@a := 1",
          "GET_LOCK(",
          "; BEGIN;",
          "FOR UPDATE",
          "TEMPORARY",
          "/*!",
          "*/ x",
          "-- ",
          "#",
          "$$",
          ";;",
          "(",
          ")",
          "LAST_INSERT_ID()",
          "IS NULL",
          "SET sql_log_bin = 0",
          "@@identity",
          "END",
          "INTO",
          "f(1)",
          "SQL_CALC_FOUND_ROWS");

  private final StatementRules windowed =
      MyStatementRules.create(Flavor.MYSQL, new StatementRules.Limits(4, 0, 0, Integer.MAX_VALUE));

  @Test
  void noReaderThrowsOrHangs() {
    List<String> texts = texts();
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          for (int seed = 0; seed < 6000; seed++) {
            read(damaged(texts, new Random(seed)), "seed " + seed);
          }
        });
  }

  @Test
  void everyCutOfEveryStatementIsRead() {
    for (String text : texts()) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      for (int end = 0; end <= bytes.length; end++) {
        read(Arrays.copyOf(bytes, end), text + " up to " + end);
      }
    }
  }

  @Test
  @Tag("mysql-case-27")
  void whatStandsInStringsAndCommentsChangesNothing() {
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      String hostile = HOSTILE.get(random.nextInt(HOSTILE.size()));
      if (random.nextBoolean()) {
        hostile += " " + HOSTILE.get(random.nextInt(HOSTILE.size()));
      }
      for (String text : List.of("SELECT '?', a FROM t", "UPDATE t SET a = \"?\"", "DO 1 -- ?\n")) {
        assertSameFacts(text, hostile);
      }
      assertSameFacts("SELECT a /* ? */ FROM t", hostile.replace("*/", ""));
      assertSameFacts("SELECT a # ?\n FROM t", hostile);
      assertSameFacts("SELECT `?` FROM t", hostile);
      assertSameFacts("SELECT 'it''s ?', 'a\\'?'", hostile);
    }
  }

  private static void assertSameFacts(String text, String hostile) {
    StatementFacts plain = MyTexts.facts(text.replace("?", "x"));
    StatementFacts facts = MyTexts.facts(text.replace("?", hostile));
    assertEquals(MyTexts.describe(plain), MyTexts.describe(facts), text + " with " + hostile);
  }

  private static List<String> texts() {
    List<String> texts = new ArrayList<>();
    MyTexts.table().forEach(row -> texts.add(row.text()));
    texts.add("/*!40101 SET @a = @@`b`, NAMES 'x' */; /*!80000 SELECT 0x1F, 1e5, t.1a */ -- \n");
    texts.add(
        "CREATE PROCEDURE p() x: BEGIN IF 1 THEN CASE a WHEN b THEN c; END CASE; END IF; END");
    texts.add("SELECT $$ a $$, $b$ c $b$, N'd', x'61', _utf8mb4'e' /*M!100100 f */ /*!9 g */");
    return texts;
  }

  private void read(byte[] text, String which) {
    ByteBuf buffer = Unpooled.wrappedBuffer(text);
    for (Dialect dialect : DIALECTS) {
      StatementFacts direct = windowed.facts(dialect, buffer, 0, text.length);
      StatementRules whole =
          MyStatementRules.create(Flavor.MYSQL, new StatementRules.Limits(4, 0, 1 << 20, 1 << 20));
      assertEquals(whole.facts(dialect, buffer, 0, text.length), direct, which);
      MySetStatement.parse(dialect, new String(text, StandardCharsets.UTF_8));
    }
  }

  private static byte[] damaged(List<String> texts, Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      String piece = texts.get(random.nextInt(texts.size()));
      int from = random.nextInt(piece.length());
      text.append(piece, from, from + random.nextInt(piece.length() - from + 1));
      if (random.nextInt(20) == 0) {
        text.repeat(' ', random.nextInt(5000));
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
      String marks = "'\"`$();.,/*!-#\\\n\0@=1xM[]";
      bytes[random.nextInt(bytes.length)] = (byte) marks.charAt(random.nextInt(marks.length()));
    }
    return bytes;
  }
}
