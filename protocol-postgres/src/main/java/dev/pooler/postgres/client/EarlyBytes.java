package dev.pooler.postgres.client;

import dev.pooler.core.session.SessionLimits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * What a client has sent before anybody could take it, counted against the budget of all sessions.
 * Whoever sends much of it is not read until it has been taken. Confined to the channel's loop.
 */
final class EarlyBytes {
  private static final int MOST_BEFORE_PAUSE = 32 * 1024;

  private final Channel channel;
  private final SessionLimits limits;
  private @Nullable ByteBuf held;

  EarlyBytes(Channel channel, SessionLimits limits) {
    this.channel = channel;
    this.limits = limits;
  }

  /** Keeps the rest of {@code in}; false where the budget is used up. */
  boolean hold(ByteBuf in) {
    int bytes = in.readableBytes();
    if (!limits.hold(bytes)) {
      return false;
    }
    if (held == null) {
      held = channel.alloc().buffer(bytes);
    }
    held.writeBytes(in);
    if (held.readableBytes() > MOST_BEFORE_PAUSE) {
      channel.config().setAutoRead(false);
    }
    return true;
  }

  /** Reads on. What was held is the caller's now, or null. */
  @Nullable ByteBuf take() {
    channel.config().setAutoRead(true);
    ByteBuf bytes = held;
    held = null;
    if (bytes != null) {
      limits.letGo(bytes.readableBytes());
    }
    return bytes;
  }

  void close() {
    ByteBuf bytes = take();
    if (bytes != null) {
      bytes.release();
    }
  }
}
