package dev.pooler.server.config;

import java.util.ArrayList;
import java.util.List;

/**
 * A commented configuration file with every key: what {@code pooler config} prints. It can be read
 * as it is.
 */
public final class ReferenceFile {
  private static final String HEAD =
      """
      # pooler's configuration: every key, with its default where it has one and an example where it must be
      # written. Keys in comments have no default. Durations and sizes carry their unit; 0 needs none.
      # ${NAME} in a value is taken from the environment, $${ is a literal ${.
      """;

  private ReferenceFile() {}

  public static String render() {
    List<String> lines = new ArrayList<>();
    for (Key key : Keys.ROOT) {
      lines.add("");
      key(key, "", lines);
    }
    return HEAD + String.join("\n", lines) + "\n";
  }

  private static void key(Key key, String indent, List<String> lines) {
    lines.add(indent + "# " + key.doc());
    String more = Words.of(key);
    if (!more.isEmpty()) {
      lines.add(indent + "# (" + more + ")");
    }
    List<String> entry = new ArrayList<>();
    entry(key, indent, entry);
    boolean live = key.fallback() != null || key.isRequired();
    for (String line : entry) {
      lines.add(live ? line : indent + "# " + line.substring(indent.length()));
    }
  }

  private static void entry(Key key, String indent, List<String> lines) {
    String name = indent + key.name() + ":";
    switch (key.shape()) {
      case Shape.Group group -> {
        lines.add(name);
        keys(group.keys(), indent + "  ", lines);
      }
      case Shape.Groups groups -> {
        lines.add(name);
        lines.add(indent + "  -");
        keys(groups.keys(), indent + "    ", lines);
      }
      case Shape.Named named -> {
        lines.add(name);
        lines.add(indent + "  " + key.example() + ":");
        keys(named.keys(), indent + "    ", lines);
      }
      default ->
          lines.add(
              name
                  + " "
                  + (key.fallback() == null ? key.example() : EffectiveYaml.text(key.example())));
    }
  }

  private static void keys(List<Key> keys, String indent, List<String> lines) {
    keys.forEach(key -> key(key, indent, lines));
  }
}
