package dev.pooler.mysql.backend;

import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;

/**
 * Where the fields of an OK packet stand (MySQL 9.7 protocol documentation, "OK_Packet"): header,
 * affected rows and last insert id with their lengths, status flags (2), warnings (2), info and,
 * where SESSION_TRACK is on and the status says so, what changed in the session. One object reads
 * one packet after the other.
 *
 * <p>MySQL 8 and MariaDB 11.4 put a length in front of the info with and without SESSION_TRACK
 * (net_send_ok of both), whatever their documentation says of the rest of the packet.
 */
final class OkFields {
  private static final int FLAGS_AND_WARNINGS = 4;

  private int statusAt;
  private int end;

  /**
   * Finds the fields of the packet whose payload stands between {@code index} and {@code limit}.
   *
   * @throws ProtocolViolation if the packet ends before its warnings
   */
  void read(ByteBuf in, int index, int limit) {
    int at = skipNumber(in, index + 1, limit);
    at = skipNumber(in, at, limit);
    if (limit - at < FLAGS_AND_WARNINGS) {
      throw new ProtocolViolation("an OK of " + (limit - index) + " bytes ends before its status");
    }
    statusAt = at;
    end = limit;
  }

  int statusAt() {
    return statusAt;
  }

  int infoAt() {
    return statusAt + FLAGS_AND_WARNINGS;
  }

  int status(ByteBuf in) {
    return in.getUnsignedShortLE(statusAt);
  }

  int warnings(ByteBuf in) {
    return in.getUnsignedShortLE(statusAt + 2);
  }

  /**
   * Where the info ends, which has a length in front; {@link #infoAt()} if there is none.
   *
   * @throws ProtocolViolation if it is longer than the packet
   */
  int infoEnd(ByteBuf in) {
    if (infoAt() == end) {
      return end;
    }
    int text = skipNumber(in, infoAt(), end);
    long length = number(in, infoAt());
    if (length < 0 || length > end - text) {
      throw new ProtocolViolation("the info of an OK is longer than its packet");
    }
    return text + (int) length;
  }

  /** The index behind a number with its own length ("Protocol::LengthEncodedInteger"). */
  static int skipNumber(ByteBuf in, int index, int limit) {
    int bytes =
        index >= limit
            ? Integer.MAX_VALUE
            : switch (in.getUnsignedByte(index)) {
              case 0xfc -> 3;
              case 0xfd -> 4;
              case 0xfe -> 9;
              case 0xfb, 0xff -> throw new ProtocolViolation("NULL in the place of a number");
              default -> 1;
            };
    if (bytes > limit - index) {
      throw new ProtocolViolation("a packet ends within a number");
    }
    return index + bytes;
  }

  /** Such a number, which {@link #skipNumber} has found whole; above 2^63 it is negative. */
  static long number(ByteBuf in, int index) {
    return switch (in.getUnsignedByte(index)) {
      case 0xfc -> in.getUnsignedShortLE(index + 1);
      case 0xfd -> in.getUnsignedMediumLE(index + 1);
      case 0xfe -> in.getLongLE(index + 1);
      default -> in.getUnsignedByte(index);
    };
  }
}
