package dev.pooler.postgres.console;

import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;

/**
 * The result formats of a Bind: none for text everywhere, one for all columns, or one for each.
 *
 * @param codes packed, bit i is column i
 */
record Formats(int count, long codes) {
  static final Formats TEXT = new Formats(0, 0);

  private static final int MOST = Long.SIZE;

  static Formats read(ByteBuf in) {
    int count = in.readUnsignedShort();
    if (count > MOST) {
      throw new ProtocolViolation("more result formats than columns");
    }
    long codes = 0;
    for (int i = 0; i < count; i++) {
      codes |= (in.readShort() == 0 ? 0L : 1L) << i;
    }
    return new Formats(count, codes);
  }

  boolean binary(int column) {
    return count > 0 && (codes >> (count == 1 ? 0 : column) & 1) != 0;
  }
}
