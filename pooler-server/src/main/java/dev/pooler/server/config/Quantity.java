package dev.pooler.server.config;

import dev.pooler.core.text.NearMiss;
import java.time.Duration;
import java.util.List;

/** Durations and sizes as people write them: a whole number and a unit, or 0. */
public final class Quantity {
  private static final List<String> TIME_UNITS = List.of("ms", "s", "m", "h", "d");
  private static final long[] MILLIS = {1, 1_000, 60_000, 3_600_000, 86_400_000};
  private static final List<String> SIZE_UNITS = List.of("B", "KiB", "MiB", "GiB");
  private static final long[] BYTES = {1, 1L << 10, 1L << 20, 1L << 30};

  private Quantity() {}

  static Duration duration(String text) throws BadValue {
    return Duration.ofMillis(parse(text, TIME_UNITS, MILLIS, "a duration, such as 10s"));
  }

  static long size(String text) throws BadValue {
    return parse(text, SIZE_UNITS, BYTES, "a size, such as 64MiB");
  }

  /** The shortest text that means the same: 30m, not 1800s. */
  public static String text(Duration duration) {
    return text(duration.toMillis(), TIME_UNITS, MILLIS);
  }

  public static String text(long bytes) {
    return text(bytes, SIZE_UNITS, BYTES);
  }

  private static String text(long amount, List<String> units, long[] factors) {
    if (amount == 0) {
      return "0";
    }
    int unit = factors.length - 1;
    while (amount % factors[unit] != 0) {
      unit--;
    }
    return amount / factors[unit] + units.get(unit);
  }

  private static long parse(String text, List<String> units, long[] factors, String what)
      throws BadValue {
    int digits = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      digits++;
    }
    // Nine digits times the largest factor (GiB) stay within a long.
    if (digits == 0 || digits > 9) {
      throw new BadValue("\"" + text + "\" is not " + what);
    }
    long amount = Long.parseLong(text.substring(0, digits));
    String unit = text.substring(digits).strip();
    if (unit.isEmpty() && amount == 0) {
      return 0;
    }
    int index = units.indexOf(unit);
    if (index < 0) {
      String allowed = String.join(", ", units);
      throw new BadValue(
          unit.isEmpty()
              ? "\"" + text + "\" needs a unit: " + allowed
              : "unit \""
                  + unit
                  + "\" is not one of "
                  + allowed
                  + NearMiss.suggestion(unit, units));
    }
    return amount * factors[index];
  }

  static List<String> timeUnits() {
    return TIME_UNITS;
  }

  static List<String> sizeUnits() {
    return SIZE_UNITS;
  }

  /** A regular expression of what is read, for the schema. */
  static String pattern(List<String> units) {
    return "0|[0-9]{1,9} ?(" + String.join("|", units) + ")";
  }
}
