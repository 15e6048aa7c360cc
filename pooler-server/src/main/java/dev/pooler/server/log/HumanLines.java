package dev.pooler.server.log;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * {@code 12:34:56.789 INFO pool app/app: …}: local time, level, what happened. Our own classes name
 * the place in the message; for libraries the logger's short name stands in front. An exception's
 * trace follows, indented.
 */
final class HumanLines extends Formatter {
  private final ZoneId zone;

  HumanLines(ZoneId zone) {
    this.zone = zone;
  }

  @Override
  public String format(LogRecord entry) {
    StringBuilder out = new StringBuilder(128);
    time(out, entry.getInstant());
    String level = Levels.word(entry.getLevel());
    out.append(' ').append(level).append(level.length() == 4 ? "  " : " ");
    String logger = entry.getLoggerName();
    if (logger != null && !logger.startsWith("dev.pooler.")) {
      out.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(": ");
    }
    printable(out, String.valueOf(formatMessage(entry)));
    Throwable thrown = entry.getThrown();
    if (thrown != null) {
      out.append('\n');
      Traces.lines(thrown).forEach(line -> printable(out.append("    "), line).append('\n'));
    } else {
      out.append('\n');
    }
    return out.toString();
  }

  private void time(StringBuilder out, Instant instant) {
    ZonedDateTime at = instant.atZone(zone);
    two(out, at.getHour()).append(':');
    two(out, at.getMinute()).append(':');
    two(out, at.getSecond()).append('.');
    int millis = at.getNano() / 1_000_000;
    two(out.append(millis / 100), millis % 100);
  }

  private static StringBuilder two(StringBuilder out, int number) {
    return out.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
  }

  /**
   * Clients choose names that get logged: no line break, no escape sequence may reach a terminal.
   */
  private static StringBuilder printable(StringBuilder out, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\t' || (!Character.isISOControl(c) && c != 0x2028 && c != 0x2029)) {
        out.append(c);
      } else {
        out.append(
            c == '\n'
                ? "\\n"
                : c == '\r' ? "\\r" : "\\x" + Integer.toHexString(0x10000 | c).substring(1));
      }
    }
    return out;
  }
}
