package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The attributes in front of the text of a COM_QUERY, where QUERY_ATTRIBUTES has been agreed on
 * (MySQL 9.7 protocol documentation, "COM_QUERY"). To take them away is to replace what stands
 * between the command and {@link #textIndex}; to add none is {@link #writeNone}.
 *
 * <p>Whoever reads another beginning of the text than the server does judges another statement, so
 * nothing is guessed. Used again for the next packet; allocates nothing.
 */
public final class QueryAttributes {
  /** Bytes of {@link #writeNone}. */
  public static final int NONE = 2;

  private static final int SETS = 1;

  private final PacketReader reader = new PacketReader("COM_QUERY", Unpooled.EMPTY_BUFFER, 0, 0);
  private final PacketReader types = new PacketReader("COM_QUERY", Unpooled.EMPTY_BUFFER, 0, 0);
  private int count;

  /**
   * Where the statement's text begins.
   *
   * @param index of the payload's command
   * @param end of what is there of the payload: the attributes at least
   * @throws dev.pooler.core.wire.ProtocolViolation if the attributes are malformed or not all there
   */
  public int textIndex(ByteBuf in, int index, int end) {
    reader.reset(in, index, end);
    reader.expect(Command.QUERY, "the command");
    long parameters = reader.lenenc("the number of attributes");
    if (reader.lenenc("the number of sets") != SETS) {
      throw reader.violation("several sets of attributes");
    }
    if (parameters < 0 || parameters > reader.remaining()) {
      throw reader.violation(Long.toUnsignedString(parameters) + " attributes");
    }
    count = (int) parameters;
    if (count > 0) {
      int nulls = reader.skip(ParameterValues.bitmap(count), "the NULL bitmap");
      reader.expect(1, "the flag of new types");
      types.reset(in, reader.index(), end);
      for (int i = 0; i < count; i++) {
        skipType(reader);
      }
      for (int i = 0; i < count; i++) {
        int type = in.getUnsignedByte(types.index());
        skipType(types);
        if ((in.getByte(nulls + i / 8) & 1 << i % 8) == 0) {
          ParameterValues.skip(reader, type);
        }
      }
    }
    return reader.index();
  }

  /** How many attributes there were in the payload that was looked at last. */
  public int count() {
    return count;
  }

  /** Writes what stands for no attributes. */
  public static void writeNone(ByteBuf out) {
    out.writeByte(0).writeByte(SETS);
  }

  private static void skipType(PacketReader types) {
    types.skip(ParameterValues.TYPE, "a type");
    types.skip(types.length("a name"), "a name");
  }
}
