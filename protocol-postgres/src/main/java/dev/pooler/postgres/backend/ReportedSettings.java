package dev.pooler.postgres.backend;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Lexical;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.PgDialects;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a server reports (ParameterStatus, PostgreSQL's protocol-flow, "Asynchronous
 * Operations"): as they are, as they are while nobody has set anything, and how they have moved
 * since the session that holds the backend was last known to be in step with it. Two of them say
 * how the server reads texts.
 */
final class ReportedSettings {
  /** A matter of the role and the session's user. */
  private static final Set<String> OF_USERS = Set.of("is_superuser", "session_authorization");

  /** No session can set it. */
  private static final Set<String> SERVERS_OWN = Set.of("in_hot_standby");

  private final Map<String, String> now;
  private final ServerDefaults defaults;

  /** At the login, or since a reload of the server's configuration. */
  private Map<String, String> unset;

  private @Nullable Map<String, String> inStep;
  private Dialect dialect;

  /** Takes over the map of what was reported until ReadyForQuery. */
  ReportedSettings(Map<String, String> now, ServerDefaults defaults) {
    this.now = now;
    this.defaults = defaults;
    Map<String, String> ofAll = new HashMap<>(now);
    ofAll.keySet().removeAll(OF_USERS);
    this.unset = defaults.heard(ofAll);
    this.dialect = PgDialects.of(now);
  }

  Map<String, String> now() {
    return Collections.unmodifiableMap(now);
  }

  /** What is reported while nobody has set anything. */
  Map<String, String> unset() {
    return unset;
  }

  /** The server has said which settings have a value of the session: all others have none. */
  void proven(PgSettings its) {
    Map<String, String> others = new HashMap<>(unset);
    now.forEach((name, value) -> {
      if (!OF_USERS.contains(name) && !its.sets(name)) {
        others.put(name, value);
      }
    });
    unset = defaults.heard(others);
  }

  /** What is reported now is what the session has: nothing has moved. */
  void inStep() {
    inStep = null;
  }

  /** What has changed for the session since it was in step, by name. */
  Map<String, String> moved() {
    Map<String, String> before = inStep;
    if (before == null) {
      return Map.of();
    }
    Map<String, String> moved = new HashMap<>(now);
    moved.entrySet().removeAll(before.entrySet());
    return moved;
  }

  /**
   * The server has reported a setting of its own accord, or on the way to a session's settings.
   *
   * @param unasked nobody has set it, and nobody does: what it is for all has changed
   */
  void take(String setting, String value, boolean unasked) {
    take(setting, value);
    if (unasked && !OF_USERS.contains(setting)) {
      isDefault(setting, value);
    }
  }

  private void isDefault(String setting, String value) {
    if (!value.equals(unset.get(setting))) {
      Map<String, String> others = new HashMap<>(unset);
      others.put(setting, value);
      unset = defaults.heard(others);
    }
  }

  private void take(String setting, String value) {
    now.put(setting, value);
    if (setting.equals(PgDialects.CONFORMING) || setting.equals(PgDialects.ENCODING)) {
      dialect = PgDialects.of(now);
    }
  }

  /** As {@link #take}, of what the session has set in front of its statement: it knows that. */
  void takeKnown(String setting, String value) {
    take(setting, value);
    if (inStep != null) {
      inStep.put(setting, value);
    }
  }

  /** As {@link #take}, of what happens to the session that holds the backend: it is told. */
  void takeForSession(String setting, String value) {
    if (inStep == null) {
      inStep = new HashMap<>(now);
    }
    take(setting, value);
    if (SERVERS_OWN.contains(setting)) {
      isDefault(setting, value);
    }
  }

  /** How the server reads texts. */
  Dialect dialect() {
    return dialect;
  }

  /** How it reads them while nobody has set anything. */
  Dialect usualDialect() {
    return PgDialects.of(unset);
  }

  /** How it will read them when these changes have been made. */
  Dialect dialectWith(List<PgSettings.Change> changes) {
    Dialect then = dialect;
    for (PgSettings.Change change : changes) {
      if (change.name().equals(PgDialects.CONFORMING)) {
        return PgDialects.IN_DOUBT; // on and off have many spellings
      } else if (change.name().equals(PgDialects.ENCODING)) {
        String value = change.value();
        value = value == null ? unset.get(PgDialects.ENCODING) : value;
        boolean conforming = !then.has(Lexical.BACKSLASH_STRINGS);
        then = PgDialects.of(conforming, value == null ? "" : value);
      }
    }
    return then;
  }
}
