package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Token;
import dev.pooler.postgres.session.PgSettings;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The forms of SET and RESET (gram.y, VariableSetStmt) over one text's tokens; used once. */
final class SetGrammar {
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*");

  private final byte[] text;
  private final List<TextToken> tokens;
  private int at;

  SetGrammar(byte[] text, List<TextToken> tokens) {
    this.text = text;
    this.tokens = tokens;
  }

  /** What the text sets, or nothing if it is no plain SET or RESET alone. */
  List<SetStatement> statements() {
    List<SetStatement> all = List.of();
    if (takes("SET")) {
      all = set();
    } else if (takes("RESET")) {
      all = one(takes("TIME", "ZONE") ? "timezone" : name(), null);
    }
    while (tokens.get(at).is(';')) {
      at++;
    }
    return tokens.get(at).kind() == Token.END ? all : List.of();
  }

  /** The settings of users that the text changes, if it is one SET or RESET for the session. */
  Set<String> users() {
    boolean resets = takes("RESET");
    if (!resets && !takes("SET")) {
      return Set.of();
    }
    if (!resets && tokens.get(at).is("SESSION") && !tokens.get(at + 1).is("AUTHORIZATION")) {
      at++;
    }
    if (takes("ROLE")) {
      return Set.of("role");
    }
    boolean user = takes("SESSION", "AUTHORIZATION") || takes("SESSION_AUTHORIZATION");
    return user ? Set.of("role", "session_authorization") : Set.of();
  }

  private List<SetStatement> set() {
    if (tokens.get(at).is("SESSION")
        && !tokens.get(at + 1).is('.')
        && !tokens.get(at + 1).is("CHARACTERISTICS")) {
      at++;
    }
    if (takes("SESSION", "CHARACTERISTICS")) {
      return takes("AS", "TRANSACTION") ? characteristics() : List.of();
    } else if (takes("TIME", "ZONE")) {
      return takes("LOCAL") ? one("timezone", null) : value("timezone", false);
    } else if (takes("NAMES")) {
      return string("client_encoding");
    } else if (takes("SCHEMA")) {
      return string("search_path");
    }
    String name = name();
    if (name == null || !(takes('=') || takes("TO"))) {
      return List.of();
    }
    return value(name, true);
  }

  /** A string or DEFAULT; nothing at all is the default too. */
  private List<SetStatement> string(String name) {
    if (takes("DEFAULT") || tokens.get(at).kind() == Token.END || tokens.get(at).is(';')) {
      return one(name, null);
    }
    return tokens.get(at).literal() == null ? List.of() : value(name, false);
  }

  private List<SetStatement> value(String name, boolean list) {
    int from = at;
    if (takes("DEFAULT")) {
      return one(name, null);
    }
    if (!item()) {
      return List.of();
    }
    while (list && takes(',')) {
      if (!item()) {
        return List.of();
      }
    }
    int start = tokens.get(from).start();
    int length = tokens.get(at - 1).end() - start;
    String sql = new String(text, start, length, StandardCharsets.UTF_8);
    return one(name, new PgSettings.Value.Sql(sql));
  }

  private boolean item() {
    boolean signed = takes('-') || takes('+');
    TextToken token = tokens.get(at++);
    return switch (token.kind()) {
      case NUMBER -> true;
      case STRING -> !signed && token.literal() != null;
      case WORD, QUOTED -> !signed && token.name() != null;
      case ESCAPED_NAME, PARAMETER, SYMBOL -> false;
      case BROKEN, END -> {
        at--;
        yield false;
      }
    };
  }

  private List<SetStatement> characteristics() {
    Map<String, String> modes = new LinkedHashMap<>();
    do {
      if (!mode(modes)) {
        return List.of();
      }
      // Commas between modes may be left out.
    } while (takes(',') || tokens.get(at).kind() == Token.WORD);
    List<SetStatement> all = new ArrayList<>();
    modes.forEach((name, value) ->
        all.add(new SetStatement("default_transaction_" + name, new PgSettings.Value.Sql(value))));
    return all;
  }

  private boolean mode(Map<String, String> modes) {
    if (takes("READ", "ONLY")) {
      modes.put("read_only", "on");
    } else if (takes("READ", "WRITE")) {
      modes.put("read_only", "off");
    } else if (takes("DEFERRABLE")) {
      modes.put("deferrable", "on");
    } else if (takes("NOT", "DEFERRABLE")) {
      modes.put("deferrable", "off");
    } else if (takes("ISOLATION", "LEVEL")) {
      return level(modes);
    } else {
      return false;
    }
    return true;
  }

  private boolean level(Map<String, String> modes) {
    String level;
    if (takes("SERIALIZABLE")) {
      level = "serializable";
    } else if (takes("REPEATABLE", "READ")) {
      level = "repeatable read";
    } else if (takes("READ", "COMMITTED")) {
      level = "read committed";
    } else if (takes("READ", "UNCOMMITTED")) {
      level = "read uncommitted";
    } else {
      return false;
    }
    modes.put("isolation", "'" + level + "'");
    return true;
  }

  /** A setting's name of one or two plain parts; null if it is another, or no setting's at all. */
  private @Nullable String name() {
    String name = part();
    if (name != null && takes('.')) {
      String second = part();
      return second == null ? null : name + "." + second;
    }
    return name == null || isSyntax(name) ? null : name;
  }

  private @Nullable String part() {
    TextToken token = tokens.get(at);
    String name = token.kind() == Token.WORD ? token.text() : token.name();
    if (name == null || !PLAIN_NAME.matcher(name).matches()) {
      return null;
    }
    at++;
    return name;
  }

  private static List<SetStatement> one(@Nullable String name, PgSettings.@Nullable Value value) {
    return name == null ? List.of() : List.of(new SetStatement(name, value));
  }

  private boolean takes(char symbol) {
    boolean there = tokens.get(at).is(symbol);
    at += there ? 1 : 0;
    return there;
  }

  private boolean takes(String word) {
    boolean there = tokens.get(at).is(word);
    at += there ? 1 : 0;
    return there;
  }

  private boolean takes(String first, String second) {
    boolean there = tokens.get(at).is(first) && tokens.get(at + 1).is(second);
    at += there ? 2 : 0;
    return there;
  }

  /** Words that look like a setting's name here and are something else, or a role. */
  private static boolean isSyntax(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "local",
          "session",
          "role",
          "session_authorization",
          "all",
          "transaction",
          "constraints" ->
          true;
      case "transaction_isolation", "transaction_read_only", "transaction_deferrable", "seed" ->
          true;
      default -> false;
    };
  }
}
