package dev.pooler.core.relay;

import io.netty.channel.Channel;

/**
 * Stops reading from the one leg that fills another. The two directions of a session are
 * independent: a client that doesn't read stops its own backend's reading and nothing else, so both
 * sides go on reading while they are being written to, and two full pipes can't wait for each
 * other.
 */
public final class Backpressure {
  private Backpressure() {}

  /** Call after writing to {@code sink} what came from {@code source}. */
  public static void apply(Channel source, Channel sink) {
    if (!sink.isWritable()) {
      source.config().setAutoRead(false);
    }
  }

  /** Call when {@code sink}'s writability changed. */
  public static void update(Channel source, Channel sink) {
    source.config().setAutoRead(sink.isWritable());
  }
}
