package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Token;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a statement that is PREPARE, EXECUTE or DEALLOCATE has its prepared statement's name, so
 * that another name can be written there.
 *
 * @param statement which of the text's statements it is, from 0 on; empty ones don't count
 * @param offset of the name's first byte, its quote included, from the start of the text
 * @param length in bytes, quotes included
 * @param name as the server takes it: in lower case unless quoted, and not longer than it keeps
 *     names; empty for all
 * @param calls functions may be called in what is handed to the statement
 */
public record PreparedNameInText(
    Kind kind, int statement, int offset, int length, String name, boolean calls) {
  /** Longest text that is looked at, in bytes. */
  public static final int LONGEST = 64 * 1024;

  /** The statement that has the name. */
  public enum Kind {
    PREPARE,
    EXECUTE,
    /** EXPLAIN of an EXECUTE, with or without ANALYZE. */
    EXPLAIN_EXECUTE,
    /** CREATE TABLE … AS EXECUTE, also behind EXPLAIN. */
    CREATE_AS_EXECUTE,
    DEALLOCATE,
    /** DEALLOCATE ALL: offset and length are those of the word. */
    DEALLOCATE_ALL
  }

  /**
   * Finds it in a text that is one statement.
   *
   * @param offset absolute index of the first byte; the buffer's indexes are not moved
   * @return null for any other text, and for a name that the text doesn't tell: with Unicode
   *     escapes, or with letters beyond ASCII if it is unquoted or too long
   */
  public static @Nullable PreparedNameInText find(
      Dialect dialect, ByteBuf sql, int offset, int length) {
    return length > LONGEST ? null : find(dialect, ByteBufUtil.getBytes(sql, offset, length, true));
  }

  static @Nullable PreparedNameInText find(Dialect dialect, byte[] text) {
    List<List<TextToken>> statements = statements(TextToken.all(dialect, text));
    return statements.size() == 1 ? read(statements.getFirst(), 0) : null;
  }

  /** As {@link #find}, in all statements of a text, in their order. */
  public static List<PreparedNameInText> findAll(
      Dialect dialect, ByteBuf sql, int offset, int length) {
    return length > LONGEST
        ? List.of()
        : findAll(dialect, ByteBufUtil.getBytes(sql, offset, length, true));
  }

  static List<PreparedNameInText> findAll(Dialect dialect, byte[] text) {
    List<List<TextToken>> statements = statements(TextToken.all(dialect, text));
    List<PreparedNameInText> found = new ArrayList<>(1);
    for (int i = 0; i < statements.size(); i++) {
      PreparedNameInText place = read(statements.get(i), i);
      if (place != null) {
        found.add(place);
      }
    }
    return found;
  }

  /** The tokens of each statement; none where they can't be told apart for sure. */
  private static List<List<TextToken>> statements(List<TextToken> tokens) {
    int end = tokens.size() - 1;
    if (tokens.get(end).kind() == Token.BROKEN) {
      return List.of();
    }
    List<List<TextToken>> statements = new ArrayList<>(1);
    int start = 0;
    int depth = 0;
    for (int i = 0; i <= end; i++) {
      TextToken token = tokens.get(i);
      if (token.is("ATOMIC")) {
        return List.of(); // the body of a function may follow, with statements in it
      }
      depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
      if (token.is(';') && depth != 0) {
        return List.of(); // the actions of a rule
      }
      if (i == end || token.is(';')) {
        if (i > start) {
          statements.add(tokens.subList(start, i));
        }
        start = i + 1;
      }
    }
    return statements;
  }

  private static @Nullable PreparedNameInText read(List<TextToken> tokens, int statement) {
    if (tokens.size() < 2) {
      return null;
    }
    TextToken first = tokens.getFirst();
    if (first.is("EXECUTE")) {
      return executed(Kind.EXECUTE, tokens, 1, statement);
    } else if (first.is("EXPLAIN")) {
      int at = behindOptions(tokens);
      if (at < tokens.size() && tokens.get(at).is("CREATE")) {
        return created(tokens, at + 1, statement);
      }
      return at < tokens.size() && tokens.get(at).is("EXECUTE")
          ? executed(Kind.EXPLAIN_EXECUTE, tokens, at + 1, statement)
          : null;
    } else if (first.is("CREATE")) {
      return created(tokens, 1, statement);
    } else if (first.is("DEALLOCATE")) {
      return deallocated(tokens, statement);
    } else if (first.is("PREPARE")) {
      int as = behindParentheses(tokens, 2);
      return as + 1 < tokens.size() && tokens.get(as).is("AS")
          ? named(Kind.PREPARE, tokens.get(1), statement, false)
          : null;
    }
    return null;
  }

  private static @Nullable PreparedNameInText executed(
      Kind kind, List<TextToken> tokens, int name, int statement) {
    if (name >= tokens.size()) {
      return null;
    }
    int end = behindParentheses(tokens, name + 1);
    boolean whole =
        end == tokens.size() || (kind == Kind.CREATE_AS_EXECUTE && isWithData(tokens, end));
    return whole ? named(kind, tokens.get(name), statement, calls(tokens, name + 1)) : null;
  }

  /** Any name in front of a parenthesis. */
  private static boolean calls(List<TextToken> tokens, int from) {
    for (int at = from + 1; at < tokens.size(); at++) {
      Token before = tokens.get(at - 1).kind();
      if (tokens.get(at).is('(') && (before == Token.WORD || before == Token.QUOTED)) {
        return true;
      }
    }
    return false;
  }

  /** What begins with CREATE; AS is a reserved word, and the first is behind the table. */
  private static @Nullable PreparedNameInText created(
      List<TextToken> tokens, int from, int statement) {
    int depth = 0;
    boolean table = false;
    for (int at = from; at < tokens.size(); at++) {
      TextToken token = tokens.get(at);
      depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
      if (depth == 0 && token.is("AS")) {
        boolean executes = table && at + 1 < tokens.size() && tokens.get(at + 1).is("EXECUTE");
        return executes ? executed(Kind.CREATE_AS_EXECUTE, tokens, at + 2, statement) : null;
      }
      table |= at < from + 3 && token.is("TABLE");
    }
    return null;
  }

  private static boolean isWithData(List<TextToken> tokens, int from) {
    int last = tokens.size() - 1;
    boolean no = last == from + 2 && tokens.get(from + 1).is("NO");
    return (no || last == from + 1) && tokens.get(from).is("WITH") && tokens.get(last).is("DATA");
  }

  private static @Nullable PreparedNameInText deallocated(List<TextToken> tokens, int statement) {
    // PREPARE is a name too, if nothing follows.
    int at = tokens.size() == 3 && tokens.get(1).is("PREPARE") ? 2 : 1;
    if (at + 1 != tokens.size()) {
      return null;
    }
    TextToken name = tokens.get(at);
    int length = name.end() - name.start();
    return name.is("ALL")
        ? new PreparedNameInText(Kind.DEALLOCATE_ALL, statement, name.start(), length, "", false)
        : named(Kind.DEALLOCATE, name, statement, false);
  }

  private static @Nullable PreparedNameInText named(
      Kind kind, TextToken token, int statement, boolean calls) {
    String name = token.name();
    int length = token.end() - token.start();
    return name == null || name.isEmpty()
        ? null
        : new PreparedNameInText(kind, statement, token.start(), length, name, calls);
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

  /** Behind the name's last byte. */
  public int end() {
    return offset + length;
  }

  /** Whether it runs the statement, or may. */
  public boolean executes() {
    return kind == Kind.EXECUTE || kind == Kind.EXPLAIN_EXECUTE || kind == Kind.CREATE_AS_EXECUTE;
  }

  /** Bytes that begin with the text, with the statement's own name in this place. */
  public byte[] renamed(byte[] bytes, SharedStatement statement) {
    ByteBuf renamed = Unpooled.buffer(bytes.length - length + statement.nameLength());
    renamed.writeBytes(bytes, 0, offset);
    statement.writeBareName(renamed);
    renamed.writeBytes(bytes, end(), bytes.length - end());
    return ByteBufUtil.getBytes(renamed);
  }
}
