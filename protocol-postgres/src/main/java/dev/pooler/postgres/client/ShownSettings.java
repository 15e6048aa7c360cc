package dev.pooler.postgres.client;

import dev.pooler.core.session.SessionReport;
import dev.pooler.postgres.session.PgSettings;
import java.util.Map;
import java.util.TreeMap;

/**
 * A session's settings for administrators: some where they are many, values cut. Those of custom
 * settings ({@code app.tenant}) are masked: applications keep tokens, keys and whose rows are to be
 * seen there, and the server shows them to nobody else either. All others are the server's own, and
 * none of those that a session may set is a secret.
 *
 * @param count how many there are
 */
record ShownSettings(Map<String, String> shown, int count) {
  static final String MASK = "***";

  /** So much of a value is told. */
  private static final int CHARACTERS = 200;

  static ShownSettings of(PgSettings settings) {
    Map<String, String> some = new TreeMap<>();
    for (String name : settings.values().keySet()) {
      if (some.size() == SessionReport.MOST) {
        break;
      }
      String value = settings.text(name);
      some.put(name, name.indexOf('.') >= 0 ? MASK : cut(value == null ? "" : value));
    }
    return new ShownSettings(some, settings.values().size());
  }

  private static String cut(String value) {
    if (value.length() <= CHARACTERS) {
      return value;
    }
    boolean pair = Character.isHighSurrogate(value.charAt(CHARACTERS - 1));
    return value.substring(0, pair ? CHARACTERS - 1 : CHARACTERS) + "…";
  }
}
