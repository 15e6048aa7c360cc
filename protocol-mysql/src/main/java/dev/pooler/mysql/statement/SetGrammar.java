package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Token;
import dev.pooler.mysql.statement.SetAssignment.Default;
import dev.pooler.mysql.statement.SetAssignment.Expression;
import dev.pooler.mysql.statement.SetAssignment.Literal;
import dev.pooler.mysql.statement.SetAssignment.Scope;
import dev.pooler.mysql.statement.SetAssignment.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The forms of SET (MySQL 9.7 manual, 15.7.6 and 15.3.7) over one text's tokens; used once. */
final class SetGrammar {
  private static final Pattern PLAIN_NAME = Pattern.compile("[a-z0-9_$.]+");

  /** The server takes é for e and leaves out spaces at the end. */
  private static final Pattern PLAIN_VARIABLE = Pattern.compile("[ -~]*[!-~]");

  private static final Map<String, Scope> SCOPES =
      Map.of(
          "global", Scope.GLOBAL,
          "session", Scope.SESSION,
          "local", Scope.SESSION,
          "persist", Scope.PERSIST,
          "persist_only", Scope.PERSIST_ONLY);

  /** One variable under two names. */
  private static final Map<String, String> SPELLINGS =
      Map.of(
          "tx_isolation", "transaction_isolation",
          "tx_read_only", "transaction_read_only",
          "identity", "last_insert_id");

  /** Words that are no variable's name here. */
  private static final Set<String> OTHER_FORMS =
      Set.of("password", "default", "resource", "statement");

  /** Words that are expressions. */
  private static final Set<String> CALLS =
      Set.of(
          "current_date",
          "current_role",
          "current_time",
          "current_timestamp",
          "current_user",
          "localtime",
          "localtimestamp",
          "rownum",
          "utc_date",
          "utc_time",
          "utc_timestamp");

  /** Variables of the session that are on or off. */
  private static final Set<String> SWITCHES =
      Set.of(
          "autocommit",
          "big_tables",
          "binlog_direct_non_transactional_updates",
          "binlog_rows_query_log_events",
          "check_constraint_checks",
          "end_markers_in_json",
          "explicit_defaults_for_timestamp",
          "foreign_key_checks",
          "innodb_ft_enable_stopword",
          "innodb_strict_mode",
          "innodb_table_locks",
          "keep_files_on_create",
          "log_queries_not_using_indexes",
          "low_priority_updates",
          "old_alter_table",
          "print_identified_with_as_hex",
          "profiling",
          "query_cache_wlock_invalidate",
          "require_row_format",
          "select_into_disk_sync",
          "session_track_schema",
          "session_track_state_change",
          "show_create_table_skip_secondary_engine",
          "show_create_table_verbosity",
          "slow_query_log",
          "sql_auto_is_null",
          "sql_big_selects",
          "sql_buffer_result",
          "sql_generate_invisible_primary_key",
          "sql_if_exists",
          "sql_log_bin",
          "sql_log_off",
          "sql_notes",
          "sql_quote_show_create",
          "sql_require_primary_key",
          "sql_safe_updates",
          "sql_warnings",
          "standard_compliant_cte",
          "system_versioning_insert_history",
          "transaction_read_only",
          "unique_checks",
          "xa_detach_on_prepare");

  private final List<SetToken> tokens;
  private final List<SetAssignment> all = new ArrayList<>();
  private int at;
  private boolean scoped;

  SetGrammar(List<SetToken> tokens) {
    this.tokens = tokens;
  }

  /** What the text assigns, or nothing if it is not understood. */
  List<SetAssignment> assignments() {
    while (takes(';')) {}
    if (!takes("SET")) {
      return List.of();
    }
    do {
      if (!item()) {
        return List.of();
      }
    } while (takes(','));
    while (takes(';')) {}
    return peek().kind() == Token.END ? List.copyOf(all) : List.of();
  }

  private boolean item() {
    if (peek().is('@') && !next().is('@')) {
      return userVariable();
    } else if (takes("NAMES")) {
      return names();
    } else if (takes("CHARACTER", "SET") || takes("CHAR", "SET") || takes("CHARSET")) {
      return characters(SetAssignment.CHARACTER_SET);
    } else if (takes("ROLE")) {
      return role();
    }
    boolean marked = peek().is('@');
    at += marked ? 2 : 0;
    Scope scope = scope(marked);
    if (!marked && takes("TRANSACTION")) {
      return transaction(scope == null ? Scope.NEXT_TRANSACTION : scope);
    }
    return variable(scope, marked);
  }

