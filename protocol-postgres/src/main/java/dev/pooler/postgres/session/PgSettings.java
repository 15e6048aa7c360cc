package dev.pooler.postgres.session;

import dev.pooler.core.pool.SessionSettings;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a session beside the server's defaults: what its start-up packet asked for and
 * what it has SET since. Names are lower case. Immutable; equal settings are usually the same
 * object, so that the common comparison is one of references.
 */
public final class PgSettings implements SessionSettings {
  /** Nothing but the server's defaults. */
  public static final PgSettings NONE = new PgSettings(new TreeMap<>());

  /** More combinations than this are compared by value; nothing else changes. */
  private static final int INTERNED = 4096;

  private static final String ROLE = "role";
  private static final String SESSION_USER = "session_authorization";

  private static final Set<String> RUN_TIME_ONLY =
      Set.of(
          "application_name",
          "client_min_messages",
          "extra_float_digits",
          "bytea_output",
          "statement_timeout",
          "lock_timeout",
          "idle_in_transaction_session_timeout",
          "idle_session_timeout",
          "transaction_timeout");

  private static final Map<PgSettings, PgSettings> KNOWN = new ConcurrentHashMap<>();

  private final SortedMap<String, Value> values;
  private final int hash;

  /** The part of it that planning depends on, once somebody has asked. */
  private volatile @Nullable PgSettings planning;

  /** A setting's value, in one of the two forms a client can give. */
  public sealed interface Value {
    /** As in a start-up packet: the whole text is the value. */
    record Text(String text) implements Value {}

    /** As in {@code SET name TO …}: SQL text that the server took before. */
    record Sql(String expression) implements Value {}
  }

  private PgSettings(SortedMap<String, Value> values) {
    this.values = values;
    this.hash = values.hashCode();
  }

  /** The settings of a start-up packet. */
  public static PgSettings ofStartup(Map<String, String> parameters) {
    TreeMap<String, Value> values = new TreeMap<>();
    parameters.forEach((name, value) -> values.put(lower(name), new Value.Text(value)));
    return intern(values);
  }

  /** What the server says is set on a backend. */
  public static PgSettings ofTruth(SessionTruth truth) {
    TreeMap<String, Value> values = new TreeMap<>();
    truth.settings().forEach((name, value) -> values.put(lower(name), new Value.Text(value)));
    if (truth.sessionUser() != null) {
      values.put(SESSION_USER, new Value.Text(truth.sessionUser()));
    }
    if (truth.role() != null) {
      values.put(ROLE, new Value.Text(truth.role()));
    }
    return intern(values);
  }

  /** These, and those of {@code others} that these don't have. */
  public PgSettings orElse(PgSettings others) {
    TreeMap<String, Value> both = new TreeMap<>(others.values);
    both.putAll(values);
    return intern(both);
  }

  /**
   * Those that the meaning or the plan of a statement may depend on: all but a few that are known
   * not to matter before a statement runs.
   */
  public PgSettings planning() {
    PgSettings part = planning;
    if (part == null) {
      TreeMap<String, Value> kept = new TreeMap<>(values);
      kept.keySet().removeAll(RUN_TIME_ONLY);
      part = kept.size() == values.size() ? this : intern(kept);
      planning = part;
    }
    return part;
  }

  public PgSettings with(String name, Value value) {
    TreeMap<String, Value> changed = new TreeMap<>(values);
    changed.put(lower(name), value);
    return intern(changed);
  }

  /** As {@link #with}, but {@code name} gets the value it has in {@code other}, or none. */
  public PgSettings withValueOf(String name, PgSettings other) {
    TreeMap<String, Value> changed = new TreeMap<>(values);
    Value theirs = other.values.get(lower(name));
    if (theirs == null) {
      changed.remove(lower(name));
    } else {
      changed.put(lower(name), theirs);
    }
    return intern(changed);
  }

  public Map<String, Value> values() {
    return Collections.unmodifiableSortedMap(values);
  }

