package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** Writes packets and the fields of their payloads; the counterpart of {@link PacketReader}. */
public final class PacketWriter {
  private static final int ONE_BYTE = 250;

  private PacketWriter() {}

  /**
   * Begins a packet.
   *
   * @param sequenceId of which the lowest eight bits count
   * @return what {@link #end} wants
   */
  public static int begin(ByteBuf out, int sequenceId) {
    int start = out.writerIndex();
    out.writeMediumLE(0).writeByte(sequenceId);
    return start;
  }

  /**
   * Ends a packet: all written since is its payload.
   *
   * @throws IllegalStateException if that is too long for one packet; nothing of ours is
   */
  public static void end(ByteBuf out, int start) {
    int payload = out.writerIndex() - start - PacketFormat.HEADER;
    if (payload >= PacketFormat.LARGEST_PAYLOAD) {
      throw new IllegalStateException("a packet of ours has " + payload + " bytes");
    }
    out.setMediumLE(start, payload);
  }

  /** A header alone, in front of a payload that passes as bytes. */
  public static void header(ByteBuf out, int payload, int sequenceId) {
    out.writeMediumLE(payload).writeByte(sequenceId);
  }

  /** A length-encoded integer: 64 bits without a sign. */
  static void lenenc(ByteBuf out, long value) {
    if (value < 0 || value > 0xffffff) {
      out.writeByte(0xfe).writeLongLE(value);
    } else if (value > 0xffff) {
      out.writeByte(0xfd).writeMediumLE((int) value);
    } else if (value > ONE_BYTE) {
      out.writeByte(0xfc).writeShortLE((int) value);
    } else {
      out.writeByte((int) value);
    }
  }

  static void lenencBytes(ByteBuf out, byte[] bytes) {
    lenenc(out, bytes.length);
    out.writeBytes(bytes);
  }

  static void lenencString(ByteBuf out, String text) {
    lenenc(out, ByteBufUtil.utf8Bytes(text));
    out.writeCharSequence(text, StandardCharsets.UTF_8);
  }

  /**
   * A string and the zero byte that ends it.
   *
   * @throws IllegalStateException if it has one itself: the rest would be read as another field
   */
  static void nulString(ByteBuf out, String text, Charset charset) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalStateException("a string of a packet of ours has a zero byte");
    }
    out.writeCharSequence(text, charset);
    out.writeByte(0);
  }
}
