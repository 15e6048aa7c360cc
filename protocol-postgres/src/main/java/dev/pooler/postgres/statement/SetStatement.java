package dev.pooler.postgres.statement;

import dev.pooler.postgres.session.PgSettings;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One SET or RESET that can be kept for the session and said again on another backend: a name and a
 * plain value. What is not as plain (roles, backslashes, casts, intervals) is not read here.
 *
 * @param name the setting; as written, or the one that TIME ZONE, NAMES, SCHEMA and SESSION
 *     CHARACTERISTICS stand for
 * @param value what it is set to, or null for RESET and DEFAULT
 */
public record SetStatement(String name, PgSettings.@Nullable Value value) {
  /** Longest text that is looked at, in characters. */
  public static final int LONGEST = 1024;

  /** What the text sets, or null where it is not plain or sets more than one setting. */
  public static @Nullable SetStatement parse(String sql) {
    List<SetStatement> all = parseAll(sql);
    return all.size() == 1 ? all.getFirst() : null;
  }

  /** What the text, one statement, sets; empty where it is not plain. */
  public static List<SetStatement> parseAll(String sql) {
    // Without a backslash a text reads the same whatever standard_conforming_strings is.
    return sql.length() > LONGEST || sql.indexOf('\\') >= 0 ? List.of() : grammar(sql).statements();
  }

  /**
   * Which of role and session_authorization the text, one statement, sets or resets for the
   * session; the second takes the first away.
   */
  public static Set<String> users(String sql) {
    return sql.length() > LONGEST ? Set.of() : grammar(sql).users();
  }

  private static SetGrammar grammar(String sql) {
    byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
    return new SetGrammar(bytes, TextToken.all(PgDialects.STANDARD, bytes));
  }
}
