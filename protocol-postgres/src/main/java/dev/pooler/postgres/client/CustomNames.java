package dev.pooler.postgres.client;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Custom settings that a session may have set: no view of the server shows them, each is asked for
 * by its name. A client makes up the names, so there is a bound to what is asked for, and they are
 * counted as the session's. Confined to its session's loop.
 */
final class CustomNames {
  static final int MOST = 1000;
  static final int CHARACTERS = 32 * 1024;

  /** What the objects around a name take, about. */
  private static final int BESIDE = 96;

  private @Nullable Set<String> names;
  private int characters;

  /**
   * Remembers them; false if there is no room for all.
   *
   * @param room whether so many bytes may be kept in all
   */
  boolean add(Collection<String> more, IntPredicate room) {
    Set<String> known = names;
    for (String name : more) {
      if (known == null) {
        known = new LinkedHashSet<>();
        names = known;
      }
      if (known.contains(name)) {
        continue;
      }
      if (known.size() == MOST
          || name.length() > CHARACTERS - characters
          || !room.test(bytes() + BESIDE + name.length())) {
        return false;
      }
      known.add(name);
      characters += name.length();
    }
    return true;
  }

  /** What they take, about. */
  int bytes() {
    return names == null ? 0 : names.size() * BESIDE + characters;
  }

  /** These, and which of {@code settings} are custom ones. */
  Set<String> and(Set<String> settings) {
    Set<String> all = names == null ? new LinkedHashSet<>() : new LinkedHashSet<>(names);
    for (String name : settings) {
      if (name.indexOf('.') >= 0) {
        all.add(name);
      }
    }
    return all;
  }

  /** None of them is set any more. */
  void clear() {
    names = null;
    characters = 0;
  }
}
