package dev.pooler.server;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import java.util.List;
import java.util.function.Consumer;
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
  private final Consumer<PoolerConfig> apply;

  /**
   * Prepares reloading.
   *
   * @param apply changes what differs; what it throws is told like an error of the file
   */
  public Reload(Supplier<ConfigFile.Result> source, Consumer<PoolerConfig> apply) {
    this.source = source;
    this.apply = apply;
  }

  /** Returns what is wrong; empty: the new configuration is in use. */
  public synchronized List<String> run() {
    return switch (source.get()) {
      case ConfigFile.Invalid invalid ->
          kept(invalid.problems().stream().map(ConfigProblem::toString).toList());
      case ConfigFile.Ok ok -> {
        ok.warnings().forEach(warning -> LOG.warn("{}", warning));
        yield applied(ok.config());
      }
    };
  }

  private List<String> applied(PoolerConfig config) {
    try {
      apply.accept(config);
    } catch (RuntimeException e) {
      LOG.error("reload failed", e);
      return kept(List.of(String.valueOf(e.getMessage())));
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
