package dev.pooler.postgres.backend;

import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.PgSettings.Change;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Settings that were put in front of a client's batch, until its ReadyForQuery tells whether they
 * are there. What the server reports because of them is nothing new to the client. Confined to the
 * backend's loop.
 */
final class SettingsInFront {
  private final PgSettings wanted;
  private final List<Change> changes;
  private final Map<String, String> defaults;
  private boolean failed;

  /**
   * Settings on their way.
   *
   * @param defaults what it reports where nothing is set
   */
  SettingsInFront(PgSettings wanted, List<Change> changes, Map<String, String> defaults) {
    this.wanted = wanted;
    this.changes = changes;
    this.defaults = defaults;
  }

  PgSettings wanted() {
    return wanted;
  }

  /** Something of the batch has failed: the server takes all of it back. */
  void fail() {
    failed = true;
  }

  boolean failed() {
    return failed;
  }

  /**
   * Whether a report is of these settings: of their coming, or of their going with a failure, which
   * servers before PostgreSQL 14 report too.
   */
  boolean explains(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (Change change : changes) {
      if (change.name().equals(lower)) {
        @Nullable String expected = change.value() == null ? defaults.get(name) : change.value();
        return failed || value.equals(expected);
      }
    }
    return false;
  }
}
