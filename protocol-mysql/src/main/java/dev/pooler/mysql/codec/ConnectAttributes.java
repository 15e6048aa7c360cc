package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client tells about itself: {@code program_name}, {@code _client_name} and so on (MySQL 9.7
 * protocol documentation, "Protocol::HandshakeResponse41"; performance_schema
 * .session_connect_attrs). Kept as the bytes that came, which two logins are compared by.
 */
public final class ConnectAttributes {
  /** None. */
  public static final ConnectAttributes NONE = new ConnectAttributes(new byte[0]);

  /** The servers' own bound, in bytes (read_client_connect_attrs). */
  public static final int LARGEST = 0xffff;

  private final byte[] block;

  private ConnectAttributes(byte[] block) {
    this.block = block;
  }

  /**
   * From names and values, in their order.
   *
   * @throws IllegalStateException if they have more than {@value #LARGEST} bytes
   */
  public static ConnectAttributes of(Map<String, String> attributes) {
    ByteBuf out = Unpooled.buffer();
    attributes.forEach((name, value) -> {
      PacketWriter.lenencString(out, name);
      PacketWriter.lenencString(out, value);
    });
    if (out.readableBytes() > LARGEST) {
      throw new IllegalStateException("connection attributes of " + out.readableBytes() + " bytes");
    }
    return new ConnectAttributes(Arrays.copyOf(out.array(), out.readableBytes()));
  }

  static ConnectAttributes decode(PacketReader reader) {
    int length = reader.length("the connection attributes");
    if (length > LARGEST) {
      throw reader.violation("connection attributes of " + length + " bytes");
    }
    ConnectAttributes attributes =
        new ConnectAttributes(reader.bytes(length, "the connection attributes"));
    attributes.check();
    return attributes;
  }

  void encode(ByteBuf out) {
    PacketWriter.lenencBytes(out, block);
  }

  public boolean isEmpty() {
    return block.length == 0;
  }

  /** One value; null where there is none. */
  public @Nullable String get(String name) {
    return toMap().get(name);
  }

  /** All of them; of a name that comes twice the last. */
  public Map<String, String> toMap() {
    Map<String, String> map = new LinkedHashMap<>();
    PacketReader reader = reader();
    while (reader.remaining() > 0) {
      String name = text(reader);
      map.put(name, text(reader));
    }
    return map;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ConnectAttributes that && Arrays.equals(block, that.block);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(block);
  }

  @Override
  public String toString() {
    return toMap().toString();
  }

  private void check() {
    PacketReader reader = reader();
    while (reader.remaining() > 0) {
      reader.skip(reader.length("a name"), "a name");
      reader.skip(reader.length("a value"), "a value");
    }
  }

  private PacketReader reader() {
    return new PacketReader(
        "connection attributes", Unpooled.wrappedBuffer(block), 0, block.length);
  }

  private static String text(PacketReader reader) {
    return new String(reader.lenencBytes("text"), StandardCharsets.UTF_8);
  }
}
