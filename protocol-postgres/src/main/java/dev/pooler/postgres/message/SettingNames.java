package dev.pooler.postgres.message;

import java.util.Locale;
import java.util.Map;

/**
 * PostgreSQL's settings ignore the case of their names, but ParameterStatus and pg_settings write
 * some of them with capitals; clients look for exactly those.
 */
public final class SettingNames {
  /**
   * The settings of PostgreSQL 18 that are not all lower case, and the old names it still takes.
   */
  private static final Map<String, String> CANONICAL =
      Map.of(
          "datestyle", "DateStyle",
          "intervalstyle", "IntervalStyle",
          "timezone", "TimeZone",
          "sort_mem", "work_mem",
          "vacuum_mem", "maintenance_work_mem");

  private SettingNames() {}

  /** The one spelling of a setting's name; of one we don't know, lower case. */
  public static String canonical(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return CANONICAL.getOrDefault(lower, lower);
  }
}
