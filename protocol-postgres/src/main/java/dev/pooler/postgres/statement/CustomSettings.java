package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Token;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the names of custom settings, those of two parts as {@code app.tenant}, that a text may
 * set. The server lists only settings that it knows by themselves, so that these must be asked for
 * by name. To be called for texts whose facts leave a setting; it allocates.
 */
public final class CustomSettings {
  /** Longest text that is looked at, in bytes. */
  public static final int LONGEST = 16 * 1024;

  /** Most names that are told. */
  static final int MOST = 100;

  private final List<TextToken> tokens;
  private final Set<String> names = new LinkedHashSet<>();

  private CustomSettings(List<TextToken> tokens) {
    this.tokens = tokens;
  }

  /**
   * The names that the text's SET, RESET and set_config have, in lower case, each once.
   *
   * @param offset absolute index of the first byte; the buffer's indexes are not moved
   * @return null if one of them can't be told from the text, or if there are very many
   */
  public static @Nullable List<String> names(Dialect dialect, ByteBuf sql, int offset, int length) {
    return length > LONGEST
        ? null
        : names(dialect, ByteBufUtil.getBytes(sql, offset, length, true));
  }

  static @Nullable List<String> names(Dialect dialect, byte[] text) {
    return new CustomSettings(TextToken.all(dialect, text)).find();
  }

  private @Nullable List<String> find() {
    if (tokens.getLast().kind() == Token.BROKEN) {
      return null;
    }
    for (int i = 0; i < tokens.size() - 1; i++) {
      boolean starts = i == 0 || tokens.get(i - 1).is(';');
      if (starts && (tokens.get(i).is("SET") || tokens.get(i).is("RESET")) && !set(i + 1)) {
        return null;
      }
      if (!word(i)) {
        return null;
      }
    }
    return List.copyOf(names);
  }

  /** The name behind SET; false if it can't be told. */
  private boolean set(int from) {
    int at = from;
    if ((tokens.get(at).is("SESSION") || tokens.get(at).is("LOCAL"))
        && !tokens.get(at + 1).is('.')) {
      at++;
    }
    StringBuilder name = new StringBuilder();
    while (true) {
      String part = tokens.get(at).name();
      if (part == null) {
        // What is no name at all is a syntax error.
        return tokens.get(at).kind() != Token.ESCAPED_NAME && tokens.get(at).kind() != Token.WORD;
      }
      name.append(part);
      if (!tokens.get(at + 1).is('.')) {
        return add(name.toString());
      }
      name.append('.');
      at += 2;
    }
  }

  /** What sets a setting anywhere in a statement; false if its name can't be told. */
  private boolean word(int i) {
    TextToken token = tokens.get(i);
    boolean call = tokens.get(i + 1).is('(');
    if (token.kind() == Token.ESCAPED_NAME) {
      return false;
    }
    String name = token.name();
    if (name == null) {
      return true;
    }
    return switch (name.toLowerCase(Locale.ROOT)) {
      // Its rule turns an UPDATE into set_config with a name from the row.
      case "pg_settings" -> false;
      case "set_config" -> !call || setConfig(i + 2);
      case "set_limit" -> !call || add("pg_trgm.similarity_threshold");
      default -> true;
    };
  }

  private boolean setConfig(int argument) {
    String name = tokens.get(argument).literal();
    return name != null && tokens.get(argument + 1).is(',') && add(name);
  }

  private boolean add(String name) {
    if (name.chars().anyMatch(c -> c >= 0x80)) {
      return false;
    }
    if (name.indexOf('.') >= 0) {
      names.add(name.toLowerCase(Locale.ROOT));
    }
    return names.size() <= MOST;
  }
}
