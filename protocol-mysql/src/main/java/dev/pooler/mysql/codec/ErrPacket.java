package dev.pooler.mysql.codec;

import dev.pooler.core.session.SqlFailure;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An error (MySQL 9.7 protocol documentation, "ERR_Packet"). It ends the answer, whatever has been
 * sent of it, and has no status flags. Servers send it in place of a greeting, too, and then
 * without an SQLSTATE (1040, 1129).
 *
 * @param code the server's number, 16 bits
 * @param sqlState five characters; null where the packet has none
 */
public record ErrPacket(int code, @Nullable String sqlState, String message) {
  /** MariaDB: no error, but how far a statement has come; the answer follows. */
  public static final int PROGRESS = 0xffff;

  private static final int SQLSTATE = 5;

  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static ErrPacket decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("an ERR packet", in, index, end);
    reader.expect(PayloadHeader.ERR, "the header");
    int code = reader.u16("the code");
    String sqlState = null;
    if (reader.remaining() > 0 && in.getByte(reader.index()) == '#') {
      reader.skip(1, "the SQLSTATE");
      sqlState = new String(reader.bytes(SQLSTATE, "the SQLSTATE"), StandardCharsets.ISO_8859_1);
    }
    return new ErrPacket(code, sqlState, reader.restText());
  }

  /** Whether a payload reports progress, for a client that wants it, and is not the answer. */
  public static boolean isProgress(ByteBuf in, int index, int end) {
    return end - index >= 3
        && in.getUnsignedByte(index) == PayloadHeader.ERR
        && in.getUnsignedShortLE(index + 1) == PROGRESS;
  }

  /** What a client is told; the SQLSTATE is the one that MySQL has for the number. */
  public static ErrPacket of(SqlFailure failure) {
    String hint = failure.hint() == null ? "" : " (" + failure.hint() + ")";
    return new ErrPacket(failure.errno(), sqlState(failure.errno()), failure.message() + hint);
  }

  /** Writes the payload. */
  public void encode(ByteBuf out) {
    out.writeByte(PayloadHeader.ERR).writeShortLE(code);
    if (sqlState != null) {
      if (sqlState.length() != SQLSTATE) {
        throw new IllegalStateException("SQLSTATE " + sqlState);
      }
      out.writeByte('#').writeCharSequence(sqlState, StandardCharsets.ISO_8859_1);
    }
    out.writeCharSequence(message, StandardCharsets.UTF_8);
  }

  /** MySQL's SQLSTATE for those numbers that we say ourselves (errmsg-utf8.txt). */
  private static String sqlState(int errno) {
    return switch (errno) {
      case 1040 -> "08004";
      case 1043, 1047, 1053, 1153, 1156, 1157, 1158, 1159, 1160, 1161 -> "08S01";
      case 1044, 1049, 1064, 1141, 1142, 1148, 1203, 1226, 1227, 1231, 1232 -> "42000";
      case 1045, 1698 -> "28000";
      case 1046 -> "3D000";
      case 1094, 1105 -> "HY000";
      case 1317 -> "70100";
      case 1792 -> "25006";
      default -> "HY000";
    };
  }
}
