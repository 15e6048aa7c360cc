package dev.pooler.testkit.server;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * The part of the tar format (POSIX ustar: 512-byte headers, numbers in octal) that the server
 * artifacts use: files, directories, symbolic links and names under 100 bytes. Anything else is an
 * error, not a guess.
 */
record TarArchive(InputStream in) {
  private static final int BLOCK = 512;

  /**
   * Extracts all entries below {@code target}; files that their owner may execute may be executed
   * by everyone.
   */
  void extractTo(Path target) throws IOException {
    byte[] header = new byte[BLOCK];
    while (in.readNBytes(header, 0, BLOCK) == BLOCK && header[0] != 0) {
      extractEntry(header, target);
    }
  }

  private void extractEntry(byte[] header, Path target) throws IOException {
    String name = text(header, 0, 100);
    Path file = target.resolve(name).normalize();
    if (!file.startsWith(target) || header[345] != 0) {
      throw new IOException("tar entry with an unexpected name: " + name);
    }
    Files.createDirectories(file.getParent() == null ? target : file.getParent());
    switch (header[156]) {
      case '5' -> Files.createDirectories(file);
      case '2' -> Files.createSymbolicLink(file, Path.of(text(header, 157, 100)));
      case '0', 0 -> extractFile(file, octal(header, 124, 12), octal(header, 100, 8));
      default ->
          throw new IOException("tar entry of unexpected type " + (char) header[156] + ": " + name);
    }
  }

  private void extractFile(Path file, long size, long mode) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[64 * 1024];
      for (long left = size; left > 0; ) {
        int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (count < 0) {
          throw new EOFException("tar archive ends inside " + file);
        }
        out.write(buffer, 0, count);
        left -= count;
      }
    }
    in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
    readableByAll(file, (mode & 0100) != 0);
  }

  static void readableByAll(Path file, boolean executable) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    permissions.addAll(Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ));
    if (executable) {
      permissions.addAll(
          Set.of(
              PosixFilePermission.OWNER_EXECUTE,
              PosixFilePermission.GROUP_EXECUTE,
              PosixFilePermission.OTHERS_EXECUTE));
    }
    Files.setPosixFilePermissions(file, permissions);
  }

  private static String text(byte[] header, int offset, int length) {
    int end = offset;
    while (end < offset + length && header[end] != 0) {
      end++;
    }
    return new String(header, offset, end - offset, StandardCharsets.UTF_8);
  }

  private static long octal(byte[] header, int offset, int length) {
    return Long.parseLong(text(header, offset, length).strip(), 8);
  }
}
