package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The server wants another plugin's auth data (MySQL 9.7 protocol documentation,
 * "Protocol::AuthSwitchRequest").
 *
 * @param data the plugin's, as they came; see {@link #scramble}
 */
public record AuthSwitchRequest(String plugin, AuthData data) {
  /**
   * What a request of one byte means ("Protocol::OldAuthSwitchRequest"); nobody should take part.
   */
  public static final String OLD_PASSWORD = "mysql_old_password";

  /**
   * Reads a payload, the old form too.
   *
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public static AuthSwitchRequest decode(ByteBuf in, int index, int end) {
    PacketReader reader = new PacketReader("an auth switch request", in, index, end);
    reader.expect(PayloadHeader.AUTH_SWITCH, "the header");
    if (reader.remaining() == 0) {
      return new AuthSwitchRequest(OLD_PASSWORD, AuthData.NONE);
    }
    String plugin = reader.nulString("the plugin", StandardCharsets.UTF_8);
    return new AuthSwitchRequest(plugin, AuthData.of(reader.restBytes()));
  }

  /** Asks for a plugin that wants a scramble, of {@link Greeting#SCRAMBLE} bytes. */
  public static AuthSwitchRequest of(String plugin, AuthData scramble) {
    byte[] ended = Arrays.copyOf(scramble.bytes(), scramble.length() + 1);
    return new AuthSwitchRequest(plugin, AuthData.of(ended));
  }

  /** Writes the payload, in the new form. */
  public void encode(ByteBuf out) {
    out.writeByte(PayloadHeader.AUTH_SWITCH);
    PacketWriter.nulString(out, plugin, StandardCharsets.UTF_8);
    out.writeBytes(data.bytes());
  }

  /** The data without the zero byte that stands behind a scramble. */
  public AuthData scramble() {
    byte[] bytes = data.bytes();
    boolean ended = bytes.length == Greeting.SCRAMBLE + 1 && bytes[Greeting.SCRAMBLE] == 0;
    return ended ? AuthData.of(Arrays.copyOf(bytes, Greeting.SCRAMBLE)) : data;
  }
}