  /** One of them as a client gave it, or null. */
  public @Nullable String text(String name) {
    return switch (values.get(name)) {
      case Value.Text(String text) -> text;
      case Value.Sql(String expression) -> expression;
      case null -> null;
    };
  }

  /** The same as text by name, for people: values as a client gave them. */
  public Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    values.forEach((name, value) ->
        texts.put(
            name,
            switch (value) {
              case Value.Text(String text) -> text;
              case Value.Sql(String expression) -> expression;
            }));
    return texts;
  }

  /**
   * SQL that turns a backend with the settings {@code from} into one with these; empty if nothing
   * differs. One string of statements: all of it happens or nothing.
   */
  public String differenceFrom(PgSettings from) {
    StringBuilder sql = new StringBuilder();
    // As the backend's own user first: another role may not be allowed to change the rest.
    boolean otherUser = changes(SESSION_USER, from);
    boolean otherRole = otherUser || changes(ROLE, from);
    if (otherRole && from.values.containsKey(ROLE)) {
      sql.append("RESET ROLE;");
    }
    if (otherUser && from.values.containsKey(SESSION_USER)) {
      sql.append("RESET SESSION AUTHORIZATION;");
    }
    for (String name : from.values.keySet()) {
      if (!values.containsKey(name) && !isUser(name)) {
        sql.append("RESET ").append(identifier(name)).append(';');
      }
    }
    values.forEach((name, value) -> {
      if (!isUser(name) && !value.equals(from.values.get(name))) {
        append(sql, name, value);
      }
    });
    appendIf(otherUser, sql, SESSION_USER);
    appendIf(otherRole, sql, ROLE);
    return sql.toString();
  }

  private boolean changes(String name, PgSettings from) {
    return !Objects.equals(values.get(name), from.values.get(name));
  }

  private static boolean isUser(String name) {
    return name.equals(ROLE) || name.equals(SESSION_USER);
  }

  private void appendIf(boolean changed, StringBuilder sql, String name) {
    Value value = values.get(name);
    if (changed && value != null) {
      append(sql, name, value);
    }
  }

  private static void append(StringBuilder sql, String name, Value value) {
    switch (value) {
      case Value.Text(String text) ->
          // Not SET: that would take a list as one quoted element (search_path).
          sql.append("SELECT pg_catalog.set_config(")
              .append(literal(name))
              .append(',')
              .append(literal(text))
              .append(",false);");
      case Value.Sql(String expression) ->
          sql.append("SET ").append(identifier(name)).append(" TO ").append(expression).append(';');
    }
  }

  /**
   * A literal that reads the same whatever standard_conforming_strings and client_encoding are on
   * the backend that is about to change: characters beyond ASCII by their code points.
   */
  static String literal(String text) {
    boolean plain = text.chars().allMatch(c -> c < 0x80 && c != '\\');
    if (plain) {
      return "'" + text.replace("'", "''") + "'";
    }
    StringBuilder literal = new StringBuilder("E'");
    text.codePoints()
        .forEach(c -> {
          if (c == '\'' || c == '\\') {
            literal.append((char) c).append((char) c);
          } else if (c < 0x80) {
            literal.append((char) c);
          } else {
            literal.append("\\U").append(HexFormat.of().toHexDigits(c));
          }
        });
    return literal.append('\'').toString();
  }

  /** Custom settings have two parts: each is quoted by itself. */
  private static String identifier(String name) {
    return '"' + name.replace("\"", "\"\"").replace(".", "\".\"") + '"';
  }

  private static String lower(String name) {
    return name.toLowerCase(java.util.Locale.ROOT);
  }

  private static PgSettings intern(SortedMap<String, Value> values) {
    PgSettings settings = new PgSettings(values);
    PgSettings known = KNOWN.get(settings);
    if (known != null) {
      return known;
    }
    if (KNOWN.size() < INTERNED) {
      KNOWN.put(settings, settings);
    }
    return settings;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof PgSettings that && hash == that.hash && values.equals(that.values));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
