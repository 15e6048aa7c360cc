package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;

/**
 * COM_REFRESH, which MySQL 9 does not know any more (MySQL 8.0 protocol documentation,
 * "COM_REFRESH").
 *
 * @param what eight bits: 1 grants, 2 logs, 4 tables, 8 hosts, 16 status, 32 threads, 64 replica,
 *     128 source
 */
public record Refresh(int what) {
  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static Refresh decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("COM_REFRESH", in, index, end);
    reader.expect(Command.REFRESH, "the command");
    return new Refresh(reader.u8("what to refresh"));
  }

  /** Writes the payload. */
  public void encode(ByteBuf out) {
    out.writeByte(Command.REFRESH).writeByte(what);
  }
}
