package dev.pooler.core.wire;

import io.netty.buffer.ByteBuf;

/** Type in one byte, whole length in four: nothing of either protocol. */
final class ToyFormat implements FrameFormat {
  static final int HEADER = 5;

  /** What the header may claim, as a protocol's own limit. */
  static final int LARGEST = 2_000_000_000;

  @Override
  public int headerLength() {
    return HEADER;
  }

  @Override
  public int type(ByteBuf in, int index) {
    return in.getByte(index);
  }

  @Override
  public long length(ByteBuf in, int index) {
    int length = in.getInt(index + 1);
    if (length < HEADER || length > LARGEST) {
      throw new ProtocolViolation("length " + length);
    }
    return length;
  }
}
