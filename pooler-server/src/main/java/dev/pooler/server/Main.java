package dev.pooler.server;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import dev.pooler.server.config.JsonSchema;
import dev.pooler.server.config.ReferenceFile;
import dev.pooler.server.config.SecretSource;
import dev.pooler.server.config.UrlForm;
import dev.pooler.server.log.LogOutput;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

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

  /** Runs one command and returns its exit code. */
  int command(String... args) {
    RunArguments plain = RunArguments.plain(args);
    return plain == null ? parsed(args) : run(plain);
  }

  private int parsed(String... args) {
    CommandLine line = CommandLineForm.create();
    try {
      ParseResult root = line.parseArgs(args);
      ParseResult command = root.hasSubcommand() ? root.subcommand() : root;
      if (command.isUsageHelpRequested()) {
        command.commandSpec().commandLine().usage(out);
        return DONE;
      }
      return switch (command.commandSpec().name()) {
        case "run" -> run(RunArguments.of(command));
        case "check" -> check(command);
        case "config" -> config(command.hasMatchedOption("--schema"));
        case "version" -> version();
        default -> {
          line.usage(err);
          yield WRONG;
        }
      };
    } catch (ParameterException e) {
      return wrong(CommandLineForm.explain(e));
    }
  }

  private int run(RunArguments arguments) {
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
    Path sockets =
        url == null ? null : SocketDirectory.choose(directory, System.getenv("XDG_RUNTIME_DIR"));
    if (url != null && sockets == null) {
      return wrong("pooler run: " + SocketDirectory.NONE);
    }
    Supplier<ConfigFile.Result> source = source(file, url, sockets);
    return switch (source.get()) {
      case ConfigFile.Invalid invalid -> invalid(invalid.problems());
      case ConfigFile.Ok ok -> new RunCommand(out, err, source).run(ok);
    };
  }

  private static Supplier<ConfigFile.Result> source(
      @Nullable String file, @Nullable String url, @Nullable Path sockets) {
    if (url != null && sockets != null) {
      return () -> UrlForm.read(url, sockets);
    }
    Path path = Path.of(String.valueOf(file));
    return () -> ConfigFile.read(path, System::getenv);
  }

  private int check(ParseResult command) {
    String file = command.matchedOptionValue("--config", (String) null);
    if (file == null) {
      return wrong("pooler check: needs --config FILE");
    }
    return switch (ConfigFile.read(Path.of(file), System::getenv)) {
      case ConfigFile.Invalid invalid -> invalid(invalid.problems());
      case ConfigFile.Ok ok -> {
        out.print(ok.effective());
        ok.warnings().forEach(warning -> err.println("warning: " + warning));
        ConfigTrial trial = new ConfigTrial(SecretSource.ofProcess());
        List<String> failures = trial.failures(ok.config(), command.hasMatchedOption("--connect"));
        failures.forEach(err::println);
        yield failures.isEmpty() ? DONE : FAILED;
      }
    };
  }

  private int config(boolean schema) {
    out.print(schema ? JsonSchema.render() : ReferenceFile.render());
    return DONE;
  }

  private int version() {
    out.println(Version.line());
    return DONE;
  }

  private int invalid(List<ConfigProblem> problems) {
    problems.forEach(err::println);
    return WRONG;
  }

  private int wrong(String line) {
    err.println(line);
    return WRONG;
  }
}
