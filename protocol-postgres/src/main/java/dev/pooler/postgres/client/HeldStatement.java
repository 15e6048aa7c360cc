package dev.pooler.postgres.client;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What a client asks that waits, for administrators: read where it lies, and cut. */
final class HeldStatement {
  private HeldStatement() {}

  /**
   * How the text begins of the first message; null where that has none, or it is not known.
   *
   * @param in from the beginning of a message, which may not be wholly here
   */
  static @Nullable String text(ByteBuf in, Dialect dialect, PreparedTraffic prepared) {
    int index = in.readerIndex();
    int body = index + PgFrameFormat.HEADER;
    if (in.writerIndex() < body) {
      return null;
    }
    int end;
    try {
      long length = PgFrameFormat.FRONTEND.length(in, index);
      end = (int) Math.min(in.writerIndex(), index + length);
    } catch (ProtocolViolation e) {
      return null; // whoever takes it will say so
    }
    return switch (PgFrameFormat.FRONTEND.type(in, index)) {
      case Frontend.QUERY -> shown(dialect, in, body, end);
      case Frontend.PARSE -> parsed(dialect, in, body, end);
      case Frontend.BIND -> bound(in, body, end, prepared);
      default -> null;
    };
  }

  private static @Nullable String parsed(Dialect dialect, ByteBuf in, int body, int end) {
    int text = behindZero(in, body, end);
    return text < 0 ? null : shown(dialect, in, text, end);
  }

  private static @Nullable String bound(ByteBuf in, int body, int end, PreparedTraffic prepared) {
    int name = behindZero(in, body, end);
    int behind = name < 0 ? -1 : behindZero(in, name, end);
    return behind < 0 ? null : prepared.text(in, name, behind - 1);
  }

  private static String shown(Dialect dialect, ByteBuf in, int text, int end) {
    int behind = behindZero(in, text, end);
    return LastStatement.shown(dialect, in, text, behind < 0 ? end : behind - 1);
  }

  /** Where it goes on behind the string that begins here; -1 where that does not end. */
  private static int behindZero(ByteBuf in, int from, int end) {
    int zero = from < end ? in.indexOf(from, end, (byte) 0) : -1;
    return zero < 0 ? -1 : zero + 1;
  }
}
