package dev.pooler.postgres.codec;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Where a Bind has the value of one parameter (manual, "Message Formats").
 *
 * @param index of its first byte, behind the four that say its length
 * @param length in bytes; negative for NULL
 */
public record BoundValue(int index, int length, boolean binary) {
  private static final short BINARY = 1;

  /**
   * Finds it.
   *
   * @param body where the message's body begins
   * @param end of the message
   * @param number of the parameter, from 1 on
   * @return null where the message does not have it, or breaks off before
   */
  public static @Nullable BoundValue find(ByteBuf in, int body, int end, int number) {
    int formats = behindString(in, behindString(in, body, end), end);
    if (formats < 0 || end - formats < Short.BYTES) {
      return null;
    }
    int said = in.getUnsignedShort(formats);
    int values = formats + Short.BYTES * (1 + said);
    if (end - values < Short.BYTES || number > in.getUnsignedShort(values)) {
      return null;
    }
    boolean known = said == 1 || number <= said; // one counts for all, none means text
    int format = formats + Short.BYTES * (said == 1 ? 1 : number);
    boolean binary = known && in.getShort(format) == BINARY;
    int at = values + Short.BYTES;
    for (int i = 1; end - at >= Integer.BYTES; i++) {
      int length = in.getInt(at);
      at += Integer.BYTES;
      if (length > end - at) {
        return null;
      }
      if (i == number) {
        return new BoundValue(at, length, binary);
      }
      at += Math.max(0, length);
    }
    return null;
  }

  private static int behindString(ByteBuf in, int from, int end) {
    int zero = from < 0 || from >= end ? -1 : in.indexOf(from, end, (byte) 0);
    return zero < 0 ? -1 : zero + 1;
  }
}
