package dev.pooler.core.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * The way out of one leg: appends bytes to the channel's outbound buffer without a copy, flushes
 * when told. Where no TLS stands in the pipeline it goes to the transport directly: on the hot path
 * the walk through the pipeline costs more than the write. Small pieces of ours and the small runs
 * behind them are gathered in one buffer, so that they are one piece of the write. Confined to the
 * channel's event loop.
 */
public final class Outlet {
  /** What is gathered at most; a run longer than this is never copied. */
  private static final int GATHERED = 2048;

  private final Channel channel;
  private final boolean direct;

  /** Small pieces on their way into one write. */
  private @Nullable ByteBuf gathered;

  /** The pipeline's outbound handlers must be in place, and stay. */
  public Outlet(Channel channel) {
    this.channel = channel;
    this.direct = channel.pipeline().get(SslHandler.class) == null;
  }

  /**
   * Appends {@code length} bytes of {@code in} from {@code index}; {@code in} stays the caller's.
   */
  public void append(ByteBuf in, int index, int length) {
    ByteBuf small = gathered;
    if (small != null && length <= small.writableBytes()) {
      small.writeBytes(in, index, length);
      return;
    }
    boolean whole = index == in.readerIndex() && length == in.readableBytes();
    append(whole ? in.retainedDuplicate() : in.retainedSlice(index, length));
  }

  /** Appends a buffer that is ours from now on. */
  public void append(ByteBuf ours) {
    push();
    write(ours);
  }

  /** A buffer to write up to {@code bytes} bytes to, which then stand behind what was appended. */
  public ByteBuf room(int bytes) {
    ByteBuf small = gathered;
    if (small != null && small.writableBytes() >= bytes) {
      return small;
    }
    push();
    int capacity = Math.max(bytes, GATHERED);
    small = channel.alloc().buffer(capacity, capacity);
    gathered = small;
    return small;
  }

  /** The channel is closed: what was gathered goes nowhere. */
  public void close() {
    ByteBuf small = gathered;
    if (small != null) {
      gathered = null;
      small.release();
    }
  }

  private void push() {
    ByteBuf small = gathered;
    if (small != null) {
      gathered = null;
      write(small);
    }
  }

  private void write(ByteBuf ours) {
    if (direct) {
      channel.unsafe().write(ours, channel.voidPromise());
    } else {
      channel.write(ours, channel.voidPromise());
    }
  }

  /** Puts on the wire what was appended. */
  public void flush() {
    push();
    if (direct) {
      channel.unsafe().flush();
    } else {
      channel.flush();
    }
  }
}
