package dev.pooler.server;

import dev.pooler.server.config.ConfigFile;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code pooler run}: starts, says so, and lives by signals until the drain is over. */
final class RunCommand {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

  /** What a shell reports for a process that SIGTERM ended: 128 and the signal's number. */
  private static final int TERMINATED = 143;

  private final PrintStream out;
  private final PrintStream err;
  private final Supplier<ConfigFile.Result> source;
  private final SystemdNotice systemd = new SystemdNotice(System.getenv("NOTIFY_SOCKET"));
  private final AtomicBoolean draining = new AtomicBoolean();

  RunCommand(PrintStream out, PrintStream err, Supplier<ConfigFile.Result> source) {
    this.out = out;
    this.err = err;
    this.source = source;
  }

  /** Returns the exit code when the drain is over. */
  int run(ConfigFile.Ok first) {
    first.warnings().forEach(warning -> LOG.warn("{}", warning));
    try (Pooler pooler = Pooler.start(first, source)) {
      Signals.on("TERM", () -> stop(pooler));
      Signals.on("INT", () -> stop(pooler));
      Signals.on("HUP", () -> reload(pooler));
      out.println(readyLine(ProcessClock.sinceStart().toMillis(), pooler.endpoints()));
      out.flush();
      systemd.ready();
      pooler.awaitEnd();
      return Main.DONE;
    } catch (IOException e) {
      err.println("pooler run: " + e.getMessage());
      return Main.FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Main.FAILED;
    }
  }

  static String readyLine(long millis, List<String> endpoints) {
    return "pooler ready in " + millis + " ms: " + String.join(", ", endpoints);
  }

  private void stop(Pooler pooler) {
    if (!draining.compareAndSet(false, true)) {
      // Nothing that may block: socket files that stay are found stale at the next start.
      LOG.warn("second signal: stopping at once");
      Runtime.getRuntime().halt(TERMINATED);
    }
    LOG.info("draining; a second signal stops at once");
    systemd.stopping();
    pooler.drain();
  }

  private void reload(Pooler pooler) {
    systemd.reloading();
    pooler.reload();
    systemd.ready();
  }
}
