package dev.pooler.server;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * Where the socket goes when a URL takes the place of a file.
 *
 * @param mode of a directory that pooler chose itself and makes where it is missing; null for one
 *     that was asked for
 */
record SocketDirectory(Path path, @Nullable String mode) {
  static final String NONE =
      "neither /run/pooler nor $XDG_RUNTIME_DIR can be written; name a directory with --socket-dir";
  private static final Path SYSTEM = Path.of("/run/pooler");

  /**
   * The directory asked for, or /run/pooler where this user may write there, or one in the user's
   * runtime directory, or null.
   */
  static @Nullable SocketDirectory choose(
      @Nullable String asked, @Nullable String runtimeDirectory) {
    return choose(asked, SYSTEM, runtimeDirectory);
  }

  static @Nullable SocketDirectory choose(
      @Nullable String asked, Path system, @Nullable String runtimeDirectory) {
    if (asked != null) {
      return new SocketDirectory(Path.of(asked), null);
    }
    if (Files.isWritable(Files.exists(system) ? system : system.resolveSibling("."))) {
      return new SocketDirectory(system, "rwxr-xr-x");
    }
    boolean usable = runtimeDirectory != null && Files.isWritable(Path.of(runtimeDirectory));
    return usable
        ? new SocketDirectory(Path.of(String.valueOf(runtimeDirectory), "pooler"), "rwx------")
        : null;
  }

  /** Makes what pooler chose; whether one that was asked for is there is the listener's matter. */
  void make() throws IOException {
    if (mode == null || Files.isDirectory(path)) {
      return;
    }
    try {
      Files.createDirectory(path);
      // Not as the directory is made: the umask would take from it what others need.
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(path)) {
        throw new IOException("there is a file in place of the directory " + path, e);
      }
    } catch (IOException e) {
      throw new IOException(
          "can't make the directory "
              + path
              + " ("
              + e.getClass().getSimpleName()
              + "); name another with --socket-dir",
          e);
    }
  }
}
