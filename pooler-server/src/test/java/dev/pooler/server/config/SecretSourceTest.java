package dev.pooler.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.pooler.core.config.Secret;
import dev.pooler.server.config.SecretSource.Known;
import dev.pooler.server.config.SecretSource.Unknown;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretSourceTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Map<String, String> environment = Map.of("PW", "geheim", "EMPTY", "");
  private final SecretSource source = source(Duration.ofSeconds(20));

  @TempDir Path directory;

  private SecretSource source(Duration patience) {
    return new SecretSource(environment::get, nanos::get, patience);
  }

  @Test
  void aVariableIsReadOrNamed() {
    assertEquals(new Known("geheim"), source.get(new Secret.FromEnv("PW")));
    assertEquals(new Unknown("variable NOPE is not set"), source.get(new Secret.FromEnv("NOPE")));
    assertEquals(new Unknown("variable EMPTY is empty"), source.get(new Secret.FromEnv("EMPTY")));
  }

  @Test
  void aFileIsReadWithoutItsLastLineBreak() throws IOException {
    Path file = directory.resolve("pw");

    assertEquals(
        new Unknown("file " + file + " does not exist"), source.get(new Secret.FromFile(file)));
    Files.writeString(file, "");
    assertEquals(new Unknown("file " + file + " is empty"), source.get(new Secret.FromFile(file)));
    Files.writeString(file, "ge heim \n");
    assertEquals(new Known("ge heim "), source.get(new Secret.FromFile(file)));
    Files.writeString(file, "half\0other half\n");
    assertEquals(
        new Unknown("file " + file + " gives a secret with a NUL character"),
        source.get(new Secret.FromFile(file)));
    Files.writeString(file, "rotated\r\n");
    assertEquals(new Known("rotated"), source.get(new Secret.FromFile(file)));
  }

  @Test
  void aReloadThatIsRefusedBringsBackWhatACommandHadAnswered() throws IOException {
    Path file = directory.resolve("answer");
    Files.writeString(file, "one");
    Secret command = new Secret.FromCommand(List.of("cat", file.toString()), Duration.ZERO);
    assertEquals(new Known("one"), source.get(command));
    Files.writeString(file, "two");

    Runnable putBack = source.forget();

    assertEquals(new Known("two"), source.get(command));
    putBack.run();
    assertEquals(new Known("one"), source.get(command));
  }

  @Test
  void aCommandsAnswerIsKeptForItsRefreshTime() throws IOException {
    Path file = directory.resolve("answer");
    Files.writeString(file, "one\nsecond line\n");
    Secret command =
        new Secret.FromCommand(List.of("cat", file.toString()), Duration.ofMinutes(10));
    Secret untilReload = new Secret.FromCommand(List.of("cat", file.toString()), Duration.ZERO);

    assertEquals(new Known("one"), source.get(command));
    assertEquals(new Known("one"), source.get(untilReload));
    Files.writeString(file, "two\n");
    nanos.set(Duration.ofMinutes(10).toNanos() - 1);
    assertEquals(new Known("one"), source.get(command));
    nanos.set(Duration.ofMinutes(10).toNanos());
    assertEquals(new Known("two"), source.get(command));
    assertEquals(new Known("one"), source.get(untilReload));
  }

  @Test
  void aCommandThatFailsSaysHow() {
    assertEquals(new Unknown("command false exited with 1"), source.get(command("false")));
    assertEquals(new Unknown("command true printed nothing"), source.get(command("true")));
    assertEquals(
        new Unknown("command sleep took longer than 50ms"),
        source(Duration.ofMillis(50)).get(command("sleep", "60")));
  }

  @Test
  void aSecretIsNotInItsAnswersText() {
    assertFalse(source.get(new Secret.Literal("geheim")).toString().contains("geheim"));
  }

  private static Secret command(String... argv) {
    return new Secret.FromCommand(List.of(argv), Duration.ZERO);
  }
}
