package dev.pooler.core.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Tells what this process lacks from what a target does: a connection that could not be opened for
 * want of file descriptors says nothing of the other side.
 */
public final class OwnTrouble {
  /** EMFILE and ENFILE, in the words of strerror(3); neither the JDK nor Netty has more of them. */
  private static final String NO_DESCRIPTOR = "Too many open files";

  private OwnTrouble() {}

  /** What this process lacks, for people, or null if the failure is not of its own making. */
  public static @Nullable String of(@Nullable Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String text = cause.getMessage();
      if (text != null && text.contains(NO_DESCRIPTOR)) {
        return "this process may not open more files: raise its limit (ulimit -n, LimitNOFILE)";
      }
    }
    return null;
  }
}
