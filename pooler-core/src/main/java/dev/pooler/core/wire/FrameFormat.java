package dev.pooler.core.wire;

import io.netty.buffer.ByteBuf;

/** How a protocol frames its bytes: a header of fixed size that tells type and length. */
public interface FrameFormat {
  /** Bytes of a header. */
  int headerLength();

  /** The frame's type, as the protocol numbers them; {@code index} is where the header begins. */
  int type(ByteBuf in, int index);

  /**
   * The whole frame's length in bytes, header included.
   *
   * @throws ProtocolViolation if the header claims a length that the protocol or a limit forbids
   */
  long length(ByteBuf in, int index);
}
