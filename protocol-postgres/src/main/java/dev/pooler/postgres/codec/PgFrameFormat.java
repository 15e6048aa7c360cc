package dev.pooler.postgres.codec;

import dev.pooler.core.wire.FrameFormat;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;

/**
 * A message after the start-up phase: one byte of type, then a length of four bytes that counts
 * itself but not the type (manual, "Message Formats"). The bounds per type are those of PostgreSQL
 * 18's SocketBackend (PQ_SMALL_MESSAGE_LIMIT, PQ_LARGE_MESSAGE_LIMIT), so nothing is refused that a
 * server would take.
 */
public enum PgFrameFormat implements FrameFormat {
  /** What clients send. */
  FRONTEND {
    @Override
    int largest(int type) {
      return switch (type) {
        case Frontend.QUERY,
            Frontend.PARSE,
            Frontend.BIND,
            Frontend.FUNCTION_CALL,
            Frontend.COPY_DATA ->
            LARGE;
        case Frontend.EXECUTE,
            Frontend.DESCRIBE,
            Frontend.CLOSE,
            Frontend.SYNC,
            Frontend.FLUSH,
            Frontend.COPY_DONE,
            Frontend.COPY_FAIL,
            Frontend.TERMINATE ->
            SMALL;
        default -> throw new ProtocolViolation("invalid frontend message type " + type);
      };
    }
  },
  /** What servers send. */
  BACKEND {
    @Override
    int largest(int type) {
      return LARGE;
    }
  };

  /** Bytes of a message's header. */
  public static final int HEADER = 5;

  private static final int SMALL = 10_000;
  private static final int LARGE = 0x3fffffff - 1;

  abstract int largest(int type);

  @Override
  public int headerLength() {
    return HEADER;
  }

  @Override
  public int type(ByteBuf in, int index) {
    return in.getByte(index) & 0xff;
  }

  @Override
  public long length(ByteBuf in, int index) {
    int type = type(in, index);
    int length = in.getInt(index + 1);
    if (length < 4 || length > largest(type)) {
      throw new ProtocolViolation(
          "invalid length " + (length & 0xffffffffL) + " of message '" + (char) type + "'");
    }
    return length + 1L;
  }
}
