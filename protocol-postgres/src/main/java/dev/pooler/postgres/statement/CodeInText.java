package dev.pooler.postgres.statement;

import static dev.pooler.postgres.session.CodePatterns.java;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.Token;
import dev.pooler.postgres.session.CodePatterns;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the code in a text leaves: of DO wherever it stands, of CALL, and of functions that run a
 * query. Custom settings by name; what functions that it calls may set is asked of the server.
 */
public final class CodeInText {
  private static final int LONGEST = 8 * 1024;
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

  private static final Pattern HIDDEN_SET = java(CodePatterns.HIDDEN_IN_TEXT);
  private static final Pattern SEED = java(CodePatterns.SEED);
  private static final Pattern LOAD = java(CodePatterns.LOAD);
  private static final Pattern UNASKED_CALL = java(CodePatterns.UNASKED_CALL);

  private final byte[] text;
  private final StringBuilder code = new StringBuilder();

  /** Code may be run that is not in the text. */
  private boolean elsewhere;

  private CodeInText(byte[] text) {
    this.text = text;
  }

  /** What the text means, whose facts leave code. */
  public static StatementMeaning read(
      Dialect dialect, StatementFacts facts, ByteBuf in, int text, int end) {
    if (end - text > LONGEST) {
      return new StatementMeaning(facts, List.of(), List.of(), true);
    }
    byte[] all = ByteBufUtil.getBytes(in, text, end - text, true);
    return new CodeInText(all).read(dialect, facts);
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
    String bare = COMMENT.matcher(compact(code)).replaceAll("");
    Matcher named = NAMED.matcher(bare);
    while (named.find()) {
      names.add(named.group(1).toLowerCase(Locale.ROOT));
    }
    hidden |= HIDDEN.matcher(bare).find();
    hidden |= HIDDEN_SET.matcher(UPDATES.matcher(bare).replaceAll(" ")).find();
    return new StatementMeaning(with(facts, leaves(bare)), List.of(), List.copyOf(names), hidden);
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

  private static int leaves(String code) {
    int found = SEED.matcher(code).find() ? Footprint.SEED.bit() : 0;
    found |= LOAD.matcher(code).find() ? Footprint.LOAD.bit() : 0;
    return found | (UNASKED_CALL.matcher(code).find() ? Footprint.UNKNOWN.bit() : 0);
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
    boolean whole = tokens.getFirst().is("DO") || tokens.getFirst().is("CALL");
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

  private static boolean runsText(TextToken token) {
    String name = token.name();
    PgFunction function = name == null ? null : PgFunction.find(name.toLowerCase(Locale.ROOT));
    return function != null && (function.footprint() & Footprint.CODE.bit()) != 0;
  }
}
