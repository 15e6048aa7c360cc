package dev.pooler.server.log;

import dev.pooler.server.json.Json;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * One JSON object a line: time (UTC), level, logger, message, and for exceptions their trace as
 * error.
 */
final class JsonLines extends Formatter {

  @Override
  public String format(LogRecord entry) {
    StringBuilder out = new StringBuilder(192);
    field(out.append('{'), "time", entry.getInstant().toString());
    field(out.append(','), "level", Levels.word(entry.getLevel()));
    field(out.append(','), "logger", String.valueOf(entry.getLoggerName()));
    field(out.append(','), "message", String.valueOf(formatMessage(entry)));
    Throwable thrown = entry.getThrown();
    if (thrown != null) {
      field(out.append(','), "error", String.join("\n", Traces.lines(thrown)));
    }
    return out.append("}\n").toString();
  }

  private static void field(StringBuilder out, String name, String value) {
    Json.quote(out, name);
    Json.quote(out.append(':'), value);
  }
}
