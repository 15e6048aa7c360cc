package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.server.config.ConfigFile;
import dev.pooler.server.config.UrlForm;
import dev.pooler.testkit.server.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What README.md tells a newcomer holds, word for word. */
@Timeout(120)
class ReadmeTest {
  private static final String SOCKET = "/run/pooler/.s.PGSQL.5432";

  @Test
  void theJdbcUrlConnectsThroughASocketElsewhere(@TempDir Path directory) throws Exception {
    String url = onlyLine("jdbc:postgresql:.*");
    try (EmbeddedPostgres postgres = EmbeddedPostgres.started();
        RunningPooler pooler =
            RunningPooler.start(
                directory,
                "unix:" + postgres.socket(),
                "postgres",
                "user: " + postgres.superuser());
        var connection =
            DriverManager.getConnection(url.replace(SOCKET, pooler.socket().toString()));
        var statement = connection.prepareStatement("select ?::int * 7")) {
      statement.setInt(1, 6);
      try (var rows = statement.executeQuery()) {
        rows.next();
        assertEquals(42, rows.getInt(1));
      }
    }
  }

  @Test
  void theConfigurationIsOneThatIsAccepted(@TempDir Path directory) throws IOException {
    Matcher yaml = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL).matcher(readme());
    assertEquals(true, yaml.find());

    assertInstanceOf(
        ConfigFile.Ok.class,
        ConfigFile.read("pooler.yaml", yaml.group(1), directory, name -> null));
  }

  @Test
  void theUrlIsOneThatIsAccepted() throws IOException {
    Matcher url = Pattern.compile("\\./pooler run '(.*)'").matcher(onlyLine("\\./pooler run '.*"));
    assertEquals(true, url.matches());

    assertInstanceOf(
        ConfigFile.Ok.class, UrlForm.read(url.group(1), Path.of(SOCKET).resolveSibling(".")));
  }

  @Test
  void aNewcomerTypesTwoCommands() throws IOException {
    List<String> typed = indented("\\./.*");
    assertEquals(List.of("./pooler demo", "./mvnw verify"), typed.subList(0, 2));
    Set<String> commands = CommandLineForm.create().getSubcommands().keySet();
    for (String line : typed.subList(2, typed.size())) {
      assertTrue(line.startsWith("./pooler ") && commands.contains(line.split(" ", -1)[1]), line);
    }
  }

  private static String onlyLine(String pattern) throws IOException {
    List<String> lines = indented(pattern);
    assertEquals(1, lines.size(), lines::toString);
    return lines.getFirst();
  }

  /** Lines of code: four blanks in front. */
  private static List<String> indented(String pattern) throws IOException {
    return readme()
        .lines()
        .filter(line -> line.startsWith("    "))
        .map(String::strip)
        .filter(line -> line.matches(pattern))
        .toList();
  }

  private static String readme() throws IOException {
    return Files.readString(Path.of(System.getProperty("pooler.root"), "README.md"));
  }
}
