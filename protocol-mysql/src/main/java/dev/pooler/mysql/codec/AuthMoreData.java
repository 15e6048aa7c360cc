package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;

/**
 * What a plugin of the server says to the client's (MySQL 9.7 protocol documentation,
 * "Protocol::AuthMoreData"). The client answers with a payload that has the data alone.
 */
public final class AuthMoreData {
  private AuthMoreData() {}

  /**
   * The data of a payload.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static AuthData decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("auth data", in, index, end);
    reader.expect(PayloadHeader.AUTH_MORE_DATA, "the header");
    return AuthData.of(reader.restBytes());
  }

  /** Writes a payload. */
  public static void encode(ByteBuf out, AuthData data) {
    out.writeByte(PayloadHeader.AUTH_MORE_DATA).writeBytes(data.bytes());
  }
}
