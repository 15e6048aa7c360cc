package dev.pooler.core.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** Appends part of a buffer to a channel's outbound queue without a copy and without a flush. */
public final class Bytes {
  private Bytes() {}

  /** Writes {@code length} bytes of {@code in} from {@code index}; the caller keeps {@code in}. */
  public static void append(Channel to, ByteBuf in, int index, int length) {
    ByteBuf run =
        index == in.readerIndex() && length == in.readableBytes()
            ? in.retainedDuplicate()
            : in.retainedSlice(index, length);
    to.write(run, to.voidPromise());
  }
}
