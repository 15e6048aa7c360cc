package dev.pooler.mysql.codec;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.BitSet;
import java.util.List;

/**
 * A payload and what reads it.
 *
 * @param optional bytes at its end that may be cut off
 */
record Sample(String name, String golden, int optional, Reader reader) {
  static final long TRACKED = Capabilities.SESSION_TRACK | Capabilities.DEPRECATE_EOF;
  static final long ATTRIBUTES = Capabilities.QUERY_ATTRIBUTES;

  // The examples of the protocol documentation, and some of our own.

  /** The documentation's, of MySQL 5.5.2. */
  static final String GREETING_55 =
      "0a '5.5.2-m2' 00 0b000000 'dvH@I-CJ' 00 fff7 08 0200 0000 00 00000000000000000000"
          + " '*4d|cZwk4^]:' 00";

  /** The documentation's, of MySQL 5.6.4. */
  static final String GREETING_56 =
      "0a '5.6.4-m7-log' 00 560a0000 'RB3vz&Gr' 00 ffff 08 0200 0fc0 15 00000000000000000000"
          + " '+yD&/ZZ305ZG' 00 'mysql_native_password' 00";

  /** The documentation's, of MySQL 5.5. */
  static final String LOGIN =
      "8da60f00 00000001 08 0000000000000000000000000000000000000000000000 'pam' 00"
          + " 14 ab09eef6bcb1323e6114 3865c0991d957d75d447 'test' 00 'mysql_native_password' 00";

  /** The documentation's, of MySQL 5.6.6. */
  static final String LOGIN_WITH_ATTRIBUTES =
      "85a21e00 00000040 08 0000000000000000000000000000000000000000000000 'root' 00"
          + " 14 225079a212d4e882e5b3f41a97756bc8bedb9f80 'mysql_native_password' 00"
          + " 61 03 '_os' 09 'debian6.0' 0c '_client_name' 08 'libmysql' 04 '_pid' 05 '22344'"
          + " 0f '_client_version' 08 '5.6.6-m9' 09 '_platform' 06 'x86_64' 03 'foo' 03 'bar'";

  /** A MariaDB client's. */
  static final String MARIADB_LOGIN =
      "8ca2ff01 00000040 2d 00000000000000000000000000000000000000 1d000000 'root' 00"
          + " 00 'shop' 00 'mysql_native_password' 00 05 01 'a' 02 'bc'";

  static final String SSL_REQUEST =
      "05ae0300 00000001 08 0000000000000000000000000000000000000000000000";

  static final String CHANGE_USER =
      "11 'app' 00 03 010203 'shop' 00 0009 'caching_sha2_password' 00 08 03 'foo' 03 'bar'";

  static final String TRACKED_OK =
      "00 01 fc2c01 0240 0100 02 'hi' 1f"
          + " 00 0f 0a 'autocommit' 03 'OFF' 01 05 04 'test' 02 02 01 '1' 2a 01 00";

  /** COM_QUERY with two attributes, the second NULL, and one that has no name. */
  static final String QUERY_WITH_ATTRIBUTES =
      "03 03 01 02 01 fe00 05 'trace' 0300 01 'n' 0800 00 03 'a;b' 2a00000000000000 'SELECT 1'";

  static final String EXECUTE = "17 01000000 00 01000000 00 01 0f00 03 'foo'";

  /** As node's mysql2 does: types with names, and one more, an attribute. */
  static final String EXECUTE_WITH_ATTRIBUTES =
      "17 04000000 08 01000000 02 00 01 fd00 00 fd00 05 'trace' 05 'admin' 03 'xyz'";

  static final List<Sample> ALL =
      List.of(
          new Sample("greeting 5.5", GREETING_55, 0, Greeting::decode),
          new Sample("greeting 5.6", GREETING_56, 22, Greeting::decode),
          new Sample("login", LOGIN, 22, LoginRequest::decode),
          new Sample("login with attributes", LOGIN_WITH_ATTRIBUTES, 0, LoginRequest::decode),
          new Sample("MariaDB login", MARIADB_LOGIN, 0, LoginRequest::decode),
          new Sample("SSL request", SSL_REQUEST, 0, SslRequest::decode),
          new Sample(
              "change user",
              CHANGE_USER,
              0,
              (in, index, end) ->
                  ChangeUser.decode(
                      in, index, end, Capabilities.PLUGIN_AUTH | Capabilities.CONNECT_ATTRS)),
          new Sample(
              "auth switch",
              "fe 'mysql_native_password' 00 'zQg4ioNy6=rHN/>-b)A' 00",
              20,
              AuthSwitchRequest::decode),
          new Sample("auth data", "01 04", 1, AuthMoreData::decode),
          new Sample("OK", "00 00 00 0200 0000", 0, (in, i, e) -> new OkPacket().read(in, i, e, 0)),
          new Sample(
              "tracked OK",
              TRACKED_OK,
              0,
              (in, i, e) -> new OkPacket().read(in, i, e, TRACKED).info()),
          new Sample("session track", "00 0f 0a 'autocommit' 03 'OFF'", 0, Sample::track),
          new Sample("GTIDs", "03 06 00 04 'a:1-' ", 0, Sample::track),
          new Sample("ERR", "ff 4804 '#HY000' 'No tables used'", 14, ErrPacket::decode),
          new Sample("EOF", "fe 0000 0200", 0, EofPacket::status),
          new Sample(
              "query attributes",
              QUERY_WITH_ATTRIBUTES,
              8,
              (in, i, e) -> new QueryAttributes().textIndex(in, i, e)),
          new Sample("execution", EXECUTE, 4, (in, i, e) -> new StmtExecute().read(in, i, e, 0, 1)),
          new Sample("execution with attributes", EXECUTE_WITH_ATTRIBUTES, 10, Sample::types),
          new Sample(
              "execution without its attributes",
              EXECUTE_WITH_ATTRIBUTES,
              4, // the attribute's value
              Sample::plain),
          new Sample(
              "prepare OK",
              "00 01000000 0100 0200 00 0000 01",
              0,
              (in, i, e) -> PrepareOk.decode(in, i, e, Capabilities.OPTIONAL_RESULTSET_METADATA)),
          new Sample("set option", "1b 0100", 0, SetOption::decode),
          new Sample("refresh", "07 01", 0, Refresh::decode),
          new Sample("process kill", "0c 05000000", 0, ProcessKill::decode),
          new Sample("statement id", "19 05000000", 0, Commands::statementId));

  interface Reader {
    Object read(ByteBuf in, int index, int end);
  }

  private static Object types(ByteBuf in, int index, int end) {
    StmtExecute execute = new StmtExecute().read(in, index, end, ATTRIBUTES, 1);
    return execute.hasTypes() ? execute.types() : execute;
  }

  private static Object plain(ByteBuf in, int index, int end) {
    ByteBuf out = Unpooled.buffer();
    new StmtExecute()
        .read(in, index, end, ATTRIBUTES, 1)
        .writeWithoutAttributes(out, 1, null, new BitSet());
    return out;
  }

  private static Object track(ByteBuf in, int index, int end) {
    SessionTrack track = new SessionTrack().begin(in, index, end);
    int changes = 0;
    while (track.next()) {
      track.name();
      track.value();
      changes++;
    }
    if (changes == 0) {
      throw new ProtocolViolation("none");
    }
    return changes;
  }

  byte[] bytes() {
    return Golden.bytes(golden);
  }

  @Override
  public String toString() {
    return name;
  }
}
