package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * COM_CHANGE_USER: a login on a connection that has one, with the capabilities of the first (MySQL
 * 9.7 protocol documentation, "COM_CHANGE_USER"). The auth data are of the scramble that was sent
 * last; servers answer with a new one. The collation may be any: it has two bytes here.
 *
 * @param authData what the plugin says first; may be a password in clear text
 * @param schema empty for none
 * @param collation 0 where the client did not say: the server's default
 * @param plugin what the auth data are of; empty where there are no plugins
 */
public record ChangeUser(
    String user,
    AuthData authData,
    String schema,
    int collation,
    String plugin,
    ConnectAttributes attributes) {

  private static final int LONGEST = 0xff;

  /**
   * Reads a payload.
   *
   * @param capabilities those of the client's login request
   * @throws dev.pooler.core.wire.ProtocolViolation if servers would not take it either
   */
  public static ChangeUser decode(ByteBuf in, int index, int end, long capabilities) {
    PacketReader reader = new PacketReader("COM_CHANGE_USER", in, index, end);
    reader.expect(Command.CHANGE_USER, "the command");
    int userIndex = reader.index();
    reader.skip(reader.toZero("the user") + 1, "the user");
    AuthData authData = AuthData.of(reader.bytes(reader.u8("the auth data"), "the auth data"));
    int schemaIndex = reader.index();
    reader.skip(reader.toZero("the schema") + 1, "the schema");
    boolean plugins = Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH);
    int collation = plugins || reader.remaining() > 0 ? reader.u16("the collation") : 0;
    String plugin = plugins ? reader.nulString("the plugin", StandardCharsets.UTF_8) : "";
    ConnectAttributes attributes =
        Capabilities.has(capabilities, Capabilities.CONNECT_ATTRS)
            ? ConnectAttributes.decode(reader)
            : ConnectAttributes.NONE;
    Charset charset = LoginCharset.of(collation); // of what stands in front of it, too
    String user = reader.reset(in, userIndex, end).nulString("the user", charset);
    String schema = reader.reset(in, schemaIndex, end).nulString("the schema", charset);
    return new ChangeUser(user, authData, schema, collation, plugin, attributes);
  }

  /**
   * Writes the payload.
   *
   * @param capabilities those of our login request
   * @throws IllegalStateException if something can't be written so that it is read as it is
   */
  public void encode(ByteBuf out, long capabilities) {
    if (authData.length() > LONGEST) {
      throw new IllegalStateException("auth data of " + authData.length() + " bytes");
    }
    Charset charset = LoginCharset.of(collation);
    out.writeByte(Command.CHANGE_USER);
    PacketWriter.nulString(out, user, charset);
    out.writeByte(authData.length()).writeBytes(authData.bytes());
    PacketWriter.nulString(out, schema, charset);
    out.writeShortLE(collation);
    if (Capabilities.has(capabilities, Capabilities.PLUGIN_AUTH)) {
      PacketWriter.nulString(out, plugin, StandardCharsets.UTF_8);
    }
    if (Capabilities.has(capabilities, Capabilities.CONNECT_ATTRS)) {
      attributes.encode(out);
    }
  }
}
