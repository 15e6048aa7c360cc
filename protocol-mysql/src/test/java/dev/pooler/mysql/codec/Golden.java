package dev.pooler.mysql.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.Consumer;

/** Bytes as one reads them in the manuals: words are hexadecimal digits, or text in quotes. */
final class Golden {
  private Golden() {}

  static byte[] bytes(String golden) {
    ByteBuf out = Unpooled.buffer();
    for (String word : golden.strip().split("\\s+(?=([^']*'[^']*')*[^']*$)")) {
      if (word.startsWith("'")) {
        out.writeCharSequence(word.substring(1, word.length() - 1), StandardCharsets.UTF_8);
      } else {
        out.writeBytes(HexFormat.of().parseHex(word));
      }
    }
    return ByteBufUtil.getBytes(out);
  }

  static ByteBuf buffer(String golden) {
    return Unpooled.wrappedBuffer(bytes(golden));
  }

  static String hex(Consumer<ByteBuf> writer) {
    ByteBuf out = Unpooled.buffer();
    writer.accept(out);
    return ByteBufUtil.hexDump(out);
  }

  static String hex(String golden) {
    return HexFormat.of().formatHex(bytes(golden));
  }
}
