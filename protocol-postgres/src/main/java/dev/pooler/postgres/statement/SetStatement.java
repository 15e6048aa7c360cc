package dev.pooler.postgres.statement;

import dev.pooler.postgres.session.PgSettings;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One SET or RESET that can be kept for the session and said again on another backend: a name and a
 * plain value, TIME ZONE among them. What is not as plain (ROLE, NAMES, backslashes, casts) is not
 * read here, and pins instead.
 *
 * @param name the setting, as written
 * @param value what it is set to, or null for RESET and DEFAULT
 */
public record SetStatement(String name, PgSettings.@Nullable Value value) {
  private static final String NAME = "([A-Za-z_][A-Za-z0-9_$]*(?:\\.[A-Za-z_][A-Za-z0-9_$]*)?)";
  private static final String ITEM =
      "(?:'(?:[^'\\\\]|'')*'|[-+]?[0-9][0-9.]*|\"[^\"\\\\]*\"|[A-Za-z_][A-Za-z0-9_$]*)";
  private static final Pattern SET =
      Pattern.compile(
          "\\s*SET\\s+(?:SESSION\\s+)?"
              + NAME
              + "(?:\\s*=\\s*|\\s+TO\\s+)("
              + ITEM
              + "(?:\\s*,\\s*"
              + ITEM
              + ")*)\\s*;?\\s*",
          Pattern.CASE_INSENSITIVE);

  /** Another spelling of the setting TimeZone, with LOCAL for DEFAULT (manual, "SET"). */
  private static final Pattern TIME_ZONE =
      Pattern.compile(
          "\\s*(?:RESET\\s+TIME\\s+ZONE|SET\\s+(?:SESSION\\s+)?TIME\\s+ZONE\\s*("
              + ITEM
              + "))\\s*;?\\s*",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern RESET =
      Pattern.compile("\\s*RESET\\s+" + NAME + "\\s*;?\\s*", Pattern.CASE_INSENSITIVE);

  /** Longest text that is looked at, in characters. */
  public static final int LONGEST = 1024;

  /** What the text sets, or null where it is not plain. */
  public static @Nullable SetStatement parse(String sql) {
    if (sql.length() > LONGEST) {
      return null;
    }
    Matcher set = SET.matcher(sql);
    if (set.matches()) {
      String name = set.group(1);
      String value = set.group(2);
      if (isSyntax(name)) {
        return null;
      }
      return "DEFAULT".equalsIgnoreCase(value)
          ? new SetStatement(name, null)
          : new SetStatement(name, new PgSettings.Value.Sql(value));
    }
    Matcher zone = TIME_ZONE.matcher(sql);
    if (zone.matches()) {
      String value = zone.group(1);
      boolean none =
          value == null || "LOCAL".equalsIgnoreCase(value) || "DEFAULT".equalsIgnoreCase(value);
      return new SetStatement("timezone", none ? null : new PgSettings.Value.Sql(value));
    }
    Matcher reset = RESET.matcher(sql);
    if (reset.matches() && !isSyntax(reset.group(1))) {
      return new SetStatement(reset.group(1), null);
    }
    return null;
  }

  /** Words that look like a setting's name here and are something else, or a role. */
  private static boolean isSyntax(String name) {
    return switch (name.toLowerCase(java.util.Locale.ROOT)) {
      case "local",
          "session",
          "role",
          "session_authorization",
          "all",
          "transaction",
          "constraints" ->
          true;
      case "transaction_isolation", "transaction_read_only", "transaction_deferrable", "seed" ->
          true;
      default -> false;
    };
  }
}
