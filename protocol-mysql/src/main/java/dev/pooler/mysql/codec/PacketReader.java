package dev.pooler.mysql.codec;

import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one payload, in order (MySQL 9.7 protocol documentation, "Integer Types",
 * "String Types"). Nothing is read, skipped or allocated before the bytes are known to be there;
 * where they are not, a {@link ProtocolViolation} names the packet and the field. May be used again
 * for the next payload; doesn't keep the buffer past the caller's use, and moves none of its
 * indices.
 */
final class PacketReader {
  /** In a length's place: no value. */
  static final int NULL = 0xfb;

  private static final int TWO_BYTES = 0xfc;
  private static final int THREE_BYTES = 0xfd;
  private static final int EIGHT_BYTES = 0xfe;

  private final String packet;
  private ByteBuf in;
  private int at;
  private int end;

  /**
   * A reader of the payload between two indices.
   *
   * @param packet what it is, with an article, for violations: "an OK packet"
   */
  PacketReader(String packet, ByteBuf in, int index, int end) {
    this.packet = packet;
    this.in = in;
    this.at = index;
    this.end = end;
  }

  /** Begins with another payload. */
  PacketReader reset(ByteBuf buffer, int index, int behind) {
    in = buffer;
    at = index;
    end = behind;
    return this;
  }

  /** Where the next field begins. */
  int index() {
    return at;
  }

  int remaining() {
    return end - at;
  }

  int u8(String field) {
    need(1, field);
    return in.getUnsignedByte(at++);
  }

  int u16(String field) {
    int index = skip(2, field);
    return in.getUnsignedShortLE(index);
  }

  long u32(String field) {
    int index = skip(4, field);
    return in.getUnsignedIntLE(index);
  }

  /** Goes on behind a field of fixed length; returns where that began. */
  int skip(int bytes, String field) {
    need(bytes, field);
    int index = at;
    at += bytes;
    return index;
  }

  /** A byte that can have one value only. */
  void expect(int value, String field) {
    int found = u8(field);
    if (found != value) {
      throw violation(field + " is " + found + " instead of " + value);
    }
  }

  /** A length-encoded integer: 64 bits without a sign. */
  long lenenc(String field) {
    int first = u8(field);
    return switch (first) {
      case TWO_BYTES -> u16(field);
      case THREE_BYTES -> {
        int index = skip(3, field);
        yield in.getUnsignedMediumLE(index);
      }
      case EIGHT_BYTES -> {
        int index = skip(8, field);
        yield in.getLongLE(index);
      }
      case NULL, 0xff ->
          throw violation(field + " begins with " + first + ", which no number does");
      default -> first;
    };
  }

  /** The length in front of a field, which is then known to be all there. */
  int length(String field) {
    long length = lenenc(field);
    if (length < 0 || length > remaining()) {
      throw violation(
          field
              + " claims "
              + Long.toUnsignedString(length)
              + " bytes where "
              + remaining()
              + " are left");
    }
    return (int) length;
  }

  /** The same, or -1 where {@link #NULL} stands in its place. */
  int lengthOrNull(String field) {
    need(1, field);
    if (in.getUnsignedByte(at) == NULL) {
      at++;
      return -1;
    }
    return length(field);
  }

  /** Bytes without a length of their own. */
  byte[] bytes(int length, String field) {
    int index = skip(length, field);
    byte[] bytes = new byte[length];
    in.getBytes(index, bytes);
    return bytes;
  }

  byte[] lenencBytes(String field) {
    return bytes(length(field), field);
  }

  byte[] restBytes() {
    return bytes(remaining(), "");
  }

  /** A string that a zero byte ends. */
  String nulString(String field, Charset charset) {
    String text = text(toZero(field), field, charset);
    at++;
    return text;
  }

  /** The same; the payload's end does as well. */
  String nulOrRestString(String field) {
    if (in.indexOf(at, end, (byte) 0) < 0) {
      return text(remaining(), field, StandardCharsets.UTF_8);
    }
    return nulString(field, StandardCharsets.UTF_8);
  }

  /** How many bytes are in front of the zero byte that ends the string here. */
  int toZero(String field) {
    int zero = in.indexOf(at, end, (byte) 0);
    if (zero < 0) {
      throw violation(field + " is not terminated");
    }
    return zero - at;
  }

  /** All that is left, as text that may be in any character set: a person reads it. */
  String restText() {
    int length = remaining();
    return in.toString(skip(length, ""), length, StandardCharsets.UTF_8);
  }

  ProtocolViolation violation(String what) {
    return new ProtocolViolation(packet + ": " + what);
  }

  /** A name or secret: bytes that are no text in this character set would become another's. */
  private String text(int length, String field, Charset charset) {
    ByteBuffer bytes = ByteBuffer.wrap(bytes(length, field));
    try {
      return charset.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw violation(field + " is not " + charset);
    }
  }

  private void need(int bytes, String field) {
    if (end - at < bytes) {
      throw violation("cut off in " + field);
    }
  }
}
