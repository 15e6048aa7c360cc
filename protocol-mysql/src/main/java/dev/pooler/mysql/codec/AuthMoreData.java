package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;

/**
 * What a plugin of the server says to the client's (MySQL 9.7 protocol documentation,
 * "Protocol::AuthMoreData"). The client answers with a payload that has the data alone.
 */
public record AuthMoreData(byte[] data) {
  /**
   * Reads a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static AuthMoreData decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("auth data", in, index, end);
    reader.expect(PayloadHeader.AUTH_MORE_DATA, "the header");
    return new AuthMoreData(reader.restBytes());
  }

  /** Writes the payload. */
  public void encode(ByteBuf out) {
    out.writeByte(PayloadHeader.AUTH_MORE_DATA).writeBytes(data);
  }
}
