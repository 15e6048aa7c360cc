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
 * <p>Where QUERY_ATTRIBUTES has been agreed on and the statement has parameters or the flag {@link
 * #COUNTED} is set, the packet says how many parameters it has, and all have names; what is above
 * the statement's own are attributes. (Connector/J, for MySQL 8.0.23 to 8.0.25, says the number
 * without the flag.)
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
        Capabilities.has(capabilities, Capabilities.QUERY_ATTRIBUTES)
            && (statementParameters > 0 || (flags & COUNTED) != 0);
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
   * @param withAttributes whether the other side has agreed on QUERY_ATTRIBUTES
   * @throws IllegalStateException if the packet has attributes and the other side can't: {@link
   *     #writeWithoutAttributes} then
   */
  public void write(ByteBuf out, long id, byte @Nullable [] known, boolean withAttributes) {
    if (!withAttributes && attributes() > 0) {
      throw new IllegalStateException("attributes for a server that has none");
    }
    writeHead(out, id, parameters, known, withAttributes && (counted || parameters > 0));
  }

  /**
   * Writes the whole payload without attributes and names, for a server that has not agreed on
   * QUERY_ATTRIBUTES.
   *
   * @param id the statement's on the other side
   * @param known {@link #types} of an earlier execution, for a packet that has none; null to leave
   *     it without
   * @param longData the parameters, from 0 on, whose values came by COM_STMT_SEND_LONG_DATA
   * @throws ProtocolViolation if the values are malformed or not all there
   */
  public void writeWithoutAttributes(
      ByteBuf out, long id, byte @Nullable [] known, BitSet longData) {
    writeHead(out, id, ownParameters, known, false);
    if (attributes() == 0) {
      out.writeBytes(in, values, end - values);
      return;
    }
    byte[] all = types(); // where there are attributes there are types
    reader.reset(in, values, end);
    for (int i = 0; i < ownParameters; i++) {
      boolean isNull = (in.getByte(nulls + i / 8) & 1 << i % 8) != 0;
      if (!isNull && !longData.get(i)) {
        ParameterValues.skip(reader, all[i * ParameterValues.TYPE] & 0xff);
      }
    }
    out.writeBytes(in, values, reader.index() - values);
  }

  private void writeHead(
      ByteBuf out, long id, int count, byte @Nullable [] known, boolean countedThere) {
    out.writeByte(Command.STMT_EXECUTE).writeIntLE((int) id);
    out.writeByte(countedThere ? flags | COUNTED : flags & ~COUNTED);
    out.writeIntLE((int) iterations);
    if (countedThere) {
      PacketWriter.lenenc(out, count);
    }
    if (count > 0) {
      writeNulls(out, count);
      out.writeByte(newTypes || known != null ? 1 : 0);
      if (newTypes) {
        copyTypes(out, count, countedThere);
      } else if (known != null) {
        writeTypes(out, known, countedThere);
      }
    }
  }

  private void writeNulls(ByteBuf out, int count) {
    int bytes = ParameterValues.bitmap(count);
    out.writeBytes(in, nulls, bytes);
    if (count % 8 > 0) { // what is above may be an attribute's
      int last = out.writerIndex() - 1;
      out.setByte(last, out.getByte(last) & (1 << count % 8) - 1);
    }
  }

  private void copyTypes(ByteBuf out, int count, boolean named) {
    if (named && counted) {
      out.writeBytes(in, types, values - types);
      return;
    }
    reader.reset(in, types, end);
    for (int i = 0; i < count; i++) {
      out.writeBytes(in, reader.index(), ParameterValues.TYPE);
      skipType(reader);
      if (named) {
        out.writeByte(0); // a name of no bytes
      }
    }
  }

  private void writeTypes(ByteBuf out, byte[] known, boolean named) {
    if (known.length != ownParameters * ParameterValues.TYPE) {
      throw new IllegalStateException("types of another statement: " + known.length + " bytes");
    }
    for (int i = 0; i < known.length; i += ParameterValues.TYPE) {
      out.writeBytes(known, i, ParameterValues.TYPE);
      if (named) {
        out.writeByte(0); // a name of no bytes
      }
    }
  }

  /** Where the values begin. */
  public int valuesIndex() {
    return values;
  }
}
