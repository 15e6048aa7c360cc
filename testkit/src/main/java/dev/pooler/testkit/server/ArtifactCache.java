package dev.pooler.testkit.server;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What is made once per machine and user: unpacked servers and template data directories, one
 * directory per key. The key carries the version, so that an entry never changes. Safe for several
 * processes: an entry is filled under a file lock (the kernel releases it when its holder dies) and
 * appears by one rename.
 */
final class ArtifactCache {
  private static final Object IN_THIS_JVM = new Object();

  private final Path directory;
  private final ServerUser user;

  private ArtifactCache(Path directory, ServerUser user) {
    this.directory = directory;
    this.user = user;
  }

  interface Filler {
    /** Fills a fresh, empty directory. */
    void fill(Path directory) throws IOException;
  }

  /**
   * The first of $XDG_CACHE_HOME, ~/.cache, /var/cache and the temporary directory that we can
   * write and the user can reach.
   */
  static ArtifactCache of(ServerUser user) throws IOException {
    List<String> tried = new ArrayList<>();
    for (Path candidate : candidates(user)) {
      if (usable(candidate, user)) {
        return new ArtifactCache(candidate, user);
      }
      tried.add(candidate.toString());
    }
    throw new IOException(
        "no cache directory that we can write and user id " + user.uid() + " can reach: " + tried);
  }

  private static List<Path> candidates(ServerUser user) {
    List<Path> candidates = new ArrayList<>();
    String xdg = System.getenv("XDG_CACHE_HOME");
    if (xdg != null && !xdg.isEmpty()) {
      candidates.add(Path.of(xdg, "pooler"));
    }
    String home =
        Objects.requireNonNullElse(System.getenv("HOME"), System.getProperty("user.home"));
    candidates.add(Path.of(home, ".cache", "pooler"));
    candidates.add(Path.of("/var/cache/pooler"));
    candidates.add(Path.of(System.getProperty("java.io.tmpdir"), "pooler-cache-" + user.uid()));
    return candidates;
  }

  private static boolean usable(Path candidate, ServerUser user) {
    if (!user.reaches(candidate)) {
      return false;
    }
    try {
      Files.createDirectories(candidate);
      Object owner = Files.getAttribute(candidate, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      boolean ours = Objects.equals(owner, user.lesser() ? 0 : user.uid());
      return ours && Files.isWritable(candidate);
    } catch (IOException e) {
      return false;
    }
  }

  /** The directory for {@code key}, filled now if nobody has yet. */
  Path entry(String key, Filler filler) throws IOException {
    Path entry = directory.resolve(key);
    if (Files.isDirectory(entry)) {
      return entry;
    }
    synchronized (IN_THIS_JVM) {
      Path lock = directory.resolve(key + ".lock");
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var held = channel.lock()) {
        if (held.isValid() && !Files.isDirectory(entry)) {
          fill(entry, filler);
        }
      }
    }
    return entry;
  }

  private void fill(Path entry, Filler filler) throws IOException {
    Path part = entry.resolveSibling(entry.getFileName() + ".part");
    new FileTree(part).delete();
    Files.createDirectory(part);
    Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rwxr-xr-x"));
    filler.fill(part);
    Files.move(part, entry, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * As {@link #entry}, for what the server itself makes: the directory belongs to the server's
   * user.
   */
  Path template(String key, Filler filler) throws IOException {
    return entry(
        key + "-uid" + user.uid(),
        part -> {
          user.own(part);
          filler.fill(part);
        });
  }

  /** The jar on the class path that has {@code resource}. */
  static Path jarOf(String resource) throws IOException {
    var url = ArtifactCache.class.getClassLoader().getResource(resource);
    if (url == null || !(url.openConnection() instanceof JarURLConnection connection)) {
      throw new IOException(resource + " is not on the class path in a jar");
    }
    return Path.of(URI.create(connection.getJarFileURL().toString()));
  }

  /**
   * The jar's file name without its ending: artifact and version, the key of what comes out of it.
   */
  static String keyOf(Path jar) {
    return jar.getFileName().toString().replaceFirst("\\.jar$", "");
  }
}
