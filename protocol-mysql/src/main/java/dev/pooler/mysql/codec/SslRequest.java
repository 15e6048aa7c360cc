package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;

/**
 * The beginning of a login request, behind which TLS begins and the whole request comes again
 * (MySQL 9.7 protocol documentation, "Protocol::SSLRequest").
 *
 * @param capabilities SSL among them; MariaDB's in the upper 32 bits
 * @param maxPacket the largest payload that the client wants, in bytes; nobody keeps to it
 * @param collation of which the packet has the lowest eight bits
 */
public record SslRequest(long capabilities, long maxPacket, int collation) {
  /** Bytes of the payload, and of what a login request begins with. */
  public static final int PAYLOAD = 32;

  private static final int RESERVED = 19;

  /** Whether a client's first payload asks for TLS and is no login request yet. */
  public static boolean is(ByteBuf in, int index, int end) {
    return end - index == PAYLOAD && Capabilities.has(in.getUnsignedIntLE(index), Capabilities.SSL);
  }

  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none, or one from before MySQL 4.1
   */
  public static SslRequest decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("an SSL request", in, index, end);
    SslRequest request = decode(reader);
    if (reader.remaining() > 0 || !Capabilities.has(request.capabilities, Capabilities.SSL)) {
      throw reader.violation("is something else");
    }
    return request;
  }

  static SslRequest decode(PacketReader reader) {
    long capabilities = reader.u32("the capabilities");
    if (!Capabilities.has(capabilities, Capabilities.PROTOCOL_41)) {
      throw reader.violation("the client is older than MySQL 4.1");
    }
    long maxPacket = reader.u32("the largest packet");
    int collation = reader.u8("the collation");
    reader.skip(
        RESERVED, "reserved bytes"); // some write a collation's upper bits; servers don't look
    long extended = reader.u32("the extended capabilities");
    if (!Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)) {
      capabilities |= extended << Integer.SIZE;
    }
    return new SslRequest(capabilities, maxPacket, collation);
  }

  /**
   * Writes the payload.
   *
   * @throws IllegalStateException if the collation is not {@link
   *     dev.pooler.mysql.packet.Collations#inOneByte in one byte}: it would be taken for another
   */
  public void encode(ByteBuf out) {
    if (collation < 0 || collation > 0xff) {
      throw new IllegalStateException("collation " + collation + " in a login request");
    }
    out.writeIntLE((int) capabilities).writeIntLE((int) maxPacket).writeByte(collation);
    out.writeZero(RESERVED);
    out.writeIntLE(
        Capabilities.has(capabilities, Capabilities.LONG_PASSWORD)
            ? 0
            : (int) (capabilities >> Integer.SIZE));
  }
}
