package dev.pooler.core.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;

/**
 * The way out of one leg: appends bytes to the channel's outbound buffer without a copy, flushes
 * when told. Where no TLS stands in the pipeline it goes to the transport directly: on the hot path
 * the walk through the pipeline costs more than the write. Confined to the channel's event loop.
 */
public final class Outlet {
  private final Channel channel;
  private final boolean direct;

  /** The pipeline's outbound handlers must be in place, and stay. */
  public Outlet(Channel channel) {
    this.channel = channel;
    this.direct = channel.pipeline().get(SslHandler.class) == null;
  }

  /**
   * Appends {@code length} bytes of {@code in} from {@code index}; {@code in} stays the caller's.
   */
  public void append(ByteBuf in, int index, int length) {
    boolean whole = index == in.readerIndex() && length == in.readableBytes();
    append(whole ? in.retainedDuplicate() : in.retainedSlice(index, length));
  }

  /** Appends a buffer that is ours from now on. */
  public void append(ByteBuf ours) {
    if (direct) {
      channel.unsafe().write(ours, channel.voidPromise());
    } else {
      channel.write(ours, channel.voidPromise());
    }
  }

  /** Puts on the wire what was appended. */
  public void flush() {
    if (direct) {
      channel.unsafe().flush();
    } else {
      channel.flush();
    }
  }
}
