package dev.pooler.mysql.codec;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * COM_STMT_EXECUTE, read in place up to its values (MySQL 9.7 protocol documentation,
 * "COM_STMT_EXECUTE"). Clients send the parameters' types with a statement's first execution only;
 * on a backend that has not seen that one they have to be written in ({@link #types}, {@link
 * #write}).
 *
 * <p>Where QUERY_ATTRIBUTES has been agreed on and the flag {@link #COUNTED} is set, the packet
 * says how many parameters it has; what is above the statement's own are attributes, and all have
 * names.
 *
 * <p>Used again for the next packet; the buffer is the caller's to keep meanwhile. Reading
 * allocates nothing.
 */
public final class StmtExecute {
  /** Where the statement id is in the payload: 32 bits. */
  public static final int STATEMENT_ID = 1;

  /** The id of the statement that was prepared last, where MariaDB clients send both at once. */
  public static final long LAST_PREPARED = 0xffffffffL;

  /** Flag: rows are fetched through a cursor. */
  public static final int CURSOR_READ_ONLY = 1;

  /** Flag: a cursor for updates, which no server opens. */
  public static final int CURSOR_FOR_UPDATE = 2;

  /** Flag: a cursor that scrolls, which no server opens. */
  public static final int CURSOR_SCROLLABLE = 4;

  /** Flag: the packet says how many parameters it has (PARAMETER_COUNT_AVAILABLE). */
  public static final int COUNTED = 8;

  private final PacketReader reader =
      new PacketReader("COM_STMT_EXECUTE", Unpooled.EMPTY_BUFFER, 0, 0);
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private long statementId;
  private int flags;
  private long iterations;
  private boolean counted;
  private int ownParameters;
  private int parameters;
  private int nulls;
  private boolean newTypes;
  private int types;
  private int values;
  private int end;

  /**
   * Looks at a payload.
   *
   * @param behind the end of what is there of it; values may be missing
   * @param capabilities those that the login agreed on
   * @param statementParameters how many parameters the statement has
   * @throws ProtocolViolation if what is in front of the values is malformed or not all there
   */
  public StmtExecute read(
      ByteBuf buffer, int index, int behind, long capabilities, int statementParameters) {
    in = buffer;
    end = behind;
    ownParameters = statementParameters;
    reader.reset(buffer, index, behind);
    reader.expect(Command.STMT_EXECUTE, "the command");
    statementId = reader.u32("the statement id");
    flags = reader.u8("the flags");
    iterations = reader.u32("the number of executions");
    counted =
        (flags & COUNTED) != 0 && Capabilities.has(capabilities, Capabilities.QUERY_ATTRIBUTES);
    parameters = counted ? readCount() : statementParameters;
    newTypes = false;
    nulls = reader.index();
    types = nulls;
    if (parameters > 0) {
      nulls = reader.skip(ParameterValues.bitmap(parameters), "the NULL bitmap");
      newTypes = reader.u8("the flag of new types") != 0;
      types = reader.index();
      for (int i = 0; newTypes && i < parameters; i++) {
        skipType(reader);
      }
      if (!newTypes && parameters > ownParameters) {
        throw reader.violation("attributes without types");
      }
    }
    values = reader.index();
    return this;
  }

  private int readCount() {
    long count = reader.lenenc("the number of parameters");
    if (count < ownParameters || count > ownParameters + (long) reader.remaining()) {
      throw reader.violation(
          Long.toUnsignedString(count) + " parameters of a statement that has " + ownParameters);
    }
    return (int) count;
  }

  private void skipType(PacketReader at) {
    at.skip(ParameterValues.TYPE, "a type");
    if (counted) {
      at.skip(at.length("a name"), "a name");
    }
  }

  /** 32 bits without a sign; {@link #LAST_PREPARED} has a meaning of its own. */
  public long statementId() {
    return statementId;
  }

  /** See the constants. */
  public int flags() {
    return flags;
  }

  /** Whether rows will be fetched through a cursor. */
  public boolean opensCursor() {
    return (flags & CURSOR_READ_ONLY) != 0;
  }

  /** Whether the packet has the types of its parameters. */
  public boolean hasTypes() {
    return newTypes;
  }

  /** How many parameters are attributes and none of the statement's. */
  public int attributes() {
    return parameters - ownParameters;
  }

  /**
   * The types of the statement's own parameters, two bytes each, to be kept for {@link #write}.
   *
   * @throws IllegalStateException if the packet has none
   */
  public byte[] types() {
    if (!newTypes) {
      throw new IllegalStateException("an execution without types");
    }
    byte[] all = new byte[ownParameters * ParameterValues.TYPE];
    reader.reset(in, types, end);
    for (int i = 0; i < ownParameters; i++) {
      in.getBytes(reader.index(), all, i * ParameterValues.TYPE, ParameterValues.TYPE);
      skipType(reader);
    }
    return all;
  }

  /**
   * Writes the payload up to its values, which follow as they are: all bytes from {@link
   * #valuesIndex} on.
   *
   * @param id the statement's on the other side
   * @param known {@link #types} of an earlier execution, for a packet that has none; null to leave
   *     it without
   */
  public void write(ByteBuf out, long id, byte @Nullable [] known) {
    writeStart(out, id, flags);
    if (counted) {
      PacketWriter.lenenc(out, parameters);
    }
    if (parameters == 0) {
      return;
    }
    out.writeBytes(in, nulls, ParameterValues.bitmap(parameters));
    if (newTypes) {
      out.writeByte(1).writeBytes(in, types, values - types);
    } else if (known == null) {
      out.writeByte(0);
    } else {
      out.writeByte(1);
      for (int i = 0; i < parameters; i++) {
        out.writeBytes(known, i * ParameterValues.TYPE, ParameterValues.TYPE);
        if (counted) {
          out.writeByte(0); // a name of no bytes
        }
      }
    }
  }

  /**
   * Writes the whole payload without attributes and names, for a server that has no
   * QUERY_ATTRIBUTES.
   *
   * @param id the statement's on the other side
   * @param known {@link #types} of an earlier execution, for a packet that has none
   * @param longData the parameters, from 0 on, whose values came by COM_STMT_SEND_LONG_DATA
   * @throws ProtocolViolation if the values are malformed or not all there
   */
  public void writePlain(ByteBuf out, long id, byte @Nullable [] known, BitSet longData) {
    byte[] all = newTypes || known == null ? ownTypes() : known;
    writeStart(out, id, flags & ~COUNTED);
    if (ownParameters == 0) {
      return;
    }
    int bitmap = ParameterValues.bitmap(ownParameters);
    int last = out.writerIndex() + bitmap - 1;
    out.writeBytes(in, nulls, bitmap);
    if (ownParameters % 8 > 0) {
      out.setByte(last, out.getByte(last) & (1 << ownParameters % 8) - 1);
    }
    out.writeByte(newTypes || known != null ? 1 : 0);
    if (newTypes || known != null) {
      out.writeBytes(all);
    }
    if (attributes() == 0) {
      out.writeBytes(in, values, end - values);
      return;
    }
    reader.reset(in, values, end);
    for (int i = 0; i < ownParameters; i++) {
      boolean isNull = (in.getByte(nulls + i / 8) & 1 << i % 8) != 0;
      if (!isNull && !longData.get(i)) {
        ParameterValues.skip(reader, all[i * ParameterValues.TYPE] & 0xff);
      }
    }
    out.writeBytes(in, values, reader.index() - values);
  }

  /** Where the values begin. */
  public int valuesIndex() {
    return values;
  }

  private byte[] ownTypes() {
    return newTypes ? types() : new byte[0];
  }

  private void writeStart(ByteBuf out, long id, int newFlags) {
    out.writeByte(Command.STMT_EXECUTE).writeIntLE((int) id).writeByte(newFlags);
    out.writeIntLE((int) iterations);
  }
}
