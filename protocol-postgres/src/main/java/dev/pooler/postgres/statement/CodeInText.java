package dev.pooler.postgres.statement;

import static dev.pooler.postgres.session.CodePatterns.java;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.Token;
import dev.pooler.postgres.session.CodePatterns;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the code in a text leaves: of DO wherever it stands, of CALL, of functions that run a query,
 * and of those that it defines. Custom settings by name; what functions that it calls may set is
 * asked of the server.
 */
final class CodeInText {
  private static final int LONGEST = 8 * 1024;

  /** The same of a text with functions, of which those are looked at. */
  private static final int LONGEST_SCRIPT = 64 * 1024;

  /** How often each character may be looked at, on average; plain code needs 50 to 70. */
  static final int LOOKS = 128;

  private static final Pattern COMMENT = java(CodePatterns.COMMENT);
  private static final Pattern UPDATES = java(CodePatterns.UPDATES);
  private static final Pattern NAMED = java(CodePatterns.NAMED);

  /** A name that is put together, a language that has other ways, SQL that is put together. */
  private static final Pattern HIDDEN =
      java(
          CodePatterns.HIDDEN_CALL
              + "|"
              + CodePatterns.UNTOLD_TEXT
              + "|\\mexecute\\M|\\mlanguage\\M(?!\\s*'?(?:plpgsql|sql)\\M)");

  /** The same in the text of functions; those in other languages are known to the census. */
  private static final Pattern HIDDEN_IN_ROUTINE =
      java(CodePatterns.HIDDEN_CALL + "|" + CodePatterns.UNTOLD_TEXT);

  private static final Pattern HIDDEN_SET = java(CodePatterns.HIDDEN_IN_TEXT);
  private static final Pattern SEED = java(CodePatterns.SEED);
  private static final Pattern LOAD = java(CodePatterns.LOAD);
  private static final Pattern UNASKED_CALL = java(CodePatterns.UNASKED_CALL);

  private final byte[] text;
  private final ReadingLimit limit;
  private final StringBuilder code = new StringBuilder();

  /** Code may be run that is not in the text. */
  private boolean elsewhere;

  private CodeInText(byte[] text, ReadingLimit limit) {
    this.text = text;
    this.limit = limit;
  }

  /** What the text means, whose facts leave code. */
  static StatementMeaning read(Dialect dialect, StatementFacts facts, byte[] text) {
    return text.length > LONGEST
        ? hidden(facts)
        : read(dialect, facts, text, new ReadingLimit(LOOKS * text.length));
  }

  static StatementMeaning read(
      Dialect dialect, StatementFacts facts, byte[] text, ReadingLimit limit) {
    try {
      return new CodeInText(text, limit).read(dialect, facts);
    } catch (ReadingLimit.Exceeded e) {
      return hidden(facts);
    }
  }

  private static StatementMeaning hidden(StatementFacts facts) {
    return new StatementMeaning(facts, List.of(), List.of(), true);
  }

  /**
   * The custom settings that functions set which a text defines.
   *
   * @return null if what they leave can't be told
   */
  static @Nullable List<String> routines(Dialect dialect, byte[] text) {
    if (!has(new String(text, ISO_8859_1).toLowerCase(Locale.ROOT), "function", "procedure")) {
      return List.of();
    }
    if (text.length > LONGEST_SCRIPT) {
      return null;
    }
    try {
      return new CodeInText(text, new ReadingLimit(LOOKS * LONGEST)).routines(dialect);
    } catch (ReadingLimit.Exceeded e) {
      return null;
    }
  }

  private @Nullable List<String> routines(Dialect dialect) {
    boolean readable = collect(TextToken.all(dialect, text));
    if (!readable || code.length() > LONGEST) {
      return null;
    }
    String bare = bare();
    Set<String> names = new LinkedHashSet<>();
    boolean hidden =
        readNames(bare, names)
            || finds(HIDDEN_IN_ROUTINE, bare)
            || finds(SEED, bare)
            || finds(LOAD, bare)
            || finds(UNASKED_CALL, bare);
    return hidden || names.size() > CustomSettings.MOST ? null : List.copyOf(names);
  }

  private String bare() {
    String compact = compact(code).toString();
    return has(compact, "--", "/*") ? without(COMMENT, compact, "") : compact;
  }

  /** Adds the names that code sets; true if it hides some. */
  private boolean readNames(String bare, Set<String> names) {
    String lower = bare.toLowerCase(Locale.ROOT);
    if (!has(lower, "set")) {
      return false;
    }
    Matcher named = NAMED.matcher(limit.over(bare));
    while (named.find()) {
      names.add(named.group(1).toLowerCase(Locale.ROOT));
    }
    String others = has(lower, "update", "alter") ? without(UPDATES, bare, " ") : bare;
    return finds(HIDDEN_SET, others);
  }

