package dev.pooler.server.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class LogLinesTest {
  private final Formatter human = new HumanLines(ZoneOffset.UTC);
  private final Formatter json = new JsonLines();

  @Test
  void aLineForPeopleHasTimeLevelAndMessage() {
    assertEquals(
        "12:34:56.789 INFO  pool app/app: 3 backends\n",
        human.format(entry("dev.pooler.core.pool.Pool", Level.INFO, "pool app/app: 3 backends")));
    assertEquals(
        "12:34:56.789 ERROR no\n",
        human.format(entry("dev.pooler.server.Main", Level.SEVERE, "no")));
  }

  @Test
  void aLibrarysLineNamesItsLogger() {
    assertEquals(
        "12:34:56.789 WARN  HikariPool: slow\n",
        human.format(entry("com.zaxxer.hikari.pool.HikariPool", Level.WARNING, "slow")));
  }

  @Test
  void noControlCharacterReachesATerminal() {
    assertEquals(
        "12:34:56.789 INFO  user \\x001b[31mroot\\n12:00 INFO forged\\r\\x0000\tö\n",
        human.format(
            entry("dev.pooler.X", Level.INFO, "user \u001b[31mroot\n12:00 INFO forged\r\0\tö")));
  }

  @Test
  void aTraceFollowsIndentedForPeople() {
    String[] lines = human.format(withTrace()).split("\n", -1);

    assertEquals("12:34:56.789 WARN  it broke", lines[0]);
    assertEquals("    java.lang.IllegalStateException: out\\x0007er", lines[1]);
    assertTrue(lines[2].startsWith("    \tat dev.pooler.server.log.LogLinesTest"), lines[2]);
  }

  @Test
  void aLineForMachinesIsOneObject() {
    assertEquals(
        "{\"time\":\"2026-01-02T12:34:56.789Z\",\"level\":\"INFO\",\"logger\":\"dev.pooler.X\","
            + "\"message\":\"a \\\"b\\\" \\n\\u0000\\u2028\\ud800 ö\"}\n",
        json.format(entry("dev.pooler.X", Level.INFO, "a \"b\" \n\0\u2028\ud800 ö")));
  }

  @Test
  void aTraceIsOneTextForMachines() {
    String line = json.format(withTrace());
    Object object = new Load(LoadSettings.builder().build()).loadFromString(line);

    assertEquals(1, line.lines().count());
    String error = String.valueOf(((Map<?, ?>) object).get("error"));
    assertTrue(error.startsWith("java.lang.IllegalStateException: out\u0007er\n\tat "), error);
  }

  private static LogRecord withTrace() {
    LogRecord entry = entry("dev.pooler.X", Level.WARNING, "it broke");
    entry.setThrown(new IllegalStateException("out\u0007er"));
    return entry;
  }

  private static LogRecord entry(String logger, Level level, String message) {
    LogRecord entry = new LogRecord(level, message);
    entry.setLoggerName(logger);
    entry.setInstant(Instant.parse("2026-01-02T12:34:56.789Z"));
    return entry;
  }
}
