package dev.pooler.postgres.session;

import dev.pooler.core.pool.SessionSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a session beside the server's defaults: what its start-up packet asked for and
 * what it has SET since. Names are lower case. Immutable; equal settings are usually the same
 * object, so that the common comparison is one of references.
 */
public final class PgSettings implements SessionSettings {
  /** Nothing but the server's defaults. */
  public static final PgSettings NONE = new PgSettings(new TreeMap<>());

  /**
   * A backend's settings after a batch whose end is not known: those of no session, so that whoever
   * gets it next sets them all.
   */
  public static final PgSettings UNKNOWN = new PgSettings(unknown());

  /** More combinations than this are compared by value; nothing else changes. */
  private static final int INTERNED = 2048;

  /** In bytes, with what is around the settings. */
  private static final int LARGEST_INTERNED = 2048;

  /** What the objects around a setting take, about. */
  private static final int BESIDE = 128;

  private static final String ROLE = "role";
  private static final String SESSION_USER = "session_authorization";

  private static final String IDLE_SESSION_TIMEOUT = "idle_session_timeout";

  private static final Set<String> RUN_TIME_ONLY =
      Set.of(
          "application_name",
          "client_min_messages",
          "extra_float_digits",
          "bytea_output",
          "statement_timeout",
          "lock_timeout",
          "idle_in_transaction_session_timeout",
          IDLE_SESSION_TIMEOUT,
          "transaction_timeout");

  /** A backend that has used temporary tables keeps it as it is (check_temp_buffers). */
  private static final String TEMP_BUFFERS = "temp_buffers";

  /**
   * What takes effect with the next transaction only, or decides what may be set: set in a
   * transaction of its own.
   */
  private static final Set<String> ALONE =
      Set.of(
          ROLE,
          SESSION_USER,
          TEMP_BUFFERS,
          "default_transaction_isolation",
          "default_transaction_read_only",
          "default_transaction_deferrable");

  /** What another session set of these may end the very statement that takes it back. */
  private static final Set<String> TIMEOUTS = Set.of("statement_timeout", "transaction_timeout");

  /** Lists whose elements the server quotes (GUC_LIST_QUOTE). */
  private static final Set<String> QUOTED_LISTS =
      Set.of(
          "search_path",
          "temp_tablespaces",
          "session_preload_libraries",
          "local_preload_libraries",
          "shared_preload_libraries");

