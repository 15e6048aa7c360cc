package dev.pooler.mysql.codec;

import dev.pooler.core.wire.FrameFormat;
import io.netty.buffer.ByteBuf;

/**
 * A packet: three bytes of length, which counts the payload alone, and the sequence id (MySQL 9.7
 * protocol documentation, "MySQL Packets"). Each header is a valid one, so nothing is refused here:
 * who is told a length bounds it.
 *
 * <p>A packet is a frame and its sequence id is the frame's type, since the header has nothing
 * else. The command and the kind of an answer are the payload's first byte: whoever wants it asks
 * for {@link #HEADER} + 1 bytes by INSPECT, where {@link #payload} is not 0. It can't be part of
 * the header, because payloads may be empty: the end of a local file, the rest of a payload of 16
 * MB - 1.
 *
 * <p>A payload of 16 MB - 1 bytes or more is several packets: all but the last are {@linkplain
 * #continues full}, the last may be empty. What begins a continuation is no command and no header
 * of an answer, whatever it looks like; {@link PayloadSequence} tells the two apart.
 */
public enum PacketFormat implements FrameFormat {
  /** Both directions, uncompressed. */
  PACKET;

  /** Bytes of a packet's header. */
  public static final int HEADER = 4;

  /** The largest payload of one packet, in bytes; its packet is not the payload's last. */
  public static final int LARGEST_PAYLOAD = 0xffffff;

  @Override
  public int headerLength() {
    return HEADER;
  }

  /** The sequence id, 0 to 255. */
  @Override
  public int type(ByteBuf in, int index) {
    return in.getUnsignedByte(index + 3);
  }

  @Override
  public long length(ByteBuf in, int index) {
    return HEADER + (long) in.getUnsignedMediumLE(index);
  }

  /** The payload's bytes in a packet of this length. */
  public static int payload(long length) {
    return (int) (length - HEADER);
  }

  /** Whether the payload goes on in the packet behind one of this length. */
  public static boolean continues(long length) {
    return length == HEADER + (long) LARGEST_PAYLOAD;
  }
}
