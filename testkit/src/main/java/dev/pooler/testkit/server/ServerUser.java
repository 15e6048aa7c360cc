package dev.pooler.testkit.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The operating-system user the servers run as: ourselves, or {@code nobody} when we are root,
 * because PostgreSQL refuses root. Everything such a server reads must be reachable by that user,
 * everything it writes must be owned by it.
 *
 * @param lesser whether this is another user than the JVM's
 */
record ServerUser(int uid, int gid, boolean lesser) {
  private static final int NOBODY = 65534;

  static ServerUser current() {
    int uid = statusField("Uid:");
    return uid == 0 ? nobody() : new ServerUser(uid, statusField("Gid:"), false);
  }

  /** The effective id (proc(5): real, effective, saved, file system). */
  private static int statusField(String name) {
    for (String line : lines(Path.of("/proc/self/status"))) {
      if (line.startsWith(name)) {
        return Integer.parseInt(line.split("\\s+")[2]);
      }
    }
    throw new IllegalStateException("/proc/self/status has no " + name);
  }

  private static ServerUser nobody() {
    for (String line : lines(Path.of("/etc/passwd"))) {
      String[] fields = line.split(":");
      if (fields[0].equals("nobody")) {
        return new ServerUser(Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), true);
      }
    }
    return new ServerUser(NOBODY, NOBODY, true);
  }

  /**
   * The command that makes this user run {@code command} under the same process id, in a session of
   * its own (so that a Ctrl-C at the terminal reaches us only, and we stop the server in order),
   * and that ends when the JVM does.
   *
   * @param deathSignal sent by the kernel when the thread that started the process dies
   */
  List<String> command(String deathSignal, List<String> command) {
    List<String> full = new ArrayList<>();
    program("setsid").ifPresent(full::add);
    var setpriv = program("setpriv");
    if (setpriv.isPresent()) {
      full.addAll(List.of(setpriv.get(), "--pdeathsig", deathSignal));
      if (lesser) {
        full.addAll(List.of("--reuid", "" + uid, "--regid", "" + gid, "--clear-groups"));
      }
      full.add("--");
    } else if (lesser) {
      throw new IllegalStateException(
          "the servers don't run as root: install setpriv (util-linux), or run as an ordinary user");
    }
    full.addAll(command);
    return full;
  }

  private static Optional<String> program(String name) {
    return Stream.of("/usr/bin", "/bin", "/usr/sbin", "/sbin")
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }

  /** Whether this user can enter {@code directory} and all directories above it. */
  boolean reaches(Path directory) {
    if (!lesser) {
      return true;
    }
    for (Path at = directory.toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at) && !entersOne(at)) {
        return false;
      }
    }
    return true;
  }

  private boolean entersOne(Path directory) {
    try {
      return owns(directory)
          || Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_EXECUTE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean owns(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid") instanceof Integer owner && owner == uid;
  }

  /** Gives this one file or directory to the user. */
  void own(Path file) throws IOException {
    if (lesser) {
      Files.setAttribute(file, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(file, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
