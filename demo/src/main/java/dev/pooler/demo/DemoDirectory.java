package dev.pooler.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one demo; others may enter it, for the servers' user and for clients.
 *
 * @param temporary whether it goes at the end; one that the user named stays, with its data
 */
record DemoDirectory(Path path, boolean temporary) implements AutoCloseable {

  static DemoDirectory open(@Nullable Path wanted) throws IOException {
    if (wanted != null) {
      Path path = wanted.toAbsolutePath().normalize();
      Files.createDirectories(path);
      return new DemoDirectory(path, false);
    }
    Path fresh = Files.createTempDirectory("pooler-demo");
    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new DemoDirectory(fresh, true);
  }

  @Override
  public void close() throws IOException {
    if (!temporary) {
      return;
    }
    try (var files = Files.walk(path)) {
      for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
        Files.deleteIfExists(file);
      }
    }
  }
}