  /** The scope that is said, which needs a dot behind two at signs. */
  private @Nullable Scope scope(boolean marked) {
    String word = peek().kind() == Token.WORD ? peek().name() : null;
    Scope scope = word == null ? null : SCOPES.get(word);
    if (scope == null || (marked && !next().is('.'))) {
      return null;
    }
    at += marked ? 2 : 1;
    return scope;
  }

  private boolean variable(@Nullable Scope said, boolean marked) {
    boolean form = peek().kind() == Token.WORD && OTHER_FORMS.contains(lower(peek()));
    String name = name();
    if (name == null
        || !PLAIN_NAME.matcher(name).matches()
        || (form && !marked && said == null)
        || !assigns()) {
      return false;
    }
    // An assignment without a scope takes the one that was said last, in some versions.
    boolean follows = scoped && said == null;
    scoped |= said != null && said != Scope.SESSION && !marked;
    String known = SPELLINGS.getOrDefault(name, name);
    Scope scope = said != null ? said : implied(known, marked);
    all.add(new SetAssignment(scope, known, value(known)));
    return !follows;
  }

  private static Scope implied(String name, boolean marked) {
    boolean next =
        marked && (name.equals("transaction_isolation") || name.equals("transaction_read_only"));
    return next ? Scope.NEXT_TRANSACTION : Scope.SESSION;
  }

  private @Nullable String name() {
    String name = peek().name();
    if (name == null) {
      return null;
    }
    at++;
    if (takes('.')) {
      String second = peek().name();
      at++;
      return second == null ? null : name + "." + second;
    }
    return name;
  }

  private boolean userVariable() {
    at++;
    SetToken token = peek();
    if (!token.glued()) {
      return false;
    }
    StringBuilder name = new StringBuilder();
    String string = token.string();
    if (string != null) {
      name.append(string);
      at++;
    } else {
      // A dot is a letter of such a name.
      do {
        name.append(peek().kind() == Token.SYMBOL ? "." : peek().name());
        at++;
      } while (peek().glued() && (peek().is('.') || peek().kind() == Token.WORD));
    }
    boolean named = string != null || token.kind() == Token.WORD || token.kind() == Token.QUOTED;
    if (!named || !PLAIN_VARIABLE.matcher(name).matches() || !assigns()) {
      return false;
    }
    String lower = name.toString().toLowerCase(Locale.ROOT);
    all.add(new SetAssignment(Scope.USER, lower, value(null)));
    return true;
  }

  private boolean assigns() {
    if (peek().is(':') && next().is('=') && next().glued()) {
      at += 2;
      return true;
    }
    return takes('=');
  }

  private boolean names() {
    if (!characters(SetAssignment.NAMES)) {
      return false;
    }
    if (!takes("COLLATE")) {
      return true;
    }
    SetAssignment names = all.removeLast();
    String collation = word();
    if (collation == null || !(names.value() instanceof Literal(String characters, _))) {
      return false;
    }
    Value both = new Literal(characters + " collate " + collation, false);
    all.add(new SetAssignment(Scope.SESSION, SetAssignment.NAMES, both));
    return true;
  }

  private boolean characters(String form) {
    if (takes("DEFAULT")) {
      all.add(new SetAssignment(Scope.SESSION, form, new Default()));
      return true;
    }
    String characters = word();
    if (characters == null) {
      return false;
    }
    all.add(new SetAssignment(Scope.SESSION, form, new Literal(characters, false)));
    return true;
  }

  /** A character set or collation, as a word or string, in lower case. */
  private @Nullable String word() {
    SetToken token = peek();
    String word = token.kind() == Token.STRING ? token.string() : token.name();
    if (word == null || !word.matches("[A-Za-z0-9_]+")) {
      return null;
    }
    at++;
    return word.toLowerCase(Locale.ROOT);
  }

  /** Its roles as they are written, which are no expressions. */
  private boolean role() {
    StringBuilder roles = new StringBuilder();
    while (!peek().isEnd() && !peek().is(';')) {
      SetToken token = tokens.get(at++);
      boolean part = token.name() != null || token.string() != null;
      if (!part && !token.is(',') && !token.is('@')) {
        return false;
      }
      boolean glued = roles.isEmpty() || token.glued();
      roles.append(glued ? "" : " ").append(token.text());
    }
    all.add(new SetAssignment(Scope.SESSION, SetAssignment.ROLE, new Literal(roles + "", false)));
    return !roles.isEmpty() && all.size() == 1;
  }

