package dev.pooler.server.config;

import dev.pooler.core.config.FileMode;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.text.NearMiss;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What one scalar may be. Parsing starts from the text, so that quotes in the file make no
 * difference.
 */
sealed interface ValueType {

  /** The value, never null. The message of {@link BadValue} names the text and what is allowed. */
  Object parse(String text) throws BadValue;

  /** What is allowed, in a few words, for the reference. */
  String allowed();

  /** Any text of at least one character. */
  record Text() implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      if (text.isEmpty()) {
        throw new BadValue("is empty");
      }
      if (text.indexOf('\0') >= 0) {
        throw new BadValue("has a character that no protocol can carry (NUL)");
      }
      return text;
    }

    @Override
    public String allowed() {
      return "text";
    }
  }

  /** One of a few words. */
  record Word(List<String> words) implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      if (!words.contains(text)) {
        throw new BadValue(
            "\""
                + text
                + "\" is not one of "
                + String.join(", ", words)
                + NearMiss.suggestion(text, words));
      }
      return text;
    }

    @Override
    public String allowed() {
      return String.join(", ", words);
    }
  }

  /** A whole number. */
  record Count(int least, int most) implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      int number;
      try {
        number = Integer.parseInt(text);
      } catch (NumberFormatException e) {
        throw new BadValue("\"" + text + "\" is not a whole number from " + least + " to " + most);
      }
      if (number < least || number > most) {
        throw new BadValue(number + " is not from " + least + " to " + most);
      }
      return number;
    }

    @Override
    public String allowed() {
      return "number, " + least + " to " + most;
    }
  }

  /**
   * A time span.
   *
   * @param least the shortest but 0
   * @param zero what 0 stands for; empty where 0 is not allowed
   */
  record Time(Duration least, String zero) implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      Duration duration = Quantity.duration(text);
      if (duration.isZero() ? zero.isEmpty() : duration.compareTo(least) < 0) {
        throw new BadValue(
            text
                + " is below the least allowed, "
                + Quantity.text(least)
                + (zero.isEmpty() ? "" : " (0: " + zero + ")"));
      }
      return duration;
    }

    @Override
    public String allowed() {
      String floor = least.toMillis() > 1 ? ", at least " + Quantity.text(least) : "";
      return "duration" + floor + (zero.isEmpty() ? "" : "; 0: " + zero);
    }
  }

  /** A number of bytes. */
  record Size(long least, long most) implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      long bytes = Quantity.size(text);
      if (bytes < least || bytes > most) {
        throw new BadValue(
            text + " is not from " + Quantity.text(least) + " to " + Quantity.text(most));
      }
      return bytes;
    }

    @Override
    public String allowed() {
      return "size, " + Quantity.text(least) + " to " + Quantity.text(most);
    }
  }

  /** true or false. */
  record Flag() implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      return switch (text) {
        case "true" -> true;
        case "false" -> false;
        default -> throw new BadValue("\"" + text + "\" is not true or false");
      };
    }

    @Override
    public String allowed() {
      return "true, false";
    }
  }

  /** A file's path; a relative one is taken from the configuration file's directory. */
  record FilePath() implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      try {
        if (!text.isEmpty()) {
          return Path.of(text);
        }
      } catch (InvalidPathException e) {
        // Said below, as for an empty one.
      }
      throw new BadValue("\"" + text + "\" is not a path");
    }

    @Override
    public String allowed() {
      return "path, relative to this file";
    }
  }

  /** A socket file's permissions. */
  record Mode() implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      boolean octal =
          (text.length() == 3 || text.length() == 4)
              && text.chars().allMatch(c -> c >= '0' && c <= '7');
      int bits = octal ? Integer.parseInt(text, 8) : -1;
      if (bits < 0 || bits > 0777) {
        throw new BadValue("\"" + text + "\" is not a file mode, such as \"0660\"");
      }
      return new FileMode(bits);
    }

    @Override
    public String allowed() {
      return "file mode, octal";
    }
  }

  /**
   * Where to listen, or a target: unix or TCP. A target without a port gets its protocol's later.
   */
  record Socket(int defaultPort) implements ValueType {
    @Override
    public Object parse(String text) throws BadValue {
      return AddressText.parse(text, defaultPort);
    }

    @Override
    public String allowed() {
      return defaultPort > 0 ? "host:port or unix:/path" : "unix:/path or tcp:host:port";
    }
  }

  /** Where HTTP is served, or {@code off}. */
  record HttpSocket() implements ValueType {
    static final String OFF = "off";

    @Override
    public Object parse(String text) throws BadValue {
      if (text.equals(OFF)) {
        return OFF;
      }
      if (AddressText.parse(text, 0) instanceof TcpAddress tcp) {
        return tcp;
      }
      throw new BadValue("\"" + text + "\" is not host:port or off");
    }

    @Override
    public String allowed() {
      return "host:port, off";
    }
  }
}
