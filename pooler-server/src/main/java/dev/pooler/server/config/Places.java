package dev.pooler.server.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where the keys of a file stand, by their paths; a user's by its name too. */
final class Places {
  private final Place root;
  private final Map<String, Place> known = new HashMap<>();

  Places(Section root) {
    this.root = root.place();
    add(root, root.path());
  }

  private void add(Section section, String path) {
    known.put(path, section.place());
    for (Key key : section.keys()) {
      Section.Entry entry = section.entry(key.name());
      if (entry != null) {
        String at = path.isEmpty() ? key.name() : path + "." + key.name();
        known.put(at, entry.place());
        below(entry.value(), at);
      }
    }
  }

  private void below(Object value, String path) {
    if (value instanceof Section section) {
      add(section, path);
    } else if (value instanceof Map<?, ?> named) {
      named.forEach((name, one) -> below(one, path + "." + name));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        below(list.get(i), path + "[" + i + "]");
        if (list.get(i) instanceof Section section && section.entry("name") != null) {
          add(section, path + "." + section.find("name", Object.class));
        }
      }
    }
  }

  /** Of the key, or where it is not written of what it is in. */
  Place of(String path) {
    String at = path;
    while (!at.isEmpty()) {
      Place place = known.get(at);
      if (place != null) {
        return place;
      }
      at = at.substring(0, Math.max(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['))));
    }
    return root;
  }
}
