package dev.pooler.core.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Walks the frames of one direction of one connection by their headers and tells its {@link
 * FrameSink} what passes. Contiguous frames that pass are forwarded as one run without a copy; a
 * frame that has not fully arrived is forwarded as it comes. Only the start of a frame whose header
 * (or whose inspected part) is still incomplete at the end of a read is held, in a buffer that the
 * walker owns until {@link #close()}.
 *
 * <p>Works at any split of the stream. Confined to one thread; the caller owns {@code in}.
 */
public final class FrameWalker {
  private final FrameFormat format;
  private final FrameSink sink;
  private final int headerLength;

  /** Bytes of the current frame that still pass or are skipped; 0 between frames. */
  private long remaining;

  private boolean dropping;

  /** Bytes at the start of the inspected frame that the sink has replaced. */
  private int replaced;

  /** While walking: the buffer, and where the run begins that passed and is not forwarded yet. */
  private @Nullable ByteBuf walked;

  private int run;

  /** The start of one frame that can't be decided yet. */
  private @Nullable ByteBuf held;

  public FrameWalker(FrameFormat format, FrameSink sink) {
    this.format = format;
    this.sink = sink;
    this.headerLength = format.headerLength();
  }

  /** True when the last byte walked was not the last of a frame. */
  public boolean midFrame() {
    return remaining > 0 || held != null;
  }

  /** True when a part of an unfinished frame has been forwarded already. */
  public boolean midForward() {
    return remaining > 0 && !dropping;
  }

  /**
   * Walks all readable bytes of {@code in}, or up to a frame that has to wait: then it is readable
   * from there, and what is left is walked again later.
   *
   * @throws ProtocolViolation from the format or the sink; nothing more may be walked then
   */
  public void walk(ByteBuf in) {
    if (held != null && !resumeHeld(in)) {
      return;
    }
    int index = in.readerIndex();
    int end = in.writerIndex();
    walked = in;
    run = index;
    while (index < end) {
      if (remaining > 0) {
        int part = (int) Math.min(remaining, end - index);
        remaining -= part;
        if (dropping) {
          forward(in, run, index);
          run = index + part;
        }
        index += part;
        continue;
      }
      if (end - index < headerLength) {
        break;
      }
      int type = format.type(in, index);
      long length = format.length(in, index);
      Verdict verdict = sink.header(type, length);
      if (verdict == Verdict.INSPECT) {
        if (end - index < sink.inspectLength(type, length)) {
          break;
        }
        verdict = sink.inspect(type, length, in, index, (int) Math.min(length, end - index));
        if (verdict == Verdict.WAIT) {
          forward(in, run, index);
          walked = null;
          in.readerIndex(index);
          return;
        }
        if (replaced > 0) {
          length -= replaced;
          index += replaced;
          run = index;
          replaced = 0;
        }
      } else {
        sink.passing(type, length);
      }
      remaining = length;
      dropping = verdict == Verdict.DROP;
    }
    forward(in, run, index);
    walked = null;
    if (index < end) {
      hold(in, index, end);
    }
    in.readerIndex(end);
  }

  /**
   * From within {@link FrameSink#inspect}, with its arguments: forwards what passed before this
   * frame, so that the sink can put something of its own between.
   */
  public void forwardPassed(ByteBuf in, int index) {
    if (in == walked) {
      forward(in, run, index);
      run = index;
    }
  }

  /**
   * From within {@link FrameSink#inspect}, with its arguments: the first {@code bytes} of this
   * frame don't pass; the sink has sent something of its own in their place, after what passed
   * before.
   */
  public void replaceStart(ByteBuf in, int index, int bytes) {
    forwardPassed(in, index);
    replaced = bytes;
  }

  /** Bytes of a begun frame that are still to come and are decided on already; 0 between frames. */
  public long remaining() {
    return remaining;
  }

  /** The undecided start of a frame, now the caller's to walk again and to release; or null. */
  public @Nullable ByteBuf takeHeld() {
    ByteBuf start = held;
    held = null;
    return start;
  }

  /** Forgets the stream and releases what is held. May be called more than once. */
  public void close() {
    if (held != null) {
      held.release();
      held = null;
    }
    remaining = 0;
  }

  private void forward(ByteBuf in, int from, int to) {
    if (to > from) {
      sink.forward(in, from, to - from);
    }
  }

  private void hold(ByteBuf in, int index, int end) {
    int present = end - index;
    int wanted = headerLength;
    if (present >= headerLength) {
      wanted = sink.inspectLength(format.type(in, index), format.length(in, index));
    }
    held = in.alloc().buffer(Math.min(wanted, Math.max(present * 2, 256)), wanted);
    held.writeBytes(in, index, present);
  }

  /**
   * Fills the held start of a frame from {@code in} until it can be decided, and decides it.
   *
   * @return false if the frame has to wait
   */
  private boolean resumeHeld(ByteBuf in) {
    ByteBuf start = held;
    if (start == null || !fill(start, in, headerLength)) {
      return true;
    }
    int type = format.type(start, 0);
    long length = format.length(start, 0);
    Verdict verdict = sink.header(type, length);
    if (verdict == Verdict.INSPECT) {
      int wanted = sink.inspectLength(type, length);
      if (start.maxCapacity() < wanted) {
        start = regrow(start, wanted);
      }
      if (!fill(start, in, wanted)) {
        return true;
      }
    }
    held = null;
    try {
      int present = start.readableBytes();
      if (verdict == Verdict.INSPECT) {
        verdict = sink.inspect(type, length, start, 0, present);
        if (verdict == Verdict.WAIT) {
          held = start.retain(); // released below
          return false;
        }
      } else {
        sink.passing(type, length);
      }
      remaining = length - present;
      dropping = verdict == Verdict.DROP;
      if (!dropping) {
        forward(start, replaced, present);
      }
      replaced = 0;
    } finally {
      start.release();
    }
    return true;
  }

  private ByteBuf regrow(ByteBuf start, int wanted) {
    ByteBuf larger = start.alloc().buffer(Math.min(wanted, 4096), wanted);
    larger.writeBytes(start);
    start.release();
    held = larger;
    return larger;
  }

  private static boolean fill(ByteBuf start, ByteBuf in, int wanted) {
    int missing = wanted - start.readableBytes();
    if (missing > 0) {
      start.writeBytes(in, Math.min(missing, in.readableBytes()));
    }
    return start.readableBytes() >= wanted;
  }
}
