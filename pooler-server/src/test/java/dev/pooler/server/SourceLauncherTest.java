package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ./pooler} in a tree where nothing is built, and where a build would be seen. */
@Timeout(60)
class SourceLauncherTest {
  private static final String BUILD = "the build was called";

  @TempDir Path tree;

  private record Said(int exitCode, String out, String err) {}

  @BeforeEach
  void copy() throws IOException {
    Path root = Path.of(System.getProperty("pooler.root"));
    Files.createDirectory(tree.resolve(".mvn"));
    for (String file : List.of("pooler", ".mvn/find-jdk.sh")) {
      Files.copy(root.resolve(file), tree.resolve(file));
    }
    Path build = tree.resolve("mvnw");
    Files.writeString(build, "#!/bin/sh\necho " + BUILD + "\nexit 1\n");
    assertTrue(build.toFile().setExecutable(true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "demmo | pooler: unknown command \"demmo\"; did you mean \"demo\"?",
        "rnu | pooler: unknown command \"rnu\"; did you mean \"run\"?",
        "top | pooler: unknown command \"top\"; there are: check, config, demo, run, version",
        "--verbose=x | pooler: unknown option \"--verbose\"; there are: --help, -h",
      })
  void whatIsTypedWrongIsToldBeforeABuild(String word, String expected) throws Exception {
    assertEquals(new Said(Main.WRONG, "", expected + "\n"), run(word));
  }

  @Test
  void helpNamesEachCommandWithoutABuild() throws Exception {
    Said help = run("--help");
    assertEquals(Main.DONE, help.exitCode());
    List<String> commands = new ArrayList<>(CommandLineForm.create().getSubcommands().keySet());
    commands.add("demo");
    for (String command : commands) {
      assertTrue(help.out().contains("\n  " + command + " "), command + " in " + help.out());
    }
    assertEquals("", help.err());
    assertEquals(new Said(Main.WRONG, "", help.out()), run());
  }

  @Test
  void aCommandThatThereIsIsBuilt() throws Exception {
    for (String command : CommandLineForm.create().getSubcommands().keySet()) {
      Said said = run(command);
      assertEquals(1, said.exitCode());
      assertTrue(said.err().contains(BUILD), said.err());
    }
  }

  private Said run(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bash", tree.resolve("pooler").toString()));
    command.addAll(List.of(words));
    Path out = tree.resolve("out");
    Path err = tree.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    process.getOutputStream().close();
    int exitCode = process.waitFor();
    return new Said(exitCode, text(out), text(err));
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}
