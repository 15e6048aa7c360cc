package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;

/**
 * The end of columns or rows for clients without DEPRECATE_EOF (MySQL 9.7 protocol documentation,
 * "EOF_Packet"). Read in place: there is one for each result.
 */
public final class EofPacket {
  /** Bytes of the payload. */
  public static final int PAYLOAD = 5;

  /** A row of text may begin with 0xFE; it is longer than this then. */
  private static final int SHORTER_THAN = 9;

  private EofPacket() {}

  /**
   * Whether the payload, which begins at {@code index} and has {@code length} bytes, is one, where
   * rows or columns may be as well.
   */
  public static boolean is(ByteBuf in, int index, int length) {
    return length > 0 && length < SHORTER_THAN && in.getUnsignedByte(index) == PayloadHeader.EOF;
  }

  /**
   * The status flags.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is no EOF packet
   */
  public static int status(ByteBuf in, int index, int end) {
    check(in, index, end);
    return in.getUnsignedShortLE(index + 3);
  }

  /**
   * How many warnings there are.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is no EOF packet
   */
  public static int warnings(ByteBuf in, int index, int end) {
    check(in, index, end);
    return in.getUnsignedShortLE(index + 1);
  }

  /** Writes a payload. */
  public static void write(ByteBuf out, int warnings, int status) {
    out.writeByte(PayloadHeader.EOF).writeShortLE(warnings).writeShortLE(status);
  }

  private static void check(ByteBuf in, int index, int end) {
    if (end - index < PAYLOAD || !is(in, index, end - index)) {
      throw new PacketReader("an EOF packet", in, index, end)
          .violation(end - index < PAYLOAD ? "cut off" : "is something else");
    }
  }
}
