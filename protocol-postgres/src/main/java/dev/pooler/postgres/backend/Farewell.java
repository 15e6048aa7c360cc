package dev.pooler.postgres.backend;

import dev.pooler.core.relay.Outlet;
import dev.pooler.postgres.codec.Messages;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.TimeUnit;

/**
 * The end of a backend from our side. The server closes when it has read the Terminate, which it
 * does not while a statement runs: then it is told to cancel that, as often as it takes. Confined
 * to the backend's loop.
 */
final class Farewell {
  private static final long PATIENCE_MILLIS = 500;

  /** A cancel that comes before its statement has begun is lost: it is sent so often. */
  private static final int CANCELS = 20;

  private final Channel channel;
  private final Outlet out;
  private final Runnable cancel;

  /**
   * Says nothing yet.
   *
   * @param cancel sends a cancel
   */
  Farewell(Channel channel, Outlet out, Runnable cancel) {
    this.channel = channel;
    this.out = out;
    this.cancel = cancel;
  }

  /**
   * Says Terminate.
   *
   * @param runs a statement may be running
   */
  void say(boolean runs) {
    out.flush();
    ByteBuf request = channel.alloc().buffer(5);
    Messages.terminate(request);
    ChannelFuture said = channel.writeAndFlush(request);
    if (channel instanceof DuplexChannel duplex
        && channel.pipeline().get(SslHandler.class) == null) {
      // A server in the middle of a message takes the Terminate for a part of it, but not the end.
      said.addListener(done -> duplex.shutdownOutput());
    }
    awaitEnd(runs ? CANCELS : 0);
  }

  private void awaitEnd(int cancels) {
    channel
        .eventLoop()
        .schedule(
            () -> {
              if (cancels == 0) {
                channel.close();
              } else if (channel.isActive()) {
                cancel.run();
                awaitEnd(cancels - 1);
              }
            },
            PATIENCE_MILLIS,
            TimeUnit.MILLISECONDS);
  }
}