  private StatementMeaning read(Dialect dialect, StatementFacts facts) {
    boolean readable = collect(TextToken.all(dialect, text));
    Set<String> names = new LinkedHashSet<>();
    boolean hidden = !readable || elsewhere;
    if (facts.leaves(Footprint.SETTING)) {
      List<String> outside = CustomSettings.names(dialect, text);
      hidden |= outside == null;
      names.addAll(outside == null ? List.of() : outside);
    }
    String bare = bare();
    String lower = bare.toLowerCase(Locale.ROOT);
    hidden |= readNames(bare, names);
    if (names.size() > CustomSettings.MOST) {
      names = Set.of();
      hidden = true;
    }
    hidden |= finds(HIDDEN, bare);
    int left = has(lower, "seed") && finds(SEED, bare) ? Footprint.SEED.bit() : 0;
    left |= has(lower, "load") && finds(LOAD, bare) ? Footprint.LOAD.bit() : 0;
    left |= finds(UNASKED_CALL, bare) ? Footprint.UNKNOWN.bit() : 0;
    left |= has(lower, "currval", "lastval") ? Footprint.SEQUENCE_VALUE.bit() : 0;
    return new StatementMeaning(with(facts, left), List.of(), List.copyOf(names), hidden);
  }

  /** Many texts don't have a pattern's word, which is seen much sooner than by the pattern. */
  private static boolean has(String text, String... words) {
    for (String word : words) {
      if (text.contains(word)) {
        return true;
      }
    }
    return false;
  }

  private boolean finds(Pattern pattern, String code) {
    return pattern.matcher(limit.over(code)).find();
  }

  private String without(Pattern pattern, String code, String by) {
    return pattern.matcher(limit.over(code)).replaceAll(by);
  }

  /**
   * Without what repeats: a run of spaces is one, a line's end if it has one, and a run of dashes
   * two. Each of thousands would be looked at as the beginning of something.
   */
  private static StringBuilder compact(CharSequence code) {
    StringBuilder compact = new StringBuilder(code.length());
    for (int i = 0; i < code.length(); i++) {
      char c = code.charAt(i);
      int last = compact.length() - 1;
      boolean behindSpace = last >= 0 && Character.isWhitespace(compact.charAt(last));
      if (Character.isWhitespace(c) && behindSpace) {
        compact.setCharAt(last, c == '\n' ? c : compact.charAt(last));
      } else if (c != '-'
          || last < 1
          || compact.charAt(last) != c
          || compact.charAt(last - 1) != c) {
        compact.append(c);
      }
    }
    return compact;
  }

  private static StatementFacts with(StatementFacts facts, int footprint) {
    return (facts.footprint() | footprint) == facts.footprint()
        ? facts
        : new StatementFacts(
            facts.statements(),
            facts.first(),
            facts.traits(),
            facts.footprint() | footprint,
            facts.clears(),
            facts.digest());
  }

  /** Takes the statements that run code of their own text; false if they can't be told apart. */
  private boolean collect(List<TextToken> tokens) {
    int end = tokens.size() - 1;
    if (tokens.stream().anyMatch(token -> token.is("ATOMIC"))) { // semicolons end no statement
      code.append(new String(text, UTF_8));
      return tokens.get(end).kind() != Token.BROKEN;
    }
    int start = 0;
    for (int i = 0; i <= end; i++) {
      if (i == end || tokens.get(i).is(';')) {
        statement(tokens.subList(start, i));
        start = i + 1;
      }
    }
    return tokens.get(end).kind() != Token.BROKEN;
  }

  /**
   * EXECUTE runs no code of its text but its arguments: the statement was read with its PREPARE,
   * and so were the names of what it sets.
   */
  private void statement(List<TextToken> tokens) {
    if (tokens.isEmpty()) {
      return;
    }
    boolean whole = tokens.getFirst().is("DO") || tokens.getFirst().is("CALL") || isRoutine(tokens);
    for (int i = 0; i + 1 < tokens.size(); i++) {
      if (runsText(tokens.get(i)) && tokens.get(i + 1).is('(')) {
        whole = true;
        elsewhere |= tokens.get(i).kind() == Token.QUOTED; // which the patterns don't know
      }
    }
    if (whole) {
      int start = tokens.getFirst().start();
      int length = tokens.getLast().end() - start;
      code.append(new String(text, start, length, UTF_8)).append(";\n");
    }
  }

  /** CREATE [OR REPLACE] FUNCTION or PROCEDURE. */
  private static boolean isRoutine(List<TextToken> tokens) {
    int kind = tokens.size() > 1 && tokens.get(1).is("OR") ? 3 : 1;
    return tokens.size() > kind
        && tokens.getFirst().is("CREATE")
        && (tokens.get(kind).is("FUNCTION") || tokens.get(kind).is("PROCEDURE"));
  }

  private static boolean runsText(TextToken token) {
    String name = token.name();
    PgFunction function = name == null ? null : PgFunction.find(name.toLowerCase(Locale.ROOT));
    return function != null && (function.footprint() & Footprint.CODE.bit()) != 0;
  }
}
