package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The server's first packet (MySQL 9.7 protocol documentation, "Protocol::HandshakeV10"; MariaDB
 * 11.4 documentation, "Connecting"). A server that takes nobody in sends an {@link ErrPacket}
 * instead: look at the first byte.
 *
 * @param version as the server says it; MariaDB before 11.0 puts {@value #REPLICATION_PREFIX} in
 *     front
 * @param connectionId what KILL wants, 32 bits without a sign
 * @param scramble the plugin's data without the zero byte behind: 20 bytes
 * @param capabilities MariaDB's in the upper 32 bits; see {@link Capabilities}
 * @param collation the server's default, of which the packet has the lowest eight bits
 * @param plugin the default authentication plugin; empty where the server has no plugins
 */
public record Greeting(
    String version,
    long connectionId,
    AuthData scramble,
    long capabilities,
    int collation,
    int status,
    String plugin) {

  /** The only version of the handshake that we know, and what a greeting begins with. */
  public static final int PROTOCOL_VERSION = 10;

  /** So that replicas of MySQL take MariaDB for something newer than 5.5. */
  public static final String REPLICATION_PREFIX = "5.5.5-";

  /** Bytes of a scramble. */
  public static final int SCRAMBLE = 20;

  private static final int FIRST_PART = 8;

  /** The second part's least length, its zero byte included. */
  private static final int SECOND_PART = 13;

  private static final int RESERVED = 6;

  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none, or one from before MySQL 4.1
   */
  public static Greeting decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("a greeting", in, index, end);
    reader.expect(PROTOCOL_VERSION, "the handshake's version");
    String version = reader.nulString("the server's version", StandardCharsets.UTF_8);
    long connectionId = reader.u32("the connection id");
    byte[] first = reader.bytes(FIRST_PART, "the scramble");
    reader.skip(1, "the filler");
    long capabilities = reader.u16("the capabilities");
    int collation = reader.u8("the collation");
    int status = reader.u16("the status");
    capabilities |= (long) reader.u16("the capabilities") << Short.SIZE;
    if (!Capabilities.has(capabilities, Capabilities.PROTOCOL_41)) {
      throw reader.violation("the server is older than MySQL 4.1");
    }
    int length = reader.u8("the scramble's length");
    reader.skip(RESERVED, "reserved bytes");
    long extended = reader.u32("the extended capabilities");
    if (!Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)) {
      capabilities |= extended << Integer.SIZE;
    }
    byte[] second = reader.bytes(Math.max(SECOND_PART, length - FIRST_PART), "the scramble");
    String plugin =
        Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH)
            ? reader.nulOrRestString("the plugin") // early 5.5 and 5.6 don't end it (bug 59453)
            : "";
    return new Greeting(
        version,
        connectionId,
        AuthData.of(joined(first, second)),
        capabilities,
        collation,
        status,
        plugin);
  }

  /**
   * Writes the payload.
   *
   * @throws IllegalStateException if the scramble is not {@value #SCRAMBLE} bytes long, or has a
   *     zero byte, which clients take for its end
   */
  public void encode(ByteBuf out) {
    byte[] bytes = scramble.bytes();
    if (bytes.length != SCRAMBLE || has(bytes, (byte) 0)) {
      throw new IllegalStateException("no scramble: " + bytes.length + " bytes");
    }
    out.writeByte(PROTOCOL_VERSION);
    PacketWriter.nulString(out, version, StandardCharsets.UTF_8);
    out.writeIntLE((int) connectionId);
    out.writeBytes(bytes, 0, FIRST_PART).writeByte(0);
    out.writeShortLE((int) capabilities);
    out.writeByte(collation);
    out.writeShortLE(status);
    out.writeShortLE((int) (capabilities >> Short.SIZE));
    boolean plugins = Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH);
    out.writeByte(plugins ? SCRAMBLE + 1 : 0);
    out.writeZero(RESERVED);
    out.writeIntLE(
        Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)
            ? 0
            : (int) (capabilities >> Integer.SIZE));
    out.writeBytes(bytes, FIRST_PART, SCRAMBLE - FIRST_PART).writeByte(0);
    if (plugins) {
      PacketWriter.nulString(out, plugin, StandardCharsets.UTF_8);
    }
  }

  /** Whether a MariaDB server said this. */
  public boolean mariaDb() {
    return !Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)
        || version.startsWith(REPLICATION_PREFIX)
        || version.contains("MariaDB");
  }

  /** The version without what MariaDB puts in front. */
  public String plainVersion() {
    return version.startsWith(REPLICATION_PREFIX)
        ? version.substring(REPLICATION_PREFIX.length())
        : version;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    int length = second.length;
    if (second[length - 1] == 0) {
      length--;
    }
    byte[] all = Arrays.copyOf(first, first.length + length);
    System.arraycopy(second, 0, all, first.length, length);
    return all;
  }

  private static boolean has(byte[] bytes, byte wanted) {
    for (byte b : bytes) {
      if (b == wanted) {
        return true;
      }
    }
    return false;
  }
}
