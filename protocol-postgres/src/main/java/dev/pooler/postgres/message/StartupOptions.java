package dev.pooler.postgres.message;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code options} parameter: a command line of the postgres program, split as pg_split_opts and
 * read as process_postgres_switches do. Of the one-letter switches only those that stand for a
 * setting any user may change are taken.
 */
final class StartupOptions {
  private final Map<String, String> settings = new LinkedHashMap<>();

  private StartupOptions() {}

  /** Settings in the order of their last mention, names canonical. */
  static Map<String, String> parse(String options) throws MalformedStartup {
    StartupOptions parsed = new StartupOptions();
    Iterator<String> arguments = split(options).iterator();
    while (arguments.hasNext()) {
      parsed.read(arguments.next(), arguments);
    }
    return parsed.settings;
  }

  /** White space separates, a backslash takes the meaning from the character after it. */
  static List<String> split(String options) {
    List<String> arguments = new ArrayList<>();
    StringBuilder argument = new StringBuilder();
    boolean open = false;
    boolean escaped = false;
    for (int i = 0; i < options.length(); i++) {
      char c = options.charAt(i);
      if (!escaped && isSpace(c)) {
        if (open) {
          arguments.add(argument.toString());
        }
        argument.setLength(0);
        open = false;
        continue;
      }
      open = true;
      if (!escaped && c == '\\') {
        escaped = true;
      } else {
        escaped = false;
        argument.append(c);
      }
    }
    if (open) {
      arguments.add(argument.toString());
    }
    return arguments;
  }

  /** As getopt: letters may share a dash, and a letter's value may be the next argument. */
  private void read(String argument, Iterator<String> rest) throws MalformedStartup {
    if (argument.equals("--") && !rest.hasNext()) {
      return;
    }
    if (argument.length() < 2 || argument.charAt(0) != '-' || argument.equals("--")) {
      throw invalid(argument);
    }
    for (int i = 1; i < argument.length(); i++) {
      char letter = argument.charAt(i);
      if (letter == 'e') {
        put("DateStyle", "euro");
      } else if (letter == 'c' || letter == '-' || letter == 'S') {
        readValue(letter, argument.substring(i + 1), argument, rest);
        return;
      } else {
        throw invalid(argument);
      }
    }
  }

  private void readValue(char letter, String attached, String argument, Iterator<String> rest)
      throws MalformedStartup {
    if (attached.isEmpty() && !rest.hasNext()) {
      throw invalid(argument);
    }
    String value = attached.isEmpty() ? rest.next() : attached;
    if (letter == 'S') {
      put("work_mem", value);
    } else {
      readSetting(letter == '-' ? "--" : "-c ", value);
    }
  }

  /** ParseLongOption: in the name a dash means an underscore. */
  private void readSetting(String dash, String setting) throws MalformedStartup {
    int equals = setting.indexOf('=');
    if (equals < 0) {
      throw new MalformedStartup("42601", dash + setting + " requires a value");
    }
    if (equals == 0) {
      throw invalid(dash + setting);
    }
    put(setting.substring(0, equals).replace('-', '_'), setting.substring(equals + 1));
  }

  private void put(String name, String value) {
    StartupParameters.putLast(settings, SettingNames.canonical(name), value);
  }

  private static boolean isSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  private static MalformedStartup invalid(String argument) {
    return new MalformedStartup(
        "42601",
        "invalid command-line argument in startup packet options: \""
            + argument
            + "\": write settings as -c name=value");
  }
}
