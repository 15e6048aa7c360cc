package dev.pooler.postgres.client;

import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Texts that are none in their client's encoding: the server refuses the message that holds one
 * (22021, pq_getmsgstring) before it begins with it, so that it drops no statement without a name.
 */
final class UnreadableText {
  private static final long HIGH_BITS = 0x8080808080808080L;

  private UnreadableText() {}

  /** Whether the server surely refuses it so; false also where that depends on what is asked. */
  static boolean is(ByteBuf in, int from, int end, SessionBackend backend) {
    return !isAscii(in, from, end)
        && !backend.owes()
        && isUtf8(backend.reportedSettings())
        && !ByteBufUtil.isText(in, from, end - from, StandardCharsets.UTF_8);
  }

  private static boolean isAscii(ByteBuf in, int from, int end) {
    int i = from;
    for (; i + Long.BYTES <= end; i += Long.BYTES) {
      if ((in.getLong(i) & HIGH_BITS) != 0) {
        return false;
      }
    }
    for (; i < end; i++) {
      if (in.getByte(i) < 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isUtf8(Map<String, String> reported) {
    return "UTF8".equals(reported.get("client_encoding"))
        && "UTF8".equals(reported.get("server_encoding"));
  }
}
