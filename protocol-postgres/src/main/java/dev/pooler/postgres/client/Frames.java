package dev.pooler.postgres.client;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.PgFrameFormat;
import io.netty.buffer.ByteBuf;

/**
 * Looks at the frames that a client has sent and that nobody has walked yet, one after another,
 * without taking them. Only whole frames that keep to the protocol count.
 */
final class Frames {
  private final ByteBuf in;
  private int next;
  private int body;
  private int end;

  Frames(ByteBuf in) {
    this.in = in;
    this.next = in.readerIndex();
  }

  /** The type of the next frame, or -1 if it is not wholly here. */
  int next() {
    int there = in.writerIndex() - next;
    if (there < PgFrameFormat.HEADER) {
      return -1;
    }
    long length;
    try {
      length = PgFrameFormat.FRONTEND.length(in, next);
    } catch (ProtocolViolation e) {
      return -1; // whoever walks it will say so
    }
    if (length > there) {
      return -1;
    }
    body = next + PgFrameFormat.HEADER;
    int type = PgFrameFormat.FRONTEND.type(in, next);
    next += (int) length;
    end = next;
    return type;
  }

  /** Where this frame's body begins. */
  int body() {
    return body;
  }

  /** Where this frame ends, and the next begins. */
  int end() {
    return end;
  }

  /** Where the string ends that begins at {@code index} of this frame; -1 if it doesn't end. */
  int zero(int index) {
    return index <= 0 || index >= end ? -1 : in.indexOf(index, end, (byte) 0);
  }

  /** Whether the string at {@code index} of this frame is empty. */
  boolean empty(int index) {
    return is(index, 0);
  }

  /** Whether this byte stands at {@code index} of this frame. */
  boolean is(int index, int value) {
    return index < end && in.getByte(index) == value;
  }
}
