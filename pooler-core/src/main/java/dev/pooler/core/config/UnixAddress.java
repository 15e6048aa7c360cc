package dev.pooler.core.config;

import java.nio.file.Path;

/** A Unix socket's path, absolute and short enough for {@code sun_path}. */
public record UnixAddress(Path path) implements Address {
  @Override
  public String toString() {
    return "unix:" + path;
  }
}
