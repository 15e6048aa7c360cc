package dev.pooler.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** How long this process has been there, the JVM's own start included. */
final class ProcessClock {
  /** USER_HZ, the unit of /proc/PID/stat (proc(5)): 100 on every architecture we run on. */
  private static final long TICKS_PER_SECOND = 100;

  /**
   * starttime is field 22; the second field, the program's name, may hold blanks and ends in the
   * last bracket.
   */
  private static final int START_TIME_AFTER_NAME = 22 - 3;

  private ProcessClock() {}

  /** To 10 ms, which is what the kernel keeps. */
  static Duration sinceStart() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      Duration age = age(stat, Files.readString(Path.of("/proc/uptime")));
      if (!age.isNegative()) {
        return age;
      }
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
      // Not Linux, or a /proc of its own: below.
    }
    return sinceStartInstant();
  }

  static Duration age(String stat, String uptime) {
    String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    long ticks = Long.parseLong(afterName[START_TIME_AFTER_NAME]);
    double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
    return Duration.ofMillis(Math.round(seconds * 1000) - ticks * 1000 / TICKS_PER_SECOND);
  }

  /** Second best: the JDK adds the boot time, which the kernel tells in whole seconds. */
  private static Duration sinceStartInstant() {
    Instant now = Instant.now();
    return Duration.between(ProcessHandle.current().info().startInstant().orElse(now), now);
  }
}
