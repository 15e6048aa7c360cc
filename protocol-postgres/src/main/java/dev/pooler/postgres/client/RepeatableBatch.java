package dev.pooler.postgres.client;

import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;

/**
 * What a client may be served a second time without noticing: a batch that describes what it runs,
 * and runs one thing at most. Whoever has it run without asking what the rows look like knows that
 * already, and must hear that they have changed.
 */
final class RepeatableBatch {
  /** A longer one is not kept. */
  private static final int LONGEST = 8 * 1024;

  private RepeatableBatch() {}

  /**
   * The messages from a Bind, or the Describe of a statement, to the batch's Sync.
   *
   * @return how many there are in the high half, their bytes in the low half; 0 if they are not all
   *     here, or may not be repeated
   */
  static long measure(ByteBuf in, int index) {
    int end = Math.min(in.writerIndex(), index + LONGEST);
    int at = index;
    int count = 0;
    boolean described = false;
    boolean bound = false;
    boolean executed = false;
    while (end - at >= PgFrameFormat.HEADER) {
      int type = PgFrameFormat.FRONTEND.type(in, at);
      long length = PgFrameFormat.FRONTEND.length(in, at);
      if (length < PgFrameFormat.HEADER || length > end - at) {
        return 0;
      }
      at += (int) length;
      count++;
      switch (type) {
        case Frontend.DESCRIBE -> {
          if (executed) {
            return 0;
          }
          described = true;
        }
        case Frontend.BIND -> {
          if (bound) {
            return 0;
          }
          bound = true;
        }
        case Frontend.EXECUTE -> {
          if (executed || !described) {
            return 0;
          }
          executed = true;
        }
        case Frontend.SYNC -> {
          return described ? (long) count << 32 | (at - index) : 0;
        }
        default -> {
          return 0;
        }
      }
    }
    return 0;
  }
}
