package dev.pooler.server;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration again and hands it over when it is right; one with an error is told to
 * the log and to the caller, and the old one stays. One at a time, whoever asks; blocks on the
 * file, so never on an event loop.
 */
public final class Reload {
  private static final Logger LOG = LoggerFactory.getLogger(Reload.class);
  private final Supplier<ConfigFile.Result> source;
  private final Function<ConfigFile.Ok, Runnable> prepare;

  /**
   * Prepares reloading.
   *
   * @param prepare reads what the configuration names and changes nothing; IllegalArgument- and
   *     IllegalStateExceptions are told like errors of the file. Its result puts all of it in use.
   */
  public Reload(Supplier<ConfigFile.Result> source, Function<ConfigFile.Ok, Runnable> prepare) {
    this.source = source;
    this.prepare = prepare;
  }

  /** Returns what is wrong; empty: the new configuration is in use. */
  public synchronized List<String> run() {
    return switch (source.get()) {
      case ConfigFile.Invalid invalid ->
          kept(invalid.problems().stream().map(ConfigProblem::toString).toList());
      case ConfigFile.Ok ok -> {
        ok.warnings().forEach(warning -> LOG.warn("{}", warning));
        yield applied(ok);
      }
    };
  }

  private List<String> applied(ConfigFile.Ok config) {
    Runnable ready;
    try {
      ready = prepare.apply(config);
    } catch (IllegalArgumentException | IllegalStateException e) {
      return kept(List.of(String.valueOf(e.getMessage())));
    }
    try {
      ready.run();
    } catch (RuntimeException e) { // a fault of ours: nothing is left that may fail
      LOG.error("a reload has failed half way", e);
      return List.of("the reload has failed half way, restart pooler: " + e.getMessage());
    }
    LOG.info("configuration reloaded");
    return List.of();
  }

  private static List<String> kept(List<String> problems) {
    problems.forEach(problem -> LOG.error("{}", problem));
    LOG.error("reload refused, the old configuration stays");
    return problems;
  }
}
