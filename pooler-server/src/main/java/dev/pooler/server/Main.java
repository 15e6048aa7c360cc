package dev.pooler.server;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import dev.pooler.server.config.UrlForm;
import dev.pooler.server.log.LogOutput;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The command {@code pooler}. Exit codes: 0 done, 1 it failed, 2 something was typed or written
 * wrong.
 */
public final class Main {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int WRONG = 2;

  private final PrintStream out;
  private final PrintStream err;

  Main(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  public static void main(String[] args) {
    LogOutput.install(System.getenv("POOLER_LOG"));
    System.exit(new Main(System.out, System.err).command(args));
  }

  /**
   * Runs one command and returns its exit code. Nothing of picocli may be mentioned here: verifying
   * this class would load it.
   */
  int command(String... args) {
    RunArguments plain = RunArguments.plain(args);
    return plain == null ? new ParsedCommand(this, out, err).run(args) : run(plain);
  }

  int run(RunArguments arguments) {
    String file = arguments.config();
    String url = arguments.url();
    String directory = arguments.socketDir();
    if ((file == null) == (url == null)) {
      return wrong("pooler run: needs --config FILE or a URL, one of them");
    }
    if (url != null && !UrlForm.isUrl(url)) {
      return wrong("pooler run: \"" + url + "\" is not a URL; a file is given as --config " + url);
    }
    if (directory != null && url == null) {
      return wrong("pooler run: --socket-dir is for a URL; a file names its sockets itself");
    }
    SocketDirectory sockets =
        url == null ? null : SocketDirectory.choose(directory, System.getenv("XDG_RUNTIME_DIR"));
    if (url != null && sockets == null) {
      return wrong("pooler run: " + SocketDirectory.NONE);
    }
    Supplier<ConfigFile.Result> source = source(file, url, sockets);
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    ConfigFile.Result result = source.get();
    if (result instanceof ConfigFile.Ok ok) {
      return start(ok, source, sockets);
    }
    return invalid(((ConfigFile.Invalid) result).problems());
  }

  private int start(
      ConfigFile.Ok configuration,
      Supplier<ConfigFile.Result> source,
      @Nullable SocketDirectory sockets) {
    try {
      if (sockets != null) {
        sockets.make();
      }
    } catch (IOException e) {
      err.println("pooler run: " + e.getMessage());
      return FAILED;
    }
    return new RunCommand(out, err, source).run(configuration);
  }

  private static Supplier<ConfigFile.Result> source(
      @Nullable String file, @Nullable String url, @Nullable SocketDirectory sockets) {
    if (url != null && sockets != null) {
      return () -> UrlForm.read(url, sockets.path());
    }
    Path path = Path.of(String.valueOf(file));
    return () -> ConfigFile.read(path, System::getenv);
  }

  int invalid(List<ConfigProblem> problems) {
    problems.forEach(err::println);
    return WRONG;
  }

  int wrong(String line) {
    err.println(line);
    return WRONG;
  }
}
