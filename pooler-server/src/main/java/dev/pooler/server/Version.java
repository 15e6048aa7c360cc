package dev.pooler.server;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** What was built, and what it runs on here. */
final class Version {
  private Version() {}

  /** {@code pooler 0.1.0}. */
  static String product() {
    return "pooler " + build().getProperty("version", "unknown");
  }

  /** {@code pooler 0.1.0 (commit abc1234), JDK 25.0.3, transport epoll}. */
  static String line() {
    Properties build = build();
    return "pooler "
        + build.getProperty("version", "unknown")
        + " (commit "
        + build.getProperty("commit", "unknown")
        + "), JDK "
        + Runtime.version()
        + ", transport "
        + (Epoll.isAvailable() ? "epoll" : "nio");
  }

  private static Properties build() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        build.load(in);
      }
    } catch (IOException e) {
      // Then it is unknown.
    }
    return build;
  }
}
