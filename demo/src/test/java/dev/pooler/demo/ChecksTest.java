package dev.pooler.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class ChecksTest {
  private final StringWriter text = new StringWriter();
  private final Checks checks = new Checks(new PrintWriter(text));

  @Test
  void aWrongAnswerIsShownBesideTheExpectedOneAndSpoilsTheWhole() {
    checks.expect("right", 42, () -> "42");
    checks.expect("sum", 42, () -> 41);
    assertEquals("ok    right\nFAIL  sum: seen 41, expected 42\n", text.toString());
    assertFalse(checks.allRight());
    assertEquals("1 of 2 checks wrong", checks.summary());
  }

  @Test
  void anExceptionIsAWrongAnswer() {
    checks.expect(
        "sum",
        42,
        () -> {
          throw new java.sql.SQLException("two\n lines");
        });
    assertEquals(
        "FAIL  sum: seen java.sql.SQLException: two lines, expected 42\n", text.toString());
    assertFalse(checks.allRight());
  }

  @Test
  void nothingLookedAtIsNotAllRight() {
    checks.skip("sum", "not now");
    assertFalse(checks.allRight());
    checks.expect("sum", 42, () -> 42);
    assertTrue(checks.allRight());
  }
}
