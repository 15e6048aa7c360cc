package dev.pooler.server.config;

import dev.pooler.core.config.Secret;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.server.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Writes what was read, with every default filled in and secrets masked, as YAML. */
final class EffectiveYaml {
  private static final String MASK = "\"***\"";
  private final StringBuilder out = new StringBuilder();

  private EffectiveYaml() {}

  static String render(Section root) {
    EffectiveYaml yaml = new EffectiveYaml();
    yaml.section(root, "", "");
    return yaml.out.toString();
  }

  /**
   * @param first the indentation of the first key: in a list it stands behind a dash
   */
  private void section(Section section, String first, String indent) {
    String before = first;
    for (Key key : section.keys()) {
      Section.Entry entry = section.entry(key.name());
      boolean unused =
          key.name().equals("mode") && section.find("address", Object.class) instanceof TcpAddress;
      if (entry != null && !unused) {
        out.append(before).append(key.name()).append(':');
        value(key, entry.value(), indent);
        before = indent;
      } else if (key.name().equals("auth")) {
        out.append(before).append("auth: ").append(Combinations.authOf(section)).append('\n');
        before = indent;
      }
    }
  }

  private void value(Key key, Object value, String indent) {
    switch (value) {
      case Section section -> section(section, "\n" + indent + "  ", indent + "  ");
      case Map<?, ?> map when key.shape() instanceof Shape.Named -> {
        out.append('\n');
        map.forEach((name, section) -> {
          out.append(indent).append("  ").append(text(name.toString())).append(":\n");
          section((Section) section, indent + "    ", indent + "    ");
        });
      }
      case List<?> list when key.shape() instanceof Shape.Groups -> {
        out.append('\n');
        list.forEach(section -> section((Section) section, indent + "  - ", indent + "    "));
      }
      default ->
          out.append(' ').append(key.name().equals("verifier") ? MASK : inline(value)).append('\n');
    }
  }

  private static String inline(Object value) {
    return switch (value) {
      case Duration duration -> Quantity.text(duration);
      case Long bytes -> Quantity.text(bytes);
      case Secret secret -> secret(secret);
      case List<?> list ->
          "[" + String.join(", ", list.stream().map(EffectiveYaml::inline).toList()) + "]";
      case Map<?, ?> map ->
          "{"
              + String.join(
                  ", ",
                  map.entrySet().stream()
                      .map(e -> e.getKey() + ": " + inline(e.getValue()))
                      .toList())
              + "}";
      case Integer number -> number.toString();
      case Boolean truth -> truth.toString();
      default -> text(value.toString());
    };
  }

  private static String secret(Secret secret) {
    return switch (secret) {
      case Secret.Literal literal -> MASK;
      case Secret.FromFile file -> "{file: " + text(file.path().toString()) + "}";
      case Secret.FromEnv env -> "{env: " + text(env.name()) + "}";
      case Secret.FromCommand command ->
          "{command: ["
              + text(command.argv().getFirst())
              + (command.argv().size() > 1 ? ", …" : "")
              + "], refresh: "
              + Quantity.text(command.refresh())
              + "}";
    };
  }

  /** Plain where YAML reads it back as the same text, else in double quotes. */
  static String text(String text) {
    boolean plain =
        !text.isEmpty()
            && Character.isLetter(text.charAt(0))
            && !List.of("true", "false", "null").contains(text);
    for (int i = 0; plain && i < text.length(); i++) {
      char c = text.charAt(i);
      plain =
          c < 128 && (Character.isLetterOrDigit(c) || c == '-' || c == '_' || c == '.' || c == '/');
    }
    StringBuilder out = new StringBuilder();
    if (!plain) {
      Json.quote(out, text);
    }
    return plain ? text : out.toString();
  }
}
