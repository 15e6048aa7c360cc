package dev.pooler.charts;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.jni.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** A chart's directory, and what Helm makes of it. */
record HelmChart(Path directory) {
  static final HelmChart POOLER = new HelmChart(Path.of("pooler").toAbsolutePath());
  static final String FIRST_KUBERNETES = "1.29.0";
  static final String NO_HELM = "helm-java brings no native library for this platform";

  /** For {@code @EnabledIf}. */
  static boolean helmRuns() {
    boolean runs = ServiceLoader.load(NativeLibrary.class).findFirst().isPresent();
    if (!runs) {
      System.err.println("chart tests are skipped: " + NO_HELM);
    }
    return runs;
  }

  LintResult lint() {
    return new Helm(directory).lint().strict().call();
  }

  /** Helm lints with a chart's own values: these take their place in a copy. */
  LintResult lintWith(String values) {
    return withFile(values, file -> copyWithValues(file).lint());
  }

  /**
   * Everything Helm would apply with these values, or its complaint as an IllegalStateException.
   */
  List<Document> render(String values) {
    return renderFor(FIRST_KUBERNETES, values);
  }

  List<Document> renderFor(String kubernetes, String values) {
    String text =
        withFile(
            values,
            file ->
                new Helm(directory)
                    .template()
                    .withName("demo")
                    .withNamespace("apps")
                    .withKubeVersion(kubernetes)
                    .withValuesFile(file)
                    .call());
    List<Document> documents = new ArrayList<>();
    for (Object tree : new Load(LoadSettings.builder().build()).loadAllFromString(text)) {
      if (tree != null) {
        documents.add(new Document(tree));
      }
    }
    return documents;
  }

  /** The document of this kind and name. */
  Document render(String kind, String name, String values) {
    return render(values).stream()
        .filter(d -> d.kind().equals(kind) && name.equals(d.at("metadata", "name")))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + kind + " " + name));
  }

  /** The one document of this kind. */
  Document render(String kind, String values) {
    List<Document> found = render(values).stream().filter(d -> d.kind().equals(kind)).toList();
    if (found.size() != 1) {
      throw new AssertionError(found.size() + " documents are a " + kind);
    }
    return found.getFirst();
  }

  /** The text of pooler.yaml in the ConfigMap. */
  String poolerYaml(String values) {
    return render("ConfigMap", values).text("data", "pooler.yaml");
  }

  /** What a user reads after an installation. */
  String notes(String values) {
    return withFile(
        values,
        file ->
            new Helm(directory)
                .install()
                .clientOnly()
                .dryRun()
                .debug()
                .withName("demo")
                .withKubeVersion(FIRST_KUBERNETES)
                .withValuesFile(file)
                .call()
                .getOutput());
  }

  void copyTo(Path target) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        Path copy = target.resolve(directory.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(file, copy);
        }
      }
    }
  }

  private HelmChart copyWithValues(Path values) throws IOException {
    Path copy = values.resolveSibling("pooler");
    copyTo(copy);
    Path defaults = copy.resolve("values.yaml");
    Map<Object, Object> all = new LinkedHashMap<>(Document.parse(Files.readString(defaults)).map());
    all.putAll(Document.parse(Files.readString(values)).map());
    // The core schema quotes what Helm would read as a number, such as a file mode.
    DumpSettings settings = DumpSettings.builder().setSchema(new CoreSchema()).build();
    Files.writeString(defaults, new Dump(settings).dumpToString(all));
    return new HelmChart(copy);
  }

  private interface Use<T> {
    T of(Path file) throws IOException;
  }

  private static <T> T withFile(String text, Use<T> use) {
    try {
      Path scratch = Files.createDirectories(Path.of("target", "scratch"));
      Path file = Files.createTempDirectory(scratch, "values").resolve("values.yaml");
      return use.of(Files.writeString(file, text).toAbsolutePath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
