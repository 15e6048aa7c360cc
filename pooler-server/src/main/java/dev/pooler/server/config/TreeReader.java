package dev.pooler.server.config;

import dev.pooler.core.config.Secret;
import dev.pooler.core.text.NearMiss;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Walks a YAML tree along the table of keys. Goes on after each error, so that all of them are
 * reported at once.
 */
final class TreeReader {
  private final String source;
  private final Substitution substitution;
  private final Findings findings;

  TreeReader(String source, Substitution substitution, Findings findings) {
    this.source = source;
    this.substitution = substitution;
    this.findings = findings;
  }

  /** A mapping; {@code node} is null where none is written, and all its keys have defaults. */
  Section section(@Nullable Node node, Place place, String path, List<Key> keys) {
    Section section = new Section(path, node == null ? place : place(node), keys);
    if (node == null || node instanceof MappingNode) {
      Map<String, Node> written = node == null ? Map.of() : mapping((MappingNode) node, path, keys);
      for (Key key : keys) {
        Node at = written.get(key.name());
        if (at != null) {
          section.markWritten(key.name());
        }
        Object value = value(section, key, at);
        if (value != null) {
          section.put(
              key.name(), new Section.Entry(value, at == null ? section.place() : place(at)));
        }
      }
    } else {
      findings.error(place(node), path, "is not a mapping of keys: " + names(keys));
    }
    return section;
  }

  private @Nullable Object value(Section section, Key key, @Nullable Node node) {
    String path = section.pathOf(key.name());
    if (node == null) {
      if (key.isRequired()) {
        findings.error(section.place(), path, "is missing: " + key.doc());
      }
      return key.fallback() == null ? null : fallback(section, key, path);
    }
    if (node instanceof ScalarNode scalar && scalar.isPlain() && scalar.getTag().equals(Tag.NULL)) {
      findings.error(place(node), path, "has no value");
      return null;
    }
    Key.Later later = key.later();
    if (later != null && later.ignoresOthers() && key.shape() instanceof Shape.Group) {
      findings.warn(place(node), path, "has no effect in this version");
    }
    return shaped(node, path, key);
  }

  private Object fallback(Section section, Key key, String path) {
    if (key.shape() instanceof Shape.Group group) {
      return section(null, section.place(), path, group.keys());
    }
    try {
      return ((Shape.One) key.shape()).type().parse(String.valueOf(key.fallback()));
    } catch (BadValue e) {
      throw new IllegalStateException("default of " + path + ": " + e.reason(), e);
    }
  }

  private @Nullable Object shaped(Node node, String path, Key key) {
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    Shape shape = key.shape();
    if (shape instanceof Shape.One one) {
      return one(node, path, one.type(), key.later());
    } else if (shape instanceof Shape.Group group) {
      return section(node, place(node), path, group.keys());
    } else if (shape instanceof Shape.Groups groups) {
      return groups(node, path, groups.keys());
    } else if (shape instanceof Shape.Named named) {
      return named(node, path, named.keys());
    } else if (shape instanceof Shape.Many many) {
      return many(node, path, many.type());
    } else if (shape instanceof Shape.Arguments) {
      return arguments(node, path);
    } else if (shape instanceof Shape.Uids) {
      return uids(node, path);
    } else if (shape instanceof Shape.SecretForm) {
      return secret(node, path);
    }
    throw new IllegalStateException("no reader for " + shape);
  }

  private @Nullable Object one(Node node, String path, ValueType type, Key.@Nullable Later later) {
    if (!(node instanceof ScalarNode scalar)) {
      findings.error(place(node), path, "is not a single value: " + type.allowed());
      return null;
    }
    try {
      String text = substitution.apply(scalar.getValue());
      Object value = type.parse(text);
      if (later != null && !later.quiet().contains(text)) {
        if (!later.ignoresOthers() && !later.withoutEffect().contains(text)) {
          findings.error(place(node), path, "\"" + text + "\" is not available in this version");
          return null;
        }
        findings.warn(place(node), path, "\"" + text + "\" has no effect in this version");
      }
      return value;
    } catch (BadValue e) {
      findings.error(place(node), path, e.reason());
      return null;
    }
  }

  private List<Object> many(Node node, String path, ValueType type) {
    Set<Object> values = new LinkedHashSet<>();
    for (Node item : items(node, path, type.allowed())) {
      String itemPath = path + "[" + values.size() + "]";
      Object value = one(item, itemPath, type, null);
      if (value != null && !values.add(value)) {
        findings.error(place(item), itemPath, value + " is there twice");
      }
    }
    return List.copyOf(values);
  }

