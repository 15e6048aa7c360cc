package dev.pooler.server.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Jazzer's target for the configuration file: any text is a configuration or a list of problems,
 * each one line that names a place; the effective form of one without secrets is read again.
 */
public final class ConfigFuzz {
  private ConfigFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ConfigFile.Result result = read(new String(input, StandardCharsets.UTF_8));
    if (result instanceof ConfigFile.Invalid invalid) {
      if (invalid.problems().isEmpty()) {
        throw new IllegalStateException("invalid without a problem");
      }
      invalid.problems().forEach(problem -> line(problem.toString()));
    } else if (result instanceof ConfigFile.Ok ok) {
      ok.warnings().forEach(problem -> line(problem.toString()));
      String effective = ok.effective().get();
      if (!effective.contains("***") && !(read(effective) instanceof ConfigFile.Ok)) {
        throw new IllegalStateException("not read again: " + effective);
      }
    }
  }

  private static ConfigFile.Result read(String text) {
    return ConfigFile.read(
        "pooler.yaml", text, Path.of("/"), name -> "X".equals(name) ? "5" : null);
  }

  private static void line(String problem) {
    if (problem.isBlank()) {
      throw new IllegalStateException("an empty problem");
    }
  }
}
