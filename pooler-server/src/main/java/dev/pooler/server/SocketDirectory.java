package dev.pooler.server;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the socket goes when a URL takes the place of a file. */
final class SocketDirectory {
  static final String NONE =
      "neither /run/pooler nor $XDG_RUNTIME_DIR can be written; name a directory with --socket-dir";
  private static final Path SYSTEM = Path.of("/run/pooler");

  private SocketDirectory() {}

  /**
   * The directory asked for, or /run/pooler where this user may write there, or one in the user's
   * runtime directory, or null. Whether it is there yet is the listener's matter.
   */
  static @Nullable Path choose(@Nullable String asked, @Nullable String runtimeDirectory) {
    if (asked != null) {
      return Path.of(asked);
    }
    if (Files.isWritable(Files.exists(SYSTEM) ? SYSTEM : Path.of("/run"))) {
      return SYSTEM;
    }
    boolean usable = runtimeDirectory != null && Files.isWritable(Path.of(runtimeDirectory));
    return usable ? Path.of(String.valueOf(runtimeDirectory), "pooler") : null;
  }
}