  private @Nullable List<String> arguments(Node node, String path) {
    List<String> argv = new ArrayList<>();
    for (Node item : items(node, path, "a program and its arguments")) {
      Object text = one(item, path + "[" + argv.size() + "]", new ValueType.Text(), null);
      argv.add(text == null ? "" : (String) text);
    }
    return argv.isEmpty() ? null : argv;
  }

  private List<Section> groups(Node node, String path, List<Key> keys) {
    List<Section> sections = new ArrayList<>();
    for (Node item : items(node, path, "mappings")) {
      sections.add(section(item, place(item), path + "[" + sections.size() + "]", keys));
    }
    return sections;
  }

  private List<Node> items(Node node, String path, String of) {
    if (!(node instanceof SequenceNode sequence)) {
      findings.error(place(node), path, "is not a list: " + of);
      return List.of();
    }
    if (sequence.getValue().isEmpty()) {
      findings.error(place(node), path, "is empty");
    }
    return sequence.getValue();
  }

  private Map<String, Section> named(Node node, String path, List<Key> keys) {
    Map<String, Section> sections = new LinkedHashMap<>();
    if (!(node instanceof MappingNode mapping)) {
      findings.error(place(node), path, "is not a mapping of names");
      return sections;
    }
    if (mapping.getValue().isEmpty()) {
      findings.error(place(node), path, "is empty");
    }
    mapping(mapping, path, null)
        .forEach((name, value) ->
            sections.put(name, section(value, place(value), path + "." + name, keys)));
    return sections;
  }

  private Map<Integer, String> uids(Node node, String path) {
    Map<Integer, String> uids = new LinkedHashMap<>();
    if (!(node instanceof MappingNode mapping)) {
      findings.error(place(node), path, "is not a mapping of uids to users, such as {1000: app}");
      return uids;
    }
    ValueType.Count uid = new ValueType.Count(0, Integer.MAX_VALUE);
    mapping(mapping, path, null)
        .forEach((key, value) -> {
          Object user = one(value, path + "." + key, new ValueType.Text(), null);
          try {
            int number = (Integer) uid.parse(key);
            if (user != null) {
              uids.put(number, (String) user);
            }
          } catch (BadValue e) {
            findings.error(place(node), path + "." + key, "\"" + key + "\" is not a uid");
          }
        });
    return uids;
  }

  private @Nullable Secret secret(Node node, String path) {
    if (node instanceof MappingNode) {
      return SecretForms.of(section(node, place(node), path, SecretForms.KEYS), findings);
    }
    Object text = one(node, path, new ValueType.Text(), null);
    if (text != null && !((ScalarNode) node).getValue().contains("${") && place(node).line() > 0) {
      findings.warn(
          place(node),
          path,
          "stands in the file for all its readers; {file: …} or {env: NAME} keep it out");
    }
    return text == null ? null : new Secret.Literal((String) text);
  }

  /**
   * The mapping's values by key. Reports keys that are no names, come twice, or (with {@code
   * known}) are unknown.
   */
  private Map<String, Node> mapping(MappingNode node, String path, @Nullable List<Key> known) {
    Map<String, Node> values = new LinkedHashMap<>();
    for (NodeTuple tuple : node.getValue()) {
      Place at = place(tuple.getKeyNode());
      if (!(tuple.getKeyNode() instanceof ScalarNode scalar) || scalar.getValue().isEmpty()) {
        findings.error(at, path, "has a key that is not a name");
        continue;
      }
      String name = scalar.getValue();
      String keyPath = path.isEmpty() ? name : path + "." + name;
      if (values.containsKey(name)) {
        findings.error(at, keyPath, "is there twice");
      } else if (known != null && known.stream().noneMatch(key -> key.name().equals(name))) {
        findings.error(at, keyPath, unknown(name, known));
      } else {
        values.put(name, tuple.getValueNode());
      }
    }
    return values;
  }

  private static String unknown(String name, List<Key> known) {
    String suggestion = NearMiss.suggestion(name, known.stream().map(Key::name).toList());
    return "unknown key" + (suggestion.isEmpty() ? "; known here: " + names(known) : suggestion);
  }

  private static String names(List<Key> keys) {
    return String.join(", ", keys.stream().map(Key::name).toList());
  }

  private Place place(Node node) {
    return Place.of(source, node.getStartMark().orElse(null));
  }
}
