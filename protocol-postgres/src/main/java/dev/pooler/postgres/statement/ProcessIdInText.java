package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Token;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a text gives the client a server process's id as an output column of its own, or takes one
 * that the client may have been told: those ids are pooler's, not the server's. Only in a SELECT
 * that reads from nothing: beside rows of the server's own (pg_stat_activity, pg_locks) its ids are
 * what they are compared with.
 *
 * @param offset of the call's first byte, its schema included, from the start of the text
 * @param length in bytes, up to the closing parenthesis
 * @param argument the process id that is written there; 0 without one
 * @param parameter the number of the parameter that stands there; 0 without one
 * @param cast whether the parameter is cast to an int
 */
public record ProcessIdInText(
    Call call, int offset, int length, int argument, int parameter, boolean cast) {
  /** Longest text that is looked at, in bytes. */
  public static final int LONGEST = 64 * 1024;

  /** The function. */
  public enum Call {
    PG_BACKEND_PID,
    PG_CANCEL_BACKEND,
    PG_TERMINATE_BACKEND
  }

  /** All of them, in order; none where the text is not surely understood. */
  public static List<ProcessIdInText> all(Dialect dialect, byte[] text) {
    List<ProcessIdInText> all = new ArrayList<>();
    if (text.length > LONGEST) {
      return all;
    }
    List<TextToken> tokens = TextToken.all(dialect, text);
    if (tokens.getLast().kind() == Token.BROKEN) {
      return all;
    }
    int start = 0;
    for (int at = 0; at < tokens.size(); at++) {
      TextToken token = tokens.get(at);
      if (token.is(';') || token.kind() == Token.END) {
        if (start < at && tokens.get(start).is("CREATE")) {
          return List.of(); // a semicolon may be a part of it
        }
        read(tokens, start, at, all);
        start = at + 1;
      }
    }
    return all;
  }

  private static void read(List<TextToken> tokens, int start, int end, List<ProcessIdInText> all) {
    if (start == end || !tokens.get(start).is("SELECT") || reads(tokens, start, end)) {
      return;
    }
    int depth = 0;
    for (int at = start + 1; at < end; at++) {
      TextToken before = tokens.get(at - 1);
      if (depth == 0 && (before.is(',') || at == start + 1)) {
        ProcessIdInText place = column(tokens, at, end);
        if (place != null) {
          all.add(place);
        }
      }
      depth += tokens.get(at).is('(') ? 1 : tokens.get(at).is(')') ? -1 : 0;
    }
  }

  private static boolean reads(List<TextToken> tokens, int start, int end) {
    int depth = 0;
    for (int at = start; at < end; at++) {
      TextToken token = tokens.get(at);
      depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
      if (depth == 0 && (token.is("FROM") || token.is("WHERE"))) {
        return true;
      }
    }
    return false;
  }

  /**
   * What the call takes from a Bind; null if that is nothing, or nothing that can be a process id.
   *
   * @param type of the parameter as the Parse has it; 0 where it is left to the server
   */
  public @Nullable ProcessParameter takes(int type) {
    ProcessParameter takes = new ProcessParameter(call, parameter, type);
    return parameter > 0 && takes.fits(cast) ? takes : null;
  }

  private static @Nullable ProcessIdInText column(List<TextToken> tokens, int at, int end) {
    int name = at;
    if (at + 2 < end && "pg_catalog".equals(tokens.get(at).name()) && tokens.get(at + 1).is('.')) {
      name = at + 2;
    }
    Call call = call(tokens.get(name).name());
    int first = name + 2;
    if (call == null || first >= end || !tokens.get(name + 1).is('(')) {
      return null;
    }
    int close = call == Call.PG_BACKEND_PID ? first : behindArguments(call, tokens, first, end);
    if (close < 0
        || close >= end
        || !tokens.get(close).is(')')
        || !endsColumn(tokens, close + 1, end)) {
      return null;
    }
    int offset = tokens.get(at).start();
    int length = tokens.get(close).end() - offset;
    TextToken argument = tokens.get(first);
    return switch (argument.kind()) {
      case NUMBER -> new ProcessIdInText(call, offset, length, number(argument.text()), 0, false);
      case PARAMETER -> {
        int parameter = number(argument.text().substring(1));
        boolean cast = tokens.get(first + 1).is(':');
        yield new ProcessIdInText(call, offset, length, 0, parameter, cast);
      }
      default -> new ProcessIdInText(call, offset, length, 0, 0, false);
    };
  }

  /** Where the arguments end that begin here, or -1 if they are none that are understood. */
  private static int behindArguments(Call call, List<TextToken> tokens, int first, int end) {
    boolean bound = tokens.get(first).kind() == Token.PARAMETER;
    int at = behindArgument(tokens, first, end);
    if (at < 0 || call != Call.PG_TERMINATE_BACKEND || at >= end || !tokens.get(at).is(',')) {
      return at;
    }
    // How long to wait for its end. A parameter must not vanish from the text with the call.
    int wait = at + 1;
    boolean mayVanish = wait < end && tokens.get(wait).kind() == Token.NUMBER;
    return bound || mayVanish ? behindArgument(tokens, wait, end) : -1;
  }

  /** A number, or a parameter that may be cast to an int. */
  private static int behindArgument(List<TextToken> tokens, int at, int end) {
    if (at >= end) {
      return -1;
    }
    TextToken token = tokens.get(at);
    if (token.kind() == Token.NUMBER) {
      return number(token.text()) < 0 ? -1 : at + 1;
    }
    if (token.kind() != Token.PARAMETER || number(token.text().substring(1)) < 0) {
      return -1;
    }
    boolean cast =
        at + 3 < end
            && tokens.get(at + 1).is(':')
            && tokens.get(at + 2).is(':')
            && isInt(tokens.get(at + 3));
    return cast ? at + 4 : at + 1;
  }

  private static boolean isInt(TextToken type) {
    return type.is("INT") || type.is("INT4") || type.is("INTEGER");
  }

  private static @Nullable Call call(@Nullable String name) {
    return switch (name) {
      case "pg_backend_pid" -> Call.PG_BACKEND_PID;
      case "pg_cancel_backend" -> Call.PG_CANCEL_BACKEND;
      case "pg_terminate_backend" -> Call.PG_TERMINATE_BACKEND;
      case null, default -> null;
    };
  }

  private static boolean endsColumn(List<TextToken> tokens, int at, int end) {
    return at == end || tokens.get(at).is(',') || tokens.get(at).is("AS") || tokens.get(at).is(':');
  }

  /** A number that may be a process id, or that of a parameter; else -1. */
  private static int number(String digits) {
    if (!digits.matches("[0-9]{1,10}")) {
      return -1;
    }
    long id = Long.parseLong(digits);
    return id <= Integer.MAX_VALUE ? (int) id : -1;
  }
}
