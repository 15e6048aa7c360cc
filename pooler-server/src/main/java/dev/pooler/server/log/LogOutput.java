package dev.pooler.server.log;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.jspecify.annotations.Nullable;

/**
 * Sets up java.util.logging, where slf4j-jdk14 sends everything: to standard error, human lines on
 * a terminal and JSON lines otherwise, from the level in {@code POOLER_LOG} (error, warn, info,
 * debug, trace, off; default info). Called once, first of all, by main.
 */
public final class LogOutput {
  /**
   * Libraries that tell at INFO what we tell ourselves. Held here: LogManager holds loggers weakly.
   */
  private static final List<Logger> QUIET =
      List.of(
          Logger.getLogger("com.zaxxer.hikari"),
          Logger.getLogger("io.netty"),
          Logger.getLogger("com.sun"),
          Logger.getLogger("sun"));

  private LogOutput() {}

  /** Installs on {@code System.err}; {@code word} is POOLER_LOG's value or null. */
  public static void install(@Nullable String word) {
    install(
        word, System.err, isTerminal() ? new HumanLines(ZoneId.systemDefault()) : new JsonLines());
  }

  static void install(@Nullable String word, OutputStream to, Formatter formatter) {
    Level asked = word == null || word.isEmpty() ? Level.INFO : Levels.of(word);
    Level level = asked == null ? Level.INFO : asked;
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(level);
    root.addHandler(new Flushing(to, formatter));
    boolean detailed = level.intValue() < Level.INFO.intValue();
    for (Logger quiet : QUIET) {
      quiet.setLevel(
          detailed || level.intValue() > Level.WARNING.intValue() ? null : Level.WARNING);
    }
    if (asked == null) {
      Logger.getLogger("dev.pooler.server.log")
          .warning(
              "POOLER_LOG="
                  + word
                  + " is not one of error, warn, info, debug, trace, off; info is used");
    }
  }

  /**
   * Standard error is a terminal when its file descriptor leads to one; System.console() asks about
   * the other two.
   */
  private static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** A line that is logged is out before the process can die. */
  private static final class Flushing extends StreamHandler {
    Flushing(OutputStream to, Formatter formatter) {
      super(to, formatter);
      setLevel(Level.ALL);
    }

    @Override
    public synchronized void publish(LogRecord entry) {
      super.publish(entry);
      flush();
    }
  }
}
