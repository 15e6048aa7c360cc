package dev.pooler.core.config;

import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * The permission bits of a socket file. Linux asks for write permission to connect (unix(7)), so
 * the write bits say who may.
 *
 * @param bits 0 to 0777
 */
public record FileMode(int bits) {
  private static final PosixFilePermission[] FROM_HIGHEST_BIT = PosixFilePermission.values();

  public FileMode {
    if (bits < 0 || bits > 0777) {
      throw new IllegalArgumentException("not a file mode: " + Integer.toOctalString(bits));
    }
  }

  public boolean worldWritable() {
    return (bits & 0002) != 0;
  }

  public Set<PosixFilePermission> permissions() {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    for (int i = 0; i < FROM_HIGHEST_BIT.length; i++) {
      if ((bits & (0400 >> i)) != 0) {
        set.add(FROM_HIGHEST_BIT[i]);
      }
    }
    return set;
  }

  /** Four octal digits, as in the configuration. */
  @Override
  public String toString() {
    String octal = Integer.toOctalString(bits);
    return "0".repeat(4 - octal.length()) + octal;
  }
}
