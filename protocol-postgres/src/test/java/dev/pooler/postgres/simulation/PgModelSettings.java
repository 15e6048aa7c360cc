package dev.pooler.postgres.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The settings of a {@link PgModel}: session defaults, SET, SET LOCAL, and what rolls back. */
final class PgModelSettings {
  private static final Map<String, String> SERVER =
      Map.of("application_name", "", "lock_timeout", "0");

  private final Map<String, String> defaults = new HashMap<>(SERVER);
  private Map<String, String> values;
  private Map<String, String> saved;

  /** Values to return to when the transaction commits: those that SET LOCAL covers. */
  private final Map<String, String> covered = new HashMap<>();

  private record Point(Map<String, String> values, Map<String, String> covered) {}

  private final List<Point> points = new ArrayList<>();
  private String reported;

  PgModelSettings(Map<String, String> startup) {
    defaults.putAll(startup);
    values = new HashMap<>(defaults);
    reported = values.get("application_name");
  }

  String value(String name) {
    return values.getOrDefault(name, "");
  }

  /** Those that have a value of the session's own. */
  Map<String, String> set() {
    Map<String, String> own = new HashMap<>(values);
    own.entrySet().removeAll(defaults.entrySet());
    return own;
  }

  void set(String name, String value) {
    covered.remove(name);
    values.put(name, value);
  }

  /** SET, SET LOCAL or RESET, in the forms that clients and pooler write. */
  void change(String text) {
    String[] words = text.replace("\"", "").split(" +", 5);
    if (words[0].equalsIgnoreCase("reset")) {
      if (words[1].equalsIgnoreCase("all")) {
        values = new HashMap<>(defaults);
        covered.clear();
      } else if (!words[1].equals("SESSION")) { // nobody changes the user here
        set(words[1], defaults.get(words[1]));
      }
    } else if (words[1].equals("local")) {
      covered.putIfAbsent(words[2], values.get(words[2]));
      values.put(words[2], words[4].replace("'", ""));
    } else {
      set(words[1], words[3].replace("'", ""));
    }
  }

  /** set_config with a value, or with NULL. */
  void setOrReset(String name, String value) {
    set(name, value == null ? defaults.get(name) : value);
  }

  void discard() {
    values = new HashMap<>(defaults);
    covered.clear();
  }

  void save() {
    saved = new HashMap<>(values);
  }

  void commit() {
    values.putAll(covered);
    covered.clear();
    points.clear();
    saved = null;
  }

  void mark() {
    points.add(new Point(new HashMap<>(values), new HashMap<>(covered)));
  }

  /** To the savepoint of this number, which stays. */
  void rollBackTo(int number) {
    values = new HashMap<>(points.get(number).values);
    covered.clear();
    covered.putAll(points.get(number).covered);
    points.subList(number + 1, points.size()).clear();
  }

  void release(int number) {
    points.subList(number, points.size()).clear();
  }

  void rollBack() {
    if (saved != null) {
      values = saved;
      saved = null;
    }
    covered.clear();
    points.clear();
  }

  /** application_name if it is not what was reported last. */
  String takeReported() {
    String now = value("application_name");
    if (now.equals(reported)) {
      return null;
    }
    reported = now;
    return now;
  }

  /** What is set here for another client than {@code client}, or an empty string. */
  String foreignTo(String client) {
    String name = value("application_name");
    if (!name.isEmpty() && !Tag.client(name).equals(client)) {
      return "application_name " + name;
    }
    int timeout = Integer.parseInt(value("lock_timeout"));
    if (timeout != 0 && !client.equals("c" + timeout / 1000)) {
      return "lock_timeout " + timeout;
    }
    return "";
  }
}
