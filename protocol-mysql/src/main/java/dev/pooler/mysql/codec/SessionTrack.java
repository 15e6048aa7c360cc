package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What an OK packet tells to have changed in the session, one change after the other (MySQL 9.7
 * protocol documentation, "Session State Information"; MariaDB 11.4 documentation, "OK_Packet").
 * Allocates where text is asked for, and for a violation. Used again for the next packet; the
 * buffer is the caller's to keep meanwhile.
 *
 * <p>A change has a name (of a variable), or a value alone. Types that are not known are passed
 * over.
 */
public final class SessionTrack {
  /** Name and value of a system variable, as SHOW VARIABLES shows them. */
  public static final int SYSTEM_VARIABLES = 0;

  /** The value is the current schema's name, empty for none. */
  public static final int SCHEMA = 1;

  /** The value is "1": something of the session changed, which a reset would take away. */
  public static final int STATE_CHANGE = 2;

  /** MySQL: the value is a set of GTIDs. */
  public static final int GTIDS = 3;

  /** The value is statements that begin a transaction like the one that is open; empty for none. */
  public static final int TRANSACTION_CHARACTERISTICS = 4;

  /** The value is eight characters, one for each thing that a transaction may have done. */
  public static final int TRANSACTION_STATE = 5;

  /** MariaDB, where it was built so: name and value of a user variable. */
  public static final int USER_VARIABLES = 12;

  private final PacketReader items =
      new PacketReader("a session's change", Unpooled.EMPTY_BUFFER, 0, 0);
  private final PacketReader item =
      new PacketReader("a session's change", Unpooled.EMPTY_BUFFER, 0, 0);
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private int type;
  private int name;
  private int nameLength;
  private int value;
  private int valueLength;

  SessionTrack begin(ByteBuf buffer, int index, int end) {
    in = buffer;
    items.reset(buffer, index, end);
    item.reset(buffer, end, end);
    return this;
  }

  /**
   * Goes to the next change.
   *
   * @return false if there was none
   * @throws dev.pooler.core.wire.ProtocolViolation if it is malformed
   */
  public boolean next() {
    while (item.remaining() == 0 || !known(type)) {
      if (items.remaining() == 0) {
        return false;
      }
      type = items.u8("the type");
      int length = items.length("the data");
      int index = items.skip(length, "the data");
      item.reset(in, index, index + length);
      if (length == 0 && known(type)) {
        throw item.violation("type " + type + " without data");
      }
    }
    readItem();
    return true;
  }

  private void readItem() {
    nameLength = 0;
    name = item.index();
    if (type == SYSTEM_VARIABLES || type == USER_VARIABLES) {
      nameLength = item.length("the name");
      name = item.skip(nameLength, "the name");
    } else if (type == GTIDS) {
      item.skip(1, "the encoding");
    }
    valueLength = item.lengthOrNull("the value");
    value = item.skip(Math.max(0, valueLength), "the value");
    if (nameLength == 0 && item.remaining() > 0) {
      throw item.violation("more than a value in type " + type);
    }
  }

  private static boolean known(int type) {
    return (type >= SYSTEM_VARIABLES && type <= TRANSACTION_STATE) || type == USER_VARIABLES;
  }

  /** One of the constants. */
  public int type() {
    return type;
  }

  /** The variable's name; empty where the change has none. */
  public String name() {
    return in.toString(name, nameLength, StandardCharsets.UTF_8);
  }

  /** Whether this is the variable's name, in lower case as servers write it; allocates nothing. */
  public boolean nameIs(byte[] lowerCase) {
    if (lowerCase.length != nameLength) {
      return false;
    }
    for (int i = 0; i < nameLength; i++) {
      if (in.getByte(name + i) != lowerCase[i]) {
        return false;
      }
    }
    return true;
  }

  /** The value; null for NULL. */
  public @Nullable String value() {
    return valueLength < 0 ? null : in.toString(value, valueLength, StandardCharsets.UTF_8);
  }

  /** Where the value's bytes begin. */
  public int valueIndex() {
    return value;
  }

  /** Bytes of the value; -1 for NULL. */
  public int valueLength() {
    return valueLength;
  }
}
