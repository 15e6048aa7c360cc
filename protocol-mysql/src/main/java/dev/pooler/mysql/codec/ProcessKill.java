package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;

/**
 * COM_PROCESS_KILL, which MySQL 9 does not know any more (MySQL 8.0 protocol documentation,
 * "COM_PROCESS_KILL").
 *
 * @param connectionId as the greeting told it, 32 bits without a sign
 */
public record ProcessKill(long connectionId) {
  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static ProcessKill decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("COM_PROCESS_KILL", in, index, end);
    reader.expect(Command.PROCESS_KILL, "the command");
    return new ProcessKill(reader.u32("the connection id"));
  }

  /** Writes the payload. */
  public void encode(ByteBuf out) {
    out.writeByte(Command.PROCESS_KILL).writeIntLE((int) connectionId);
  }
}
