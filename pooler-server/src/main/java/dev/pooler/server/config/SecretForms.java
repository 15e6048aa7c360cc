package dev.pooler.server.config;

import dev.pooler.core.config.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mapping form of a secret: exactly one of file, env and command. */
final class SecretForms {
  static final List<Key> KEYS =
      List.of(
          Key.optional(
              "file",
              new Shape.One(new ValueType.FilePath()),
              "another form",
              "/run/secrets/app",
              "its content is the secret"),
          Key.optional(
              "env",
              new Shape.One(new ValueType.Text()),
              "another form",
              "APP_PASSWORD",
              "a variable's value"),
          Key.optional(
              "command",
              new Shape.Arguments(),
              "another form",
              "[/usr/bin/vault-read, app]",
              "the first line a program prints; no shell"),
          Key.optional(
              "refresh",
              new Shape.One(new ValueType.Time(Duration.ofSeconds(1), "until a reload")),
              "until a reload",
              "10m",
              "how long one answer of the command is used"));

  private SecretForms() {}

  static @Nullable Secret of(Section form, Findings findings) {
    Path file = form.find("file", Path.class);
    String env = form.find("env", String.class);
    List<?> command = form.find("command", List.class);
    int forms = written(form, "file") + written(form, "env") + written(form, "command");
    if (forms != 1) {
      findings.error(form.place(), form.path(), "needs one of file, env and command");
      return null;
    }
    if (form.isWritten("refresh") && command == null) {
      findings.error(form, "refresh", "is for a command only");
    }
    if (command != null) {
      Duration refresh = form.find("refresh", Duration.class);
      List<String> argv = command.stream().map(String.class::cast).toList();
      return argv.isEmpty()
          ? null
          : new Secret.FromCommand(argv, refresh == null ? Duration.ZERO : refresh);
    }
    if (file != null) {
      return new Secret.FromFile(file);
    }
    return env == null ? null : new Secret.FromEnv(env);
  }

  private static int written(Section form, String key) {
    return form.isWritten(key) ? 1 : 0;
  }
}
