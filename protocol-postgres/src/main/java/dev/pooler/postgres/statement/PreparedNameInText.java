package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Token;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a text that is one PREPARE, EXECUTE or DEALLOCATE has its statement's name, so that another
 * name can be written there.
 *
 * @param offset of the name's first byte, its quote included, from the start of the text
 * @param length in bytes, quotes included
 * @param name as the server takes it: in lower case unless quoted; empty for all
 */
public record PreparedNameInText(Kind kind, int offset, int length, String name) {
  /** Longest text that is looked at, in bytes. */
  public static final int LONGEST = 64 * 1024;

  /** The statement that has the name. */
  public enum Kind {
    PREPARE,
    EXECUTE,
    /** EXPLAIN of an EXECUTE, with or without ANALYZE. */
    EXPLAIN_EXECUTE,
    DEALLOCATE,
    /** DEALLOCATE ALL: offset and length are those of the word. */
    DEALLOCATE_ALL
  }

  /**
   * Finds it.
   *
   * @param offset absolute index of the first byte; the buffer's indexes are not moved
   * @return null for any other text, and for a name that the text doesn't tell: with Unicode
   *     escapes, too long, or unquoted with letters beyond ASCII
   */
  public static @Nullable PreparedNameInText find(
      Dialect dialect, ByteBuf sql, int offset, int length) {
    return length > LONGEST ? null : find(dialect, ByteBufUtil.getBytes(sql, offset, length, true));
  }

  static @Nullable PreparedNameInText find(Dialect dialect, byte[] text) {
    List<TextToken> tokens = TextToken.all(dialect, text);
    int end = tokens.size() - 1;
    if (tokens.get(end).kind() == Token.BROKEN) {
      return null;
    }
    while (end > 0 && tokens.get(end - 1).is(';')) {
      end--;
    }
    // What is left is one statement, if it has no semicolon.
    List<TextToken> statement = tokens.subList(0, end);
    return statement.size() < 2 || statement.stream().anyMatch(token -> token.is(';'))
        ? null
        : read(statement);
  }

  private static @Nullable PreparedNameInText read(List<TextToken> tokens) {
    TextToken first = tokens.getFirst();
    if (first.is("EXECUTE")) {
      return executed(Kind.EXECUTE, tokens, 1);
    } else if (first.is("EXPLAIN")) {
      int at = behindOptions(tokens);
      return at < tokens.size() && tokens.get(at).is("EXECUTE")
          ? executed(Kind.EXPLAIN_EXECUTE, tokens, at + 1)
          : null;
    } else if (first.is("DEALLOCATE")) {
      return deallocated(tokens);
    } else if (first.is("PREPARE")) {
      int as = behindParentheses(tokens, 2);
      return as + 1 < tokens.size() && tokens.get(as).is("AS")
          ? named(Kind.PREPARE, tokens.get(1))
          : null;
    }
    return null;
  }

  private static @Nullable PreparedNameInText executed(
      Kind kind, List<TextToken> tokens, int name) {
    return name < tokens.size() && behindParentheses(tokens, name + 1) == tokens.size()
        ? named(kind, tokens.get(name))
        : null;
  }

  private static @Nullable PreparedNameInText deallocated(List<TextToken> tokens) {
    // PREPARE is a name too, if nothing follows.
    int at = tokens.size() == 3 && tokens.get(1).is("PREPARE") ? 2 : 1;
    if (at + 1 != tokens.size()) {
      return null;
    }
    TextToken name = tokens.get(at);
    return name.is("ALL")
        ? new PreparedNameInText(Kind.DEALLOCATE_ALL, name.start(), name.end() - name.start(), "")
        : named(Kind.DEALLOCATE, name);
  }

  private static @Nullable PreparedNameInText named(Kind kind, TextToken token) {
    String name = token.name();
    return name == null || name.isEmpty()
        ? null
        : new PreparedNameInText(kind, token.start(), token.end() - token.start(), name);
  }

  private static int behindOptions(List<TextToken> tokens) {
    int at = behindParentheses(tokens, 1);
    while (at < tokens.size() && (isAnalyze(tokens.get(at)) || tokens.get(at).is("VERBOSE"))) {
      at++;
    }
    return at;
  }

  private static boolean isAnalyze(TextToken token) {
    return token.is("ANALYZE") || token.is("ANALYSE");
  }

  /** The place behind the parentheses that open here, or the same if none do. */
  private static int behindParentheses(List<TextToken> tokens, int from) {
    int depth = 0;
    for (int at = from; at < tokens.size(); at++) {
      if (tokens.get(at).is('(')) {
        depth++;
      } else if (tokens.get(at).is(')')) {
        depth--;
      }
      if (depth == 0) {
        return tokens.get(at).is(')') ? at + 1 : from;
      }
    }
    // The end, or parentheses that don't close: no place at all.
    return depth == 0 ? from : Integer.MAX_VALUE - 1;
  }
}
