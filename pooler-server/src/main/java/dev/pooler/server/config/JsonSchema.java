package dev.pooler.server.config;

import dev.pooler.server.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration's JSON Schema (draft 2020-12), for editors and charts. It is as strict as one
 * key can be; what contradicts another key only the reader finds.
 */
public final class JsonSchema {
  /** A value may hold ${NAME}: only the reader knows what it becomes. */
  private static final String SUBSTITUTED = ".*\\$\\{[A-Za-z0-9_]+\\}.*";

  private JsonSchema() {}

  public static String render() {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "pooler configuration");
    schema.putAll(object(Keys.ROOT));
    return Json.pretty(schema);
  }

  static Map<String, Object> object(List<Key> keys) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (Key key : keys) {
      Map<String, Object> property = new LinkedHashMap<>(of(key.shape()));
      property.put("description", key.doc());
      if (key.shape() instanceof Shape.One && key.fallback() != null) {
        property.put("default", key.fallback());
      }
      properties.put(key.name(), property);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("type", "object");
    object.put("additionalProperties", false);
    List<String> required = keys.stream().filter(Key::isRequired).map(Key::name).toList();
    if (!required.isEmpty()) {
      object.put("required", required);
    }
    object.put("properties", properties);
    return object;
  }

  private static Map<String, Object> of(Shape shape) {
    return switch (shape) {
      case Shape.One one -> scalar(one.type());
      case Shape.Many many -> list(scalar(many.type()), true);
      case Shape.Arguments arguments -> list(scalar(new ValueType.Text()), false);
      case Shape.Uids uids ->
          ordered(
              "type",
              "object",
              "patternProperties",
              ordered("^[0-9]+$", ordered("type", "string")),
              "additionalProperties",
              false);
      case Shape.SecretForm form ->
          ordered("anyOf", List.of(scalar(new ValueType.Text()), object(SecretForms.KEYS)));
      case Shape.Group group -> object(group.keys());
      case Shape.Groups groups -> list(object(groups.keys()), false);
      case Shape.Named named ->
          ordered(
              "type", "object", "minProperties", 1, "additionalProperties", object(named.keys()));
    };
  }

  private static Map<String, Object> list(Map<String, Object> items, boolean unique) {
    Map<String, Object> list = new LinkedHashMap<>();
    list.put("type", "array");
    list.put("minItems", 1);
    if (unique) {
      list.put("uniqueItems", true);
    }
    list.put("items", items);
    return list;
  }

  private static Map<String, Object> scalar(ValueType type) {
    return switch (type) {
      case ValueType.Text text ->
          ordered("type", List.of("string", "number", "boolean"), "minLength", 1);
      case ValueType.Word word -> either(ordered("enum", word.words()));
      case ValueType.Count count ->
          either(ordered("type", "integer", "minimum", count.least(), "maximum", count.most()));
      case ValueType.Time time -> quantity(Quantity.timeUnits(), !time.zero().isEmpty());
      case ValueType.Size size -> quantity(Quantity.sizeUnits(), size.least() == 0);
      case ValueType.Flag flag -> either(ordered("type", "boolean"));
      case ValueType.FilePath path -> ordered("type", "string", "minLength", 1);
      case ValueType.Mode mode ->
          ordered("type", List.of("string", "integer"), "pattern", "^0?[0-7]{3}$|" + SUBSTITUTED);
      case ValueType.Socket socket -> ordered("type", "string", "minLength", 1);
      case ValueType.HttpSocket socket -> ordered("type", "string", "minLength", 1);
    };
  }

  private static Map<String, Object> quantity(List<String> units, boolean zero) {
    Map<String, Object> text =
        ordered("type", "string", "pattern", "^(" + Quantity.pattern(units) + ")$|" + SUBSTITUTED);
    return zero ? ordered("anyOf", List.of(text, ordered("const", 0))) : text;
  }

  private static Map<String, Object> either(Map<String, Object> plain) {
    return ordered("anyOf", List.of(plain, ordered("type", "string", "pattern", SUBSTITUTED)));
  }

  /** Keys in the order given: the text must be the same in each run. */
  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