  private boolean transaction(Scope scope) {
    do {
      if (takes("READ", "ONLY")) {
        mode(scope, "transaction_read_only", new Literal("ON", false));
      } else if (takes("READ", "WRITE")) {
        mode(scope, "transaction_read_only", new Literal("OFF", false));
      } else if (takes("ISOLATION", "LEVEL")) {
        String level = level();
        if (level == null) {
          return false;
        }
        mode(scope, "transaction_isolation", new Literal(level, true));
      } else {
        return false;
      }
    } while (takes(','));
    return true;
  }

  private void mode(Scope scope, String name, Value value) {
    all.add(new SetAssignment(scope, name, value));
  }

  private @Nullable String level() {
    if (takes("SERIALIZABLE")) {
      return "SERIALIZABLE";
    } else if (takes("REPEATABLE", "READ")) {
      return "REPEATABLE-READ";
    } else if (takes("READ", "COMMITTED")) {
      return "READ-COMMITTED";
    }
    return takes("READ", "UNCOMMITTED") ? "READ-UNCOMMITTED" : null;
  }

  /**
   * The value, up to a comma outside of parentheses.
   *
   * @param setting whose it is, or null for a user variable
   */
  private Value value(@Nullable String setting) {
    int from = at;
    int depth = 0;
    while (!peek().isEnd() && !peek().is(';') && (depth > 0 || !peek().is(','))) {
      depth += peek().is('(') ? 1 : peek().is(')') ? -1 : 0;
      at++;
    }
    boolean signed = at - from == 2 && (tokens.get(from).is('-') || tokens.get(from).is('+'));
    if (at - from != 1 && !signed) {
      return new Expression();
    }
    SetToken token = tokens.get(at - 1);
    String string = token.string();
    if (token.kind() == Token.NUMBER && isDecimal(token.text())) {
      String sign = signed && tokens.get(from).is('-') ? "-" : "";
      return number(setting, sign + token.text());
    } else if (signed) {
      return new Expression();
    } else if (string != null) {
      boolean turns = setting != null && SWITCHES.contains(setting) && isSwitch(string);
      return turns
          ? new Literal(string.toUpperCase(Locale.ROOT), false)
          : new Literal(string, true);
    }
    return token.kind() == Token.WORD ? word(setting, token) : new Expression();
  }

  private static Value number(@Nullable String setting, String number) {
    if (setting != null && SWITCHES.contains(setting)) {
      if (number.equals("1")) {
        return new Literal("ON", false);
      } else if (number.equals("0")) {
        return new Literal("OFF", false);
      }
    }
    return new Literal(number, false);
  }

  private static Value word(@Nullable String setting, SetToken token) {
    String word = token.text().toUpperCase(Locale.ROOT);
    boolean truth = word.equals("TRUE") || word.equals("FALSE");
    if (setting == null) {
      return truth || word.equals("NULL") ? new Literal(word, false) : new Expression();
    } else if (word.equals("DEFAULT")) {
      return new Default();
    } else if (truth) {
      return new Literal(word.equals("TRUE") ? "ON" : "OFF", false);
    } else if (CALLS.contains(lower(token)) || word.startsWith("_")) {
      return new Expression();
    }
    return new Literal(isSwitch(word) ? word : token.text(), false);
  }

  private static boolean isSwitch(String value) {
    return value.equalsIgnoreCase("on") || value.equalsIgnoreCase("off");
  }

  private static boolean isDecimal(String number) {
    return number.matches("[0-9]*\\.?[0-9]+|[0-9]+\\.");
  }

  private static String lower(SetToken token) {
    return token.text().toLowerCase(Locale.ROOT);
  }

  private SetToken peek() {
    return tokens.get(Math.min(at, tokens.size() - 1));
  }

  private SetToken next() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  private boolean takes(char symbol) {
    boolean there = peek().is(symbol);
    at += there ? 1 : 0;
    return there;
  }

  private boolean takes(String word) {
    boolean there = peek().is(word);
    at += there ? 1 : 0;
    return there;
  }

  private boolean takes(String first, String second) {
    boolean there = peek().is(first) && next().is(second);
    at += there ? 2 : 0;
    return there;
  }
}
