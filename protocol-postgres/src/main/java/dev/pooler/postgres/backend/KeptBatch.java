package dev.pooler.postgres.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The rest of a client's batch as the client sent it, for the case that the server refuses its
 * first message because a statement is outdated: then it is sent again and the client is not told.
 * Confined to the backend's loop.
 */
final class KeptBatch {
  private static final byte[] NOTHING = new byte[0];
  private static final int SMALLEST = 256;

  private byte[] bytes = NOTHING;
  private int length;

  /** 0 when there is nothing to repeat. */
  private int messages;

  /** The server has refused it, and it is to be sent again. */
  private boolean due;

  void keep(ByteBuf in, int index, int itsLength, int count) {
    if (bytes.length < itsLength) {
      bytes = new byte[Math.max(SMALLEST, Integer.highestOneBit(itsLength) * 2)];
    }
    in.getBytes(index, bytes, 0, itsLength);
    length = itsLength;
    messages = count;
  }

  /** Whether all that is not answered are its messages. */
  boolean isAllOf(int unanswered) {
    return messages > 0 && messages == unanswered;
  }

  /** Its first message is refused: it is sent again once the server has come to its end. */
  void refuse() {
    messages = 0;
    due = true;
  }

  /** Whether its answers are not the client's, because it is sent again. */
  boolean isDue() {
    return due;
  }

  /** It is sent again now; the caller's to release. */
  ByteBuf take() {
    due = false;
    return Unpooled.copiedBuffer(bytes, 0, length);
  }

  /** It is over: the buffer stays for the next. */
  void over() {
    messages = 0;
  }

  /** Another session is here. */
  void clear() {
    messages = 0;
    due = false;
  }
}
