package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.StatementFacts;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which custom settings the code in a DO or CALL may set by itself. What functions that it calls
 * may set is asked of the server.
 */
public final class CodeInText {
  private static final int LONGEST = 64 * 1024;
  private static final String TWO_PARTS = "([a-z_][a-z0-9_$]*(?:\\.[a-z_][a-z0-9_$]*)+)";
  private static final Pattern NAMED =
      Pattern.compile(
          "(?:set_config\\s*\\(\\s*'|\\bset\\s+(?:session\\s+|local\\s+)?)" + TWO_PARTS,
          Pattern.CASE_INSENSITIVE);

  /** A name that is put together, a language that has other ways, SQL that is put together. */
  private static final Pattern HIDDEN =
      Pattern.compile(
          "set_config\\s*\\(\\s*[^'\\s]|\\bset\\s+(?:session\\s+|local\\s+)?[%\"']|\\bexecute\\b|\\blanguage\\b",
          Pattern.CASE_INSENSITIVE);

  private CodeInText() {}

  /**
   * EXECUTE runs no code of its text but its arguments: the statement was read with its PREPARE,
   * and so were the names of what it sets.
   */
  private static int behindExecute(Dialect dialect, ByteBuf in, int text, int end) {
    PreparedNameInText name = PreparedNameInText.find(dialect, in, text, end - text);
    return name == null ? 0 : name.offset() + name.length();
  }

  /** What the text means. */
  public static StatementMeaning read(
      Dialect dialect, StatementFacts facts, ByteBuf in, int text, int end) {
    if (end - text > LONGEST) {
      return new StatementMeaning(facts, List.of(), List.of(), true);
    }
    int from = text + behindExecute(dialect, in, text, end);
    String code = in.toString(from, end - from, StandardCharsets.UTF_8);
    Set<String> names = new LinkedHashSet<>();
    Matcher named = NAMED.matcher(code);
    while (named.find()) {
      names.add(named.group(1).toLowerCase(Locale.ROOT));
    }
    return new StatementMeaning(facts, List.of(), List.copyOf(names), HIDDEN.matcher(code).find());
  }
}
