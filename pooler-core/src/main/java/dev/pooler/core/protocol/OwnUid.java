package dev.pooler.core.protocol;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The effective uid of this process. */
public final class OwnUid {
  private OwnUid() {}

  /** Reads it from /proc, whose entry belongs to the process's effective uid; -1 if unknown. */
  public static int get() {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException | UnsupportedOperationException | ClassCastException e) {
      return -1;
    }
  }
}
