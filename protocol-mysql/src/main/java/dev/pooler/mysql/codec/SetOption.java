package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;

/**
 * COM_SET_OPTION (MySQL 9.7 protocol documentation, "COM_SET_OPTION").
 *
 * @param option 16 bits of the payload, behind the command; others than the two are refused
 */
public record SetOption(int option) {
  /** MYSQL_OPTION_MULTI_STATEMENTS_ON. */
  public static final int MULTI_STATEMENTS_ON = 0;

  /** MYSQL_OPTION_MULTI_STATEMENTS_OFF. */
  public static final int MULTI_STATEMENTS_OFF = 1;

  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static SetOption decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("COM_SET_OPTION", in, index, end);
    reader.expect(Command.SET_OPTION, "the command");
    return new SetOption(reader.u16("the option"));
  }

  /** Writes the payload. */
  public void encode(ByteBuf out) {
    out.writeByte(Command.SET_OPTION).writeShortLE(option);
  }
}
