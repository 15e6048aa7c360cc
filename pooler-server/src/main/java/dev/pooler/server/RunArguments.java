package dev.pooler.server;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** What {@code pooler run} was given. */
record RunArguments(@Nullable String config, @Nullable String url, @Nullable String socketDir) {

  static RunArguments of(ParseResult command) {
    return new RunArguments(
        command.matchedOptionValue("--config", (String) null),
        command.matchedPositionalValue(0, (String) null),
        command.matchedOptionValue("--socket-dir", (String) null));
  }

  /**
   * Reads {@code run} and its options without picocli, or returns null for picocli to read (and to
   * explain) the rest. picocli's class files are of a version that an AOT cache can't hold: 140
   * classes to load and verify at each start, for two options.
   */
  static @Nullable RunArguments plain(String[] args) {
    if (args.length < 2 || !args[0].equals("run")) {
      return null;
    }
    String config = null;
    String url = null;
    String socketDir = null;
    for (int i = 1; i < args.length; i++) {
      boolean last = i + 1 == args.length;
      if (args[i].equals("--config") && !last && config == null) {
        config = args[++i];
      } else if (args[i].equals("--socket-dir") && !last && socketDir == null) {
        socketDir = args[++i];
      } else if (!args[i].startsWith("-") && url == null) {
        url = args[i];
      } else {
        return null;
      }
    }
    return new RunArguments(config, url, socketDir);
  }
}
