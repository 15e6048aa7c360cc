package dev.pooler.server;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.ConfigProblem;
import dev.pooler.server.config.JsonSchema;
import dev.pooler.server.config.ReferenceFile;
import dev.pooler.server.config.SecretSource;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Commands read by picocli: all but a plain {@code run}, which starts without loading it. */
final class ParsedCommand {
  private final Main main;
  private final PrintStream out;
  private final PrintStream err;

  ParsedCommand(Main main, PrintStream out, PrintStream err) {
    this.main = main;
    this.out = out;
    this.err = err;
  }

  /** Returns the exit code. */
  int run(String... args) {
    CommandLine line = CommandLineForm.create();
    try {
      ParseResult root = line.parseArgs(args);
      ParseResult command = root.hasSubcommand() ? root.subcommand() : root;
      if (command.isUsageHelpRequested()) {
        command.commandSpec().commandLine().usage(out);
        return Main.DONE;
      }
      return switch (command.commandSpec().name()) {
        case "run" -> main.run(RunArguments.of(command));
        case "check" -> check(command);
        case "config" -> config(command.hasMatchedOption("--schema"));
        case "version" -> version();
        default -> {
          line.usage(err);
          yield Main.WRONG;
        }
      };
    } catch (ParameterException e) {
      return main.wrong(CommandLineForm.explain(e));
    }
  }

  private int check(ParseResult command) {
    String file = command.matchedOptionValue("--config", (String) null);
    if (file == null) {
      return main.wrong("pooler check: needs --config FILE");
    }
    return switch (ConfigFile.read(Path.of(file), System::getenv)) {
      case ConfigFile.Invalid invalid -> main.invalid(invalid.problems());
      case ConfigFile.Ok ok -> {
        out.print(ok.effective().get());
        ok.warnings().forEach(warning -> err.println("warning: " + warning));
        List<ConfigProblem> failures =
            new ConfigTrial(SecretSource.ofProcess(), ok.problem())
                .failures(ok.config(), command.hasMatchedOption("--connect"));
        failures.forEach(err::println);
        yield failures.isEmpty() ? Main.DONE : Main.FAILED;
      }
    };
  }

  private int config(boolean schema) {
    out.print(schema ? JsonSchema.render() : ReferenceFile.render());
    return Main.DONE;
  }

  private int version() {
    out.println(Version.line());
    return Main.DONE;
  }
}
