package dev.pooler.core.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where a secret comes from. Only {@link Literal} holds the secret itself, and {@code toString} of
 * that one masks it, so that a configuration may be logged.
 */
public sealed interface Secret {

  /** It stands in the configuration itself. */
  record Literal(String value) implements Secret {
    @Override
    public String toString() {
      return "***";
    }
  }

  /**
   * The file's content without a trailing line break; read again when a connection is refused and
   * at each reload.
   */
  record FromFile(Path path) implements Secret {}

  record FromEnv(String name) implements Secret {}

  /**
   * The first line a program prints.
   *
   * @param argv the program and its arguments, run without a shell
   * @param refresh how long one answer is used; zero: until a reload
   */
  record FromCommand(List<String> argv, Duration refresh) implements Secret {
    public FromCommand {
      argv = List.copyOf(argv);
    }

    /** The program only: arguments may carry what nobody should read in a log. */
    @Override
    public String toString() {
      return "FromCommand[" + argv.getFirst() + ", refresh=" + refresh + "]";
    }
  }
}