  /**
   * What the server takes as it is written, but for case: words that it does not cut, and numbers
   * that it does not write in its own way ({@code %d}: 0100, -0, 0x1F, 1_000).
   */
  private static final Pattern PLAIN =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}|0|-?[1-9][0-9]*|-?[0-9]+\\.[0-9]+");

  private static final Pattern QUOTED = Pattern.compile("'((?:[^']|'')*)'");

  private static final Map<PgSettings, PgSettings> KNOWN = new ConcurrentHashMap<>();

  private final SortedMap<String, Value> values;
  private final int hash;
  private final int size;

  /** The part of it that planning depends on, once somebody has asked. */
  private volatile @Nullable PgSettings planning;

  /**
   * One setting that another session's backend needs changed.
   *
   * @param value null for the server's default
   */
  public record Change(String name, @Nullable String value) {}

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
    this.size = sizeOf(values);
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

  /**
   * These without what would end a backend that nobody has for a while, though its session goes on
   * (idle_session_timeout).
   */
  public PgSettings atRest() {
    return rests() ? this : withValueOf(IDLE_SESSION_TIMEOUT, NONE);
  }

  /** Whether a backend may rest with them as they are; see {@link #atRest}. */
  public boolean rests() {
    return !values.containsKey(IDLE_SESSION_TIMEOUT);
  }

  /** The role and the session's user alone. */
  public PgSettings users() {
    TreeMap<String, Value> kept = new TreeMap<>(values);
    kept.keySet().removeIf(name -> !isUser(name));
    return kept.isEmpty() ? NONE : intern(kept);
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

  /** Whether a setting, in any spelling, has a value here. */
  public boolean sets(String name) {
    return values.containsKey(lower(name));
  }

  /** Whether a backend with these can be too far gone to have the others. */
  public boolean mayBeStuckFor(PgSettings others) {
    return this != UNKNOWN && !Objects.equals(text(TEMP_BUFFERS), others.text(TEMP_BUFFERS));
  }

  /** Bytes that they take, about. */
  public int size() {
    return size;
  }

  /** As {@link #size}, but nothing for small ones: sessions share those. */
  public int ownSize() {
    return isSmall() ? 0 : size;
  }

  private static int sizeOf(SortedMap<String, Value> values) {
    int bytes = 0;
    for (Map.Entry<String, Value> entry : values.entrySet()) {
      int value =
          switch (entry.getValue()) {
            case Value.Text text -> text.text().length();
            case Value.Sql sql -> sql.expression().length();
          };
      bytes += BESIDE + 2 * (entry.getKey().length() + value);
    }
    return bytes;
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
   * What turns a backend with the settings {@code from} into one with these, one value each, where
   * that may be done within the transaction of the statement that needs it.
   *
   * @return null where it may not, or where a value can't be told without SQL text
   */
  public @Nullable List<Change> changesFrom(PgSettings from) {
    if (from == UNKNOWN) {
      return null;
    }
    List<Change> changes = new ArrayList<>();
    for (String name : from.values.keySet()) {
      if (!values.containsKey(name)) {
        changes.add(new Change(name, null));
      }
    }
    for (Map.Entry<String, Value> entry : values.entrySet()) {
      String name = entry.getKey();
      if (!entry.getValue().equals(from.values.get(name))) {
        String text = plain(name, entry.getValue());
        if (text == null) {
          return null;
        }
        changes.add(new Change(name, text));
      }
    }
    for (Change change : changes) {
      if (ALONE.contains(change.name)
          || (TIMEOUTS.contains(change.name) && from.values.containsKey(change.name))) {
        return null;
      }
    }
    boolean asAnother = hasUser() || from.hasUser(); // who may not be allowed to
    return asAnother && !changes.isEmpty() ? null : changes;
  }

  /** The value as set_config takes it, if it is ASCII and can be told from the text. */
  private static @Nullable String plain(String name, Value value) {
    String text =
        switch (value) {
          case Value.Text(String whole) -> whole;
          case Value.Sql(String expression) ->
              QUOTED_LISTS.contains(name) ? null : plain(expression);
        };
    // Before client_encoding is set nobody knows how other characters would be read.
    return text != null && text.chars().allMatch(c -> c > 0 && c < 0x80) ? text : null;
  }

  private static @Nullable String plain(String expression) {
    if (PLAIN.matcher(expression).matches()) {
      return lower(expression);
    }
    Matcher quoted = QUOTED.matcher(expression);
    return quoted.matches() ? quoted.group(1).replace("''", "'") : null;
  }

  /**
   * SQL that turns a backend with the settings {@code from} into one with these; empty if nothing
   * differs. One string of statements: all of it happens or nothing.
   */
  public String differenceFrom(PgSettings from) {
    StringBuilder sql = new StringBuilder();
    if (from == UNKNOWN) {
      return sql.append("RESET SESSION AUTHORIZATION;RESET ALL;")
          .append(differenceFrom(NONE))
          .toString();
    }
    // As the backend's own user first: another role may not be allowed to change the rest.
    boolean others = hasUser() && changesOthers(from);
    boolean otherUser = others || changes(SESSION_USER, from);
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

  private boolean hasUser() {
    return values.containsKey(ROLE) || values.containsKey(SESSION_USER);
  }

  /** Whether other settings than the users differ. */
  private boolean changesOthers(PgSettings from) {
    SortedMap<String, Value> mine = new TreeMap<>(values);
    mine.keySet().removeIf(PgSettings::isUser);
    SortedMap<String, Value> theirs = new TreeMap<>(from.values);
    theirs.keySet().removeIf(PgSettings::isUser);
    return !mine.equals(theirs);
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

  private static SortedMap<String, Value> unknown() {
    TreeMap<String, Value> values = new TreeMap<>();
    values.put("", new Value.Text("")); // no setting has this name
    return values;
  }

  private static String lower(String name) {
    return name.toLowerCase(java.util.Locale.ROOT);
  }

  /** Whether it may be kept for ever: a client can make up any number of large ones. */
  private boolean isSmall() {
    return size <= LARGEST_INTERNED;
  }

  private static PgSettings intern(SortedMap<String, Value> values) {
    PgSettings settings = new PgSettings(values);
    PgSettings known = KNOWN.get(settings);
    if (known != null) {
      return known;
    }
    if (KNOWN.size() < INTERNED && settings.isSmall()) {
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
