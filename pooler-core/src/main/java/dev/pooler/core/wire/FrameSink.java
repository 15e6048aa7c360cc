package dev.pooler.core.wire;

import io.netty.buffer.ByteBuf;

/**
 * What a {@link FrameWalker} asks and tells about the frames of one direction. All calls come from
 * the walker's thread; no buffer may be kept past a call without retaining it.
 */
public interface FrameSink {
  /** Decides on the header alone. Pure: may be asked twice for one frame. */
  Verdict header(int type, long length);

  /**
   * How many bytes of a frame with verdict INSPECT are needed to decide, header included: at least
   * the header and at most {@code length}; the default is the whole frame. Pure.
   */
  default int inspectLength(int type, long length) {
    return Math.toIntExact(length);
  }

  /** A frame decided on its header begins to pass or to be skipped: the place for effects. */
  void passing(int type, long length);

  /**
   * Decides on an INSPECT frame.
   *
   * @param index where the frame's header begins in {@code in}
   * @param available bytes of the frame that stand at {@code index}: the inspect length at least
   * @return FORWARD or DROP
   */
  Verdict inspect(int type, long length, ByteBuf in, int index, int available);

  /** Bytes to pass on, in order: {@code length} bytes of {@code in} from {@code index}. */
  void forward(ByteBuf in, int index, int length);
}
