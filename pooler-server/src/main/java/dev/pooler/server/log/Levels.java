package dev.pooler.server.log;

import java.util.Locale;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;

/** java.util.logging's levels under the words people use; the mapping is slf4j-jdk14's. */
final class Levels {
  private Levels() {}

  static String word(Level level) {
    int value = level.intValue();
    if (value >= Level.SEVERE.intValue()) {
      return "ERROR";
    }
    if (value >= Level.WARNING.intValue()) {
      return "WARN";
    }
    if (value >= Level.INFO.intValue()) {
      return "INFO";
    }
    return value >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
  }

  /** The level of a word, or null. */
  static @Nullable Level of(String word) {
    return switch (word.toLowerCase(Locale.ROOT)) {
      case "error" -> Level.SEVERE;
      case "warn" -> Level.WARNING;
      case "info" -> Level.INFO;
      case "debug" -> Level.FINE;
      case "trace" -> Level.FINEST;
      case "off" -> Level.OFF;
      default -> null;
    };
  }
}
