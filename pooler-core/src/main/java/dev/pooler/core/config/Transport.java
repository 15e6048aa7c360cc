package dev.pooler.core.config;

/** What moves the bytes between the kernel and Netty. */
public enum Transport {
  /** Epoll, or NIO where there is none: docs/decisions/0080. */
  AUTO("auto"),
  IO_URING("io_uring"),
  EPOLL("epoll"),
  NIO("nio");

  private final String word;

  Transport(String word) {
    this.word = word;
  }

  /** The word in the configuration and in the log. */
  public String word() {
    return word;
  }
}
