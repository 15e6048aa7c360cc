package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The client's answer to a {@link Greeting} (MySQL 9.7 protocol documentation,
 * "Protocol::HandshakeResponse41"; MariaDB 11.4 documentation, "Connecting"). The client's
 * capabilities alone tell which fields there are; it should have been offered them.
 *
 * @param capabilities as the client said them; MariaDB's in the upper 32 bits
 * @param maxPacket the largest payload that the client wants, in bytes; nobody keeps to it
 * @param collation 0 to 255: for larger ones a SET NAMES has to follow
 * @param authData what the plugin says first; may be a password in clear text
 * @param schema null where none was asked for; empty means none, too
 * @param plugin what the auth data are of; empty where the client did not say
 * @param zstdLevel 0 where compression with zstd was not asked for
 */
public record LoginRequest(
    long capabilities,
    long maxPacket,
    int collation,
    String user,
    AuthData authData,
    @Nullable String schema,
    String plugin,
    ConnectAttributes attributes,
    int zstdLevel) {

  /** Bytes of the largest payload that a client needs: names, a secret, attributes. */
  public static final int LARGEST = 0x20000;

  /**
   * Reads a payload, of which nobody should take more than {@link #LARGEST} bytes.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none, or one from before MySQL 4.1
   */
  public static LoginRequest decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("a login request", in, index, end);
    SslRequest start = SslRequest.decode(reader);
    long capabilities = start.capabilities();
    Charset charset = LoginCharset.of(start.collation());
    String user = reader.nulString("the user", charset);
    AuthData authData = AuthData.of(authData(reader, capabilities));
    String schema =
        Capabilities.has(capabilities, Capabilities.CONNECT_WITH_DB)
            ? reader.nulString("the schema", charset)
            : null;
    String plugin =
        Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH)
            ? reader.nulOrRestString("the plugin") // servers take what is not terminated
            : "";
    ConnectAttributes attributes =
        Capabilities.has(capabilities, Capabilities.CONNECT_ATTRS)
            ? ConnectAttributes.decode(reader)
            : ConnectAttributes.NONE;
    int zstdLevel =
        Capabilities.has(capabilities, Capabilities.ZSTD_COMPRESSION_ALGORITHM)
                && reader.remaining() > 0 // who was not offered it leaves it out
            ? reader.u8("the compression level")
            : 0;
    return new LoginRequest(
        capabilities,
        start.maxPacket(),
        start.collation(),
        user,
        authData,
        schema,
        plugin,
        attributes,
        zstdLevel);
  }

  private static byte[] authData(PacketReader reader, long capabilities) {
    if (Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH_LENENC_CLIENT_DATA)) {
      return reader.lenencBytes("the auth data");
    }
    if (Capabilities.has(capabilities, Capabilities.SECURE_CONNECTION)) {
      return reader.bytes(reader.u8("the auth data"), "the auth data");
    }
    byte[] data = reader.bytes(reader.toZero("the auth data"), "the auth data");
    reader.skip(1, "the auth data");
    return data;
  }

  /**
   * Writes the payload; fields that the capabilities have not are left out.
   *
   * @throws IllegalStateException if something can't be written so that it is read as it is
   */
  public void encode(ByteBuf out) {
    new SslRequest(capabilities, maxPacket, collation).encode(out);
    Charset charset = LoginCharset.of(collation);
    PacketWriter.nulString(out, user, charset);
    if (Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH_LENENC_CLIENT_DATA)) {
      PacketWriter.lenencBytes(out, authData.bytes());
    } else if (Capabilities.has(capabilities, Capabilities.SECURE_CONNECTION)
        && authData.length() <= 0xff) {
      out.writeByte(authData.length()).writeBytes(authData.bytes());
    } else {
      throw new IllegalStateException("auth data of " + authData.length() + " bytes");
    }
    if (Capabilities.has(capabilities, Capabilities.CONNECT_WITH_DB)) {
      PacketWriter.nulString(out, schema == null ? "" : schema, charset);
    }
    if (Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH)) {
      PacketWriter.nulString(out, plugin, StandardCharsets.UTF_8);
    }
    if (Capabilities.has(capabilities, Capabilities.CONNECT_ATTRS)) {
      attributes.encode(out);
    }
    if (Capabilities.has(capabilities, Capabilities.ZSTD_COMPRESSION_ALGORITHM)) {
      out.writeByte(zstdLevel);
    }
  }
}
