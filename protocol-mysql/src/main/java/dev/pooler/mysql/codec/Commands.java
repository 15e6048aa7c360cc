package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Writes the payloads of the short commands that are ours to send, and reads what we look at. */
public final class Commands {
  private Commands() {}

  /** COM_PING, COM_QUIT, COM_RESET_CONNECTION: a command without anything. */
  public static void bare(ByteBuf out, int command) {
    out.writeByte(command);
  }

  /**
   * COM_QUERY, in UTF-8.
   *
   * @param capabilities those that the login agreed on
   */
  public static void query(ByteBuf out, String text, long capabilities) {
    out.writeByte(Command.QUERY);
    if (Capabilities.has(capabilities, Capabilities.QUERY_ATTRIBUTES)) {
      QueryAttributes.writeNone(out);
    }
    out.writeCharSequence(text, StandardCharsets.UTF_8);
  }

  /** COM_INIT_DB. */
  public static void initDb(ByteBuf out, String schema) {
    out.writeByte(Command.INIT_DB).writeCharSequence(schema, StandardCharsets.UTF_8);
  }

  /** COM_STMT_PREPARE, in UTF-8. */
  public static void stmtPrepare(ByteBuf out, String text) {
    out.writeByte(Command.STMT_PREPARE).writeCharSequence(text, StandardCharsets.UTF_8);
  }

  /** COM_STMT_CLOSE, COM_STMT_RESET: a command and a statement id. */
  public static void statement(ByteBuf out, int command, long statementId) {
    out.writeByte(command).writeIntLE((int) statementId);
  }

  /**
   * The statement id of any COM_STMT_ command but COM_STMT_PREPARE: 32 bits without a sign.
   *
   * @param index of the payload's command
   * @param end of what is there of the payload
   * @throws dev.pooler.core.wire.ProtocolViolation if it is not all there
   */
  public static long statementId(ByteBuf in, int index, int end) {
    if (end - index < 1 + Integer.BYTES) {
      throw new PacketReader("a statement's command", in, index, end).violation("cut off");
    }
    return in.getUnsignedIntLE(index + 1);
  }
}
