package dev.pooler.server;

import dev.pooler.core.text.NearMiss;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Commands and options, for picocli. Built by calls, not annotations: reading those by reflection
 * costs start-up time.
 */
public final class CommandLineForm {
  private CommandLineForm() {}

  static CommandLine create() {
    CommandSpec root = command("pooler", "A database connection-pooling sidecar.");
    root.addSubcommand(
        "run",
        command(
                "run",
                "Serves clients until it is told to stop. SIGTERM drains, a second one stops; SIGHUP reloads.")
            .addOption(config())
            .addOption(
                text(
                    "--socket-dir",
                    "DIR",
                    "directory of the socket, with a URL (default: /run/pooler or the user's runtime directory)"))
            .addPositional(
                PositionalParamSpec.builder()
                    .index("0")
                    .arity("0..1")
                    .paramLabel("URL")
                    .type(String.class)
                    .description("postgres://user@host:5432/database, in place of a file")
                    .build()));
    root.addSubcommand(
        "check",
        command(
                "check",
                "Says what is wrong with a configuration, and prints it complete with secrets masked.")
            .addOption(config())
            .addOption(flag("--connect", "also connect to the targets")));
    root.addSubcommand(
        "config",
        command("config", "Prints a commented configuration file with every key.")
            .addOption(flag("--schema", "print its JSON Schema instead")));
    root.addSubcommand("version", command("version", "Prints version, commit, JDK and transport."));
    return new CommandLine(root).setUsageHelpWidth(100);
  }

  /** One line for the user: what, what is allowed, and what was probably meant. */
  public static String explain(ParameterException e) {
    CommandSpec spec = e.getCommandLine().getCommandSpec();
    String where = spec.qualifiedName() + ": ";
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      return where + unknown(spec, unmatched.getUnmatched().getFirst());
    }
    if (e instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      return where + missing.getMissing().getFirst().paramLabel() + " is missing";
    }
    return where + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static String unknown(CommandSpec spec, String argument) {
    Map<String, ?> known =
        new TreeMap<>(argument.startsWith("-") ? spec.optionsMap() : spec.subcommands());
    int equals = argument.indexOf('=');
    String name = equals < 0 ? argument : argument.substring(0, equals);
    String kind =
        argument.startsWith("-") ? "option" : spec.subcommands().isEmpty() ? "argument" : "command";
    String suggestion = NearMiss.suggestion(name, known.keySet());
    String there = known.isEmpty() ? "" : "; there are: " + String.join(", ", known.keySet());
    return "unknown " + kind + " \"" + name + "\"" + (suggestion.isEmpty() ? there : suggestion);
  }

  private static CommandSpec command(String name, String description) {
    CommandSpec spec = CommandSpec.create().name(name);
    spec.usageMessage().description(description);
    return spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("this help").build());
  }

  private static OptionSpec config() {
    return text("--config", "FILE", "the configuration file (YAML)");
  }

  private static OptionSpec text(String name, String label, String description) {
    return OptionSpec.builder(name)
        .arity("1")
        .paramLabel(label)
        .type(String.class)
        .description(description)
        .build();
  }

  private static OptionSpec flag(String name, String description) {
    return OptionSpec.builder(name).arity("0").type(boolean.class).description(description).build();
  }
}
