package dev.pooler.charts;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** A tree of YAML, with names and indices as the way to a place in it. */
record Document(Object tree) {

  static Document parse(String yaml) {
    return new Document(new Load(LoadSettings.builder().build()).loadFromString(yaml));
  }

  /** What is there, or null. */
  @Nullable Object at(Object... way) {
    Object here = tree;
    for (Object step : way) {
      if (here instanceof Map<?, ?> map) {
        here = map.get(step);
      } else if (here instanceof List<?> list && step instanceof Integer index) {
        here = index < list.size() ? list.get(index) : null;
      } else {
        return null;
      }
    }
    return here;
  }

  /** What is there, as a document of its own. */
  Document under(Object... way) {
    return new Document(Objects.requireNonNull(at(way), () -> "nothing at " + List.of(way)));
  }

  Map<?, ?> map(Object... way) {
    return (Map<?, ?>) under(way).tree();
  }

  List<?> list(Object... way) {
    return (List<?>) under(way).tree();
  }

  String text(Object... way) {
    return (String) under(way).tree();
  }

  /** The item of the list at this place that has this name. */
  Document named(String name, Object... way) {
    if (at(way) instanceof List<?> list) {
      for (Object item : list) {
        if (item instanceof Map<?, ?> map && name.equals(map.get("name"))) {
          return new Document(item);
        }
      }
    }
    throw new AssertionError("no " + name + " at " + List.of(way));
  }

  String kind() {
    return text("kind");
  }
}
