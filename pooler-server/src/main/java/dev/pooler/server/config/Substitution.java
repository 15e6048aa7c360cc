package dev.pooler.server.config;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Puts the environment in place of <code>${NAME}</code>. It works on single values after the YAML
 * was read, so that a variable can't add keys; <code>$${</code> is a literal <code>${</code>.
 */
final class Substitution {
  private final UnaryOperator<@Nullable String> environment;

  /**
   * @param environment a variable's value, or null where it is not set
   */
  Substitution(UnaryOperator<@Nullable String> environment) {
    this.environment = environment;
  }

  String apply(String text) throws BadValue {
    int dollar = text.indexOf("${");
    if (dollar < 0) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    int from = 0;
    for (; dollar >= 0; dollar = text.indexOf("${", from)) {
      if (dollar > from && text.charAt(dollar - 1) == '$') {
        out.append(text, from, dollar - 1).append("${");
        from = dollar + 2;
        continue;
      }
      int end = text.indexOf('}', dollar);
      if (end < 0) {
        throw new BadValue("\"" + text.substring(dollar) + "\" has no closing brace");
      }
      out.append(text, from, dollar).append(value(text.substring(dollar + 2, end)));
      from = end + 1;
    }
    return out.append(text, from, text.length()).toString();
  }

  private String value(String name) throws BadValue {
    boolean plain =
        !name.isEmpty()
            && name.chars().allMatch(c -> c == '_' || (c < 128 && Character.isLetterOrDigit(c)));
    if (!plain) {
      throw new BadValue("${" + name + "} is not the name of a variable");
    }
    String value = environment.apply(name);
    if (value == null) {
      throw new BadValue("${" + name + "} is not set in the environment");
    }
    return value;
  }
}
