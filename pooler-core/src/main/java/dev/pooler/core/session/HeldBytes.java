package dev.pooler.core.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * What a client has sent before anybody could take it, in order, counted against the budget of all
 * sessions. Confined to the channel's loop.
 */
public final class HeldBytes {
  /** What waits is copied out of a read buffer that is so many times larger. */
  private static final int WASTEFUL = 8;

  /** Who has sent so many bytes is not to be read any further. */
  private static final int MUCH = 32 * 1024;

  private final ByteBufAllocator allocator;
  private final SessionLimits limits;
  private @Nullable ByteBuf held;
  private int counted;

  /** Nothing held yet; {@code limits} has the budget of all sessions. */
  public HeldBytes(ByteBufAllocator allocator, SessionLimits limits) {
    this.allocator = allocator;
    this.limits = limits;
  }

  /** Keeps the rest of {@code in}; where the budget is used up drops it, and returns false. */
  public boolean hold(ByteBuf in) {
    int bytes = in.readableBytes();
    if (bytes == 0) {
      return true;
    }
    if (!limits.hold(bytes)) {
      in.skipBytes(bytes);
      return false;
    }
    counted += bytes;
    ByteBuf before = held;
    if (before == null) {
      held =
          in.capacity() / WASTEFUL > bytes
              ? allocator.buffer(bytes).writeBytes(in)
              : in.readRetainedSlice(bytes);
    } else {
      ByteBuf joined = allocator.buffer(before.readableBytes() + bytes);
      joined.writeBytes(before).writeBytes(in);
      before.release();
      held = joined;
    }
    return true;
  }

  /** Whether so much is here that its client should be read on only when it has been taken. */
  public boolean much() {
    return counted > MUCH;
  }

  /** How many bytes are held. */
  public int bytes() {
    return counted;
  }

  /** What is held, to look at; null for nothing. */
  public @Nullable ByteBuf look() {
    return held;
  }

  /** What was held is the caller's now; null for nothing. */
  public @Nullable ByteBuf take() {
    ByteBuf bytes = held;
    held = null;
    limits.letGo(counted);
    counted = 0;
    return bytes;
  }

  /** As {@link #take}, with an empty buffer for nothing. */
  public ByteBuf takeAll() {
    ByteBuf bytes = take();
    return bytes == null ? Unpooled.EMPTY_BUFFER : bytes;
  }

  /** Drops what is held. */
  public void close() {
    takeAll().release();
  }
}
