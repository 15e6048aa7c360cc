package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Main main =
      new Main(
          new PrintStream(out, true, StandardCharsets.UTF_8),
          new PrintStream(err, true, StandardCharsets.UTF_8));

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rnu | pooler: unknown command \"rnu\"; did you mean \"run\"?",
        "top | pooler: unknown command \"top\"; there are: check, config, run, version",
        "--verbose | pooler: unknown option \"--verbose\"; there are: --help, -h",
        "run --confg=x | pooler run: unknown option \"--confg\"; did you mean \"--config\"?",
        "run --config | pooler run: FILE is missing",
        "run --config a --config b | pooler run: option '--config' (FILE) should be specified only once",
        "run --config=/nowhere/p.yaml | /nowhere/p.yaml: no such file",
        "run | pooler run: needs --config FILE or a URL, one of them",
        "run --config a postgres://u@h/d | pooler run: needs --config FILE or a URL, one of them",
        "run pooler.yaml | pooler run: \"pooler.yaml\" is not a URL; a file is given as --config pooler.yaml",
        "run --config a --socket-dir b | pooler run: --socket-dir is for a URL; a file names its sockets itself",
        "run --config /nowhere/p.yaml | /nowhere/p.yaml: no such file",
        "run --socket-dir /x mysql://u@h/d | URL: mysql is not available in this version",
        "run a b | pooler run: unknown argument \"b\"",
        "check | pooler check: needs --config FILE",
        "check --conect --config x | pooler check: unknown option \"--conect\"; did you mean \"--connect\"?",
        "version now | pooler version: unknown argument \"now\"",
      })
  void whatIsTypedWrongGetsOneLine(String command, String expected) {
    assertEquals(Main.WRONG, main.command(command.split(" ", -1)));
    assertEquals(expected + "\n", text(err));
    assertEquals("", text(out));
  }

  @Test
  void configPrintsTheReferenceAndItsSchema() {
    assertEquals(Main.DONE, main.command("config"));
    assertTrue(
        text(out).contains("\n    address: \"unix:/run/pooler/.s.PGSQL.5432\"\n"), text(out));
    out.reset();
    assertEquals(Main.DONE, main.command("config", "--schema"));
    assertTrue(text(out).startsWith("{\n  \"$schema\": "), text(out));
  }

  @Test
  void versionNamesWhatItRunsOn() {
    assertEquals(Main.DONE, main.command("version"));
    assertTrue(
        text(out)
            .matches(
                "pooler \\d\\S+ \\(commit \\S+\\), JDK 25\\S*, transport (io_uring|epoll|nio)\n"),
        text(out));
  }

  @Test
  void helpIsPrintedWhereItIsAskedFor() {
    assertEquals(Main.DONE, main.command("run", "--help"));
    assertTrue(text(out).startsWith("Usage: pooler run"), text(out));
  }

  @Test
  void noCommandGetsTheUsage() {
    assertEquals(Main.WRONG, main.command());
    assertTrue(text(err).startsWith("Usage: pooler"), text(err));
  }

  @Test
  void checkSaysEverythingThatIsWrongWithAFile() throws IOException {
    Path file = file("listen: []\nlimits: {clints: 1}\ndatabases: {app: {hosts: [h]}}\n");

    assertEquals(Main.WRONG, main.command("check", "--config", file.toString()));
    assertEquals(
        file
            + ":1:9: listen: is empty\n"
            + file
            + ":2:10: limits.clints: unknown key; did you mean \"clients\"?\n",
        text(err));
  }

  @Test
  void checkTriesWhatTheFileNamesAndPrintsItMasked() throws IOException {
    Path file =
        file(
            """
            listen: [{address: "unix:/s"}]
            databases:
              one: {hosts: ["unix:/nowhere/s"], user: u, password: {file: gone}, tls: {mode: verify-ca, ca: ca.crt}}
              two: {hosts: ["unix:/nowhere/s"], user: u, password: geheim}
            """);

    assertEquals(Main.FAILED, main.command("check", "--connect", "--config", file.toString()));
    List<String> lines = text(err).lines().toList();
    assertTrue(
        lines.contains(
            file
                + ":3:56: databases.one.password: file "
                + directory.resolve("gone")
                + " does not exist"),
        text(err));
    assertTrue(
        lines.contains(
            file
                + ":3:97: databases.one.tls.ca: "
                + directory.resolve("ca.crt")
                + " does not exist; put it there or correct the path"),
        text(err));
    assertTrue(
        lines.stream()
            .anyMatch(
                line -> line.startsWith(file + ":4:16: databases.two.hosts: unix:/nowhere/s: ")),
        text(err));
    assertTrue(
        lines.stream().anyMatch(line -> line.startsWith("warning: " + file + ":4:")), text(err));
    assertTrue(text(out).contains("password: \"***\"") && !text(out).contains("geheim"), text(out));
  }

  @Test
  void theReadyLineIsTheOneOfTheReference() {
    assertEquals(
        "pooler ready in 212 ms: postgres unix:/run/pooler/.s.PGSQL.5432, http 127.0.0.1:9187",
        RunCommand.readyLine(
            212, List.of("postgres unix:/run/pooler/.s.PGSQL.5432", "http 127.0.0.1:9187")));
  }

  @Test
  void aProcesssAgeIsReadFromProc() {
    String stat = "42 (a ) b) S 1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 1000 1 1";

    assertEquals(Duration.ofMillis(210), ProcessClock.age(stat, "10.21 3.00\n"));
    Duration age = ProcessClock.sinceStart();
    assertTrue(age.isPositive() && age.compareTo(Duration.ofHours(1)) < 0, age.toString());
  }

  private Path file(String yaml) throws IOException {
    return Files.writeString(directory.resolve("p.yaml"), yaml);
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
