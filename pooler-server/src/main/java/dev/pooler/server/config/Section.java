package dev.pooler.server.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A mapping as it was read: a value for each key that was written or has a default. A key whose
 * value was wrong is missing, so that the checks after it can still say what else is.
 */
final class Section {
  /** A value, and where it stands: for a default that is where its section begins. */
  record Entry(Object value, Place place) {}

  private final String path;
  private final Place place;
  private final List<Key> keys;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Set<String> written = new HashSet<>();

  Section(String path, Place place, List<Key> keys) {
    this.path = path;
    this.place = place;
    this.keys = keys;
  }

  Place place() {
    return place;
  }

  String path() {
    return path;
  }

  List<Key> keys() {
    return keys;
  }

  void put(String key, Entry entry) {
    entries.put(key, entry);
  }

  @Nullable Entry entry(String key) {
    return entries.get(key);
  }

  String pathOf(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  Place placeOf(String key) {
    Entry entry = entries.get(key);
    return entry == null ? place : entry.place();
  }

  void markWritten(String key) {
    written.add(key);
  }

  /** Whether the key stands in the file, with a right value or a wrong one. */
  boolean isWritten(String key) {
    return written.contains(key);
  }

  /** The value, or null where it was not written and has no default, or was wrong. */
  <T> @Nullable T find(String key, Class<T> type) {
    Entry entry = entries.get(key);
    return entry == null ? null : type.cast(entry.value());
  }

  /** The value of a required key or of one with a default, in a configuration without errors. */
  <T> T get(String key, Class<T> type) {
    T value = find(key, type);
    if (value == null) {
      throw new IllegalStateException(pathOf(key) + " has no value");
    }
    return value;
  }

  /** The mapping below {@code key}. */
  Section section(String key) {
    return get(key, Section.class);
  }

  /** The mappings below {@code key}, of a list or of names; empty where there is none. */
  List<Section> sections(String key) {
    Object value = find(key, Object.class);
    List<Section> sections = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(section -> sections.add((Section) section));
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(section -> sections.add((Section) section));
    }
    return sections;
  }

  /** The names below {@code key}, each with its mapping, in the order written. */
  Map<String, Section> named(String key) {
    Map<String, Section> named = new LinkedHashMap<>();
    if (find(key, Object.class) instanceof Map<?, ?> map) {
      map.forEach((name, section) -> named.put((String) name, (Section) section));
    }
    return named;
  }
}
