package dev.pooler.postgres.backend;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A channel on its way from one event loop to another, where nobody else uses it. */
final class LoopMove {
  private LoopMove() {}

  /**
   * Begins on the channel's loop, and ends on the other.
   *
   * @param moved is completed there, or failed
   */
  static void begin(Channel channel, EventLoop loop, CompletableFuture<@Nullable Void> moved) {
    channel
        .deregister()
        .addListener(gone -> {
          if (!gone.isSuccess()) {
            moved.completeExceptionally(gone.cause());
            return;
          }
          loop.register(channel)
              .addListener(there -> {
                if (there.isSuccess()) {
                  moved.complete(null);
                } else {
                  moved.completeExceptionally(there.cause());
                }
              });
        });
  }
}
