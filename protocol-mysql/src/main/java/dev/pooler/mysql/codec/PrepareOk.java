package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;

/**
 * A statement has been prepared (MySQL 9.7 protocol documentation, "COM_STMT_PREPARE_OK"). The
 * definitions of the parameters follow, then those of the columns, each with an EOF packet behind
 * it where there are any and DEPRECATE_EOF has not been agreed on.
 *
 * @param statementId 32 bits without a sign
 * @param columns 16 bits: a statement with more can't be told from one with fewer
 * @param parameters 16 bits
 * @param definitions whether definitions follow; a client with OPTIONAL_RESULTSET_METADATA may not
 *     want them
 */
public record PrepareOk(
    long statementId, int columns, int parameters, int warnings, boolean definitions) {

  /** Where the statement id is in the payload: 32 bits. */
  public static final int STATEMENT_ID = 1;

  /**
   * Reads a payload.
   *
   * @param capabilities those that the login agreed on
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static PrepareOk decode(ByteBuf in, int index, int end, long capabilities) {
    PacketReader reader = new PacketReader("a prepare OK", in, index, end);
    reader.expect(PayloadHeader.OK, "the header");
    long statementId = reader.u32("the statement id");
    int columns = reader.u16("the columns");
    int parameters = reader.u16("the parameters");
    reader.skip(1, "the filler");
    int warnings = reader.u16("the warnings");
    boolean definitions =
        !Capabilities.has(capabilities, Capabilities.OPTIONAL_RESULTSET_METADATA)
            || reader.u8("the flag of definitions") != 0;
    return new PrepareOk(statementId, columns, parameters, warnings, definitions);
  }

  /** Writes the payload. */
  public void encode(ByteBuf out, long capabilities) {
    out.writeByte(PayloadHeader.OK).writeIntLE((int) statementId);
    out.writeShortLE(columns).writeShortLE(parameters).writeByte(0).writeShortLE(warnings);
    if (Capabilities.has(capabilities, Capabilities.OPTIONAL_RESULTSET_METADATA)) {
      out.writeByte(definitions ? 1 : 0);
    }
  }
}
