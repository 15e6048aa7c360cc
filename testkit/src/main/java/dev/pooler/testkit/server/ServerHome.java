package dev.pooler.testkit.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * The directory one server has for its data, socket and log. It belongs to the server's user and
 * others may enter it.
 *
 * @param temporary whether it goes when the server is closed
 */
record ServerHome(Path path, boolean temporary) {
  /** sockaddr_un has 108 bytes on Linux; below 100 nothing that adds a suffix breaks. */
  private static final int SOCKET_PATH_LIMIT = 100;

  static ServerHome open(@Nullable Path wanted, String prefix, ServerUser user) throws IOException {
    if (wanted == null) {
      Path fresh = Files.createTempDirectory(prefix);
      return new ServerHome(give(fresh, user), true);
    }
    Path path = wanted.toAbsolutePath();
    boolean existed = Files.exists(path);
    Files.createDirectories(path);
    if (existed && !user.owns(path) && !empty(path)) {
      throw new IOException(path + " has files and doesn't belong to user id " + user.uid());
    }
    return new ServerHome(give(path, user), false);
  }

  private static Path give(Path path, ServerUser user) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    user.own(path);
    if (!user.reaches(path)) {
      throw new IOException(
          "user id "
              + user.uid()
              + ", which the server runs as, can't reach "
              + path
              + "; choose one below /tmp");
    }
    return path;
  }

  private static boolean empty(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  Path socket(String name) throws IOException {
    Path socket = path.resolve(name);
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length >= SOCKET_PATH_LIMIT) {
      throw new IOException(
          "a socket path must stay below " + SOCKET_PATH_LIMIT + " bytes: " + socket);
    }
    return socket;
  }

  void discard() throws IOException {
    if (temporary) {
      new FileTree(path).delete();
    }
  }
}
