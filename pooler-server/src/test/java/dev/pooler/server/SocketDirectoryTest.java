package dev.pooler.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SocketDirectoryTest {
  @TempDir Path directory;

  @Test
  void theSystemsDirectoryIsMadeForEverybodyToEnter() throws IOException {
    SocketDirectory chosen = chosen(null, system("run"), directory.toString());

    chosen.make();
    assertEquals(directory.resolve("run/pooler"), chosen.path());
    assertEquals("rwxr-xr-x", mode(chosen.path()));
    chosen.make(); // the next start finds it
  }

  @Test
  void aUsersDirectoryIsMadeForTheUserAlone() throws IOException {
    SocketDirectory chosen = chosen(null, Path.of("/nowhere/pooler"), directory.toString());

    chosen.make();
    assertEquals(directory.resolve("pooler"), chosen.path());
    assertEquals("rwx------", mode(chosen.path()));
  }

  @Test
  void aDirectoryThatIsThereStaysAsItIs() throws IOException {
    SocketDirectory chosen = chosen(null, system("run"), null);
    Files.createDirectory(
        chosen.path(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));

    chosen.make();
    assertEquals("rwxr-x---", mode(chosen.path()));
  }

  @Test
  void aDirectoryThatWasAskedForIsNotMade() throws IOException {
    SocketDirectory chosen = chosen(directory.resolve("typo").toString(), system("run"), null);

    chosen.make();
    assertFalse(Files.exists(chosen.path()));
  }

  @Test
  void withoutAPlaceThereIsNone() {
    assertNull(SocketDirectory.choose(null, Path.of("/nowhere/pooler"), null));
    assertNull(SocketDirectory.choose(null, Path.of("/nowhere/pooler"), "/nowhere"));
  }

  @Test
  void aFileInItsPlaceIsTold() throws IOException {
    Path system = system("run");
    Files.createFile(system);

    IOException told = assertThrows(IOException.class, chosen(null, system, null)::make);
    assertEquals("there is a file in place of the directory " + system, told.getMessage());
  }

  @Test
  void aDirectoryThatIsMissingIsToldWithTheRemedy() {
    assertEquals(
        "can't listen on unix:/run/nobody-made/a/.s.PGSQL.5432: the directory /run/nobody-made/a"
            + " does not exist; mkdir -p /run/nobody-made/a, or RuntimeDirectory=nobody-made/a in"
            + " the systemd unit",
        listening(Path.of("/run/nobody-made/a")));
    Path gone = directory.resolve("gone");
    String told = listening(gone);
    assertTrue(told.endsWith(gone + " does not exist; mkdir -p " + gone), told);
  }

  /** What a start with a socket in this directory fails with. */
  private static String listening(Path where) {
    Executable start = () -> RunningPooler.start(where, "h", "d", "user: u").close();
    return String.valueOf(assertThrows(IOException.class, start).getMessage());
  }

  private Path system(String run) throws IOException {
    return Files.createDirectory(directory.resolve(run)).resolve("pooler");
  }

  private static SocketDirectory chosen(
      @Nullable String asked, Path system, @Nullable String runtime) {
    SocketDirectory chosen = SocketDirectory.choose(asked, system, runtime);
    assertNotNull(chosen);
    return Objects.requireNonNull(chosen);
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
