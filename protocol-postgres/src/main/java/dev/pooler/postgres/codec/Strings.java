package dev.pooler.postgres.codec;

import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Reads the zero-terminated strings of a message body. */
public final class Strings {
  private Strings() {}

  /**
   * Index of the zero byte that ends the string at {@code index}.
   *
   * @throws ProtocolViolation if there is none before {@code end}
   */
  public static int end(ByteBuf in, int index, int end) {
    int zero = in.indexOf(index, end, (byte) 0);
    if (zero < 0) {
      throw new ProtocolViolation("a string is not terminated");
    }
    return zero;
  }

  public static String read(ByteBuf in, int index, int end) {
    return in.toString(index, end(in, index, end) - index, StandardCharsets.UTF_8);
  }
}
