package dev.pooler.server.config;

import dev.pooler.core.config.Secret;
import dev.pooler.core.console.Operations.Setting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A configuration key by key, for SHOW CONFIG: every key of the table, written or not, under the
 * path by which errors name it. Who may only look sees it too: of secrets it says that they are
 * there.
 */
public final class SettingRows {
  private static final String MASK = "***";
  private final List<Setting> rows = new ArrayList<>();

  private SettingRows() {}

  static List<Setting> of(Section root) {
    SettingRows all = new SettingRows();
    all.section("", Keys.ROOT, root, false);
    return List.copyOf(all.rows);
  }

  /** What holds after a reload: of what is read at the start only it changes nothing. */
  public static List<Setting> inUse(List<Setting> atStart, List<Setting> now) {
    List<Setting> rows = new ArrayList<>();
    for (Key key : Keys.ROOT) {
      for (Setting setting : atStart) {
        if (!setting.changeable() && isBelow(key, setting)) {
          rows.add(setting);
        }
      }
      for (Setting setting : now) {
        if (setting.changeable() && isBelow(key, setting)) {
          rows.add(setting);
        }
      }
    }
    return rows;
  }

  private static boolean isBelow(Key key, Setting setting) {
    String path = setting.key();
    int end = key.name().length();
    return path.startsWith(key.name())
        && (path.length() == end || path.charAt(end) == '.' || path.charAt(end) == '[');
  }

  /**
   * The rows of a mapping.
   *
   * @param section null where the file has none
   */
  private void section(String path, List<Key> keys, @Nullable Section section, boolean fixed) {
    for (Key key : keys) {
      String name = path.isEmpty() ? key.name() : path + "." + key.name();
      Object value = section == null ? null : section.find(key.name(), Object.class);
      boolean isFixed = fixed || key.fixed();
      switch (key.shape()) {
        case Shape.Group group -> section(name, group.keys(), (Section) value, isFixed);
        case Shape.Groups groups -> {
          List<?> all = value instanceof List<?> list ? list : List.of();
          for (int i = 0; i < all.size(); i++) {
            section(name + "[" + i + "]", groups.keys(), (Section) all.get(i), isFixed);
          }
        }
        case Shape.Named named -> {
          Map<?, ?> all = value instanceof Map<?, ?> map ? map : Map.of();
          all.forEach(
              (one, its) -> section(name + "." + one, named.keys(), (Section) its, isFixed));
        }
        default -> rows.add(row(name, key, value, section, isFixed));
      }
    }
  }

  private static Setting row(
      String name, Key key, @Nullable Object value, @Nullable Section section, boolean isFixed) {
    String text = value == null ? withoutIt(key, section) : text(key, value);
    String words = key.isRequired() ? null : key.absent();
    String fallback = key.fallback() == null ? words : key.fallback();
    return new Setting(name, text, fallback, !isFixed);
  }

  /** Of what depends on other keys, what holds; else nothing. */
  private static String withoutIt(Key key, @Nullable Section section) {
    if (section == null) {
      return "";
    }
    return switch (key.name()) {
      case "auth" -> Combinations.authOf(section);
      case "replication" -> String.valueOf(section.find("user", String.class) == null);
      default -> "";
    };
  }

  private static String text(Key key, Object value) {
    return key.name().equals("verifier") ? MASK : text(value);
  }

  private static String text(Object value) {
    return switch (value) {
      case Secret secret -> MASK;
      case Duration duration -> Quantity.text(duration);
      case Long bytes -> Quantity.text(bytes);
      case List<?> list -> list.stream().map(SettingRows::text).collect(Collectors.joining(","));
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> entry.getKey() + ": " + entry.getValue())
              .collect(Collectors.joining(","));
      default -> value.toString();
    };
  }
}
