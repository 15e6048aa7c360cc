package dev.pooler.server.config;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.console.Operations;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** The configuration file (YAML 1.2), read strictly. */
public final class ConfigFile {
  private ConfigFile() {}

  /** What came of reading. */
  public sealed interface Result {}

  /**
   * A complete configuration.
   *
   * @param effective writes the same as YAML with every default, secrets masked
   * @param settings the same key by key, as SHOW CONFIG shows it
   * @param problem tells what turned out to be wrong with the value of a key, given its path
   */
  public record Ok(
      PoolerConfig config,
      List<ConfigProblem> warnings,
      Supplier<String> effective,
      Supplier<List<Operations.Setting>> settings,
      BiFunction<String, String, ConfigProblem> problem)
      implements Result {}

  /** Everything that is wrong, in the order of the file; at least one. */
  public record Invalid(List<ConfigProblem> problems) implements Result {}

  /**
   * Reads a file; does not look at the files, names and secrets it mentions. A file that can't be
   * read is a problem like any other.
   *
   * @param environment a variable's value for <code>${NAME}</code>, or null where it is not set
   */
  public static Result read(Path file, UnaryOperator<@Nullable String> environment) {
    String source = file.toString();
    try {
      Path parent = file.toAbsolutePath().getParent();
      return read(
          source, Files.readString(file), parent == null ? Path.of("/") : parent, environment);
    } catch (NoSuchFileException e) {
      return invalid(source, "no such file");
    } catch (AccessDeniedException e) {
      return invalid(source, "may not be read");
    } catch (CharacterCodingException e) {
      return invalid(source, "is not UTF-8");
    } catch (IOException e) {
      return invalid(source, "can't be read: " + e.getMessage());
    }
  }

  /**
   * Reads a text.
   *
   * @param source what problems name as the file
   * @param directory what relative paths are relative to
   */
  public static Result read(
      String source, String text, Path directory, UnaryOperator<@Nullable String> environment) {
    LoadSettings settings =
        LoadSettings.builder().setLabel(source).setMaxAliasesForCollections(50).build();
    Node node;
    try {
      node = new Compose(settings).composeString(text).orElse(null);
    } catch (MarkedYamlEngineException e) {
      Place place = Place.of(source, e.getProblemMark().orElse(null));
      return invalid(place.toString(), "not YAML: " + String.valueOf(e.getProblem()));
    } catch (YamlEngineException | IllegalArgumentException e) {
      // The second is the library's word for a tag that it decodes to one with a space at its end.
      return invalid(source, "not YAML: " + firstLine(String.valueOf(e.getMessage())));
    }
    if (node == null) {
      return invalid(source, "is empty; `pooler config` prints a file to start from");
    }
    return read(source, node, directory, new Substitution(environment));
  }

  static Result read(String source, Node node, Path directory, Substitution substitution) {
    Findings findings = new Findings();
    Section root =
        new TreeReader(source, substitution, findings)
            .section(node, new Place(source, 1, 1), "", Keys.ROOT);
    Combinations.check(root, findings);
    List<ConfigProblem> errors = findings.errors();
    if (!errors.isEmpty()) {
      return new Invalid(errors);
    }
    return new Ok(
        ConfigRecords.of(root, directory),
        findings.warnings(),
        () -> EffectiveYaml.render(root),
        () -> SettingRows.of(root),
        (path, message) -> new ConfigProblem(new Places(root).of(path).toString(), path, message));
  }

  private static Result invalid(String where, String message) {
    return new Invalid(List.of(new ConfigProblem(where, "", message)));
  }

  private static String firstLine(String text) {
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
