package dev.pooler.postgres.backend;

import dev.pooler.postgres.message.BackendType;
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

  /** The last reply was a ParameterDescription. */
  private boolean parametersSaid;

  /** The client has the ParameterDescription that comes next. */
  private boolean parametersAgain;

  /** A cancel was asked for, and nothing that its session asked has failed or ended since. */
  private boolean cancelled;

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

  /** A reply goes to the client. */
  void replied(int type) {
    parametersSaid = type == BackendType.PARAMETER_DESCRIPTION;
    parametersAgain &= !parametersSaid;
  }

  /**
   * Its first message is refused: it is sent again once the server has come to its end. The
   * Describe of a statement is refused when half of its answer has been said.
   */
  void refuse() {
    messages = 0;
    due = true;
    parametersAgain = parametersSaid;
  }

  /** Whether a ParameterDescription that comes next is said for the second time. */
  boolean repeatsParameters() {
    return parametersAgain;
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

  /** A cancel is asked for. */
  void onCancel() {
    cancelled = true;
  }

  /** Something has failed or ended since: the cancel may have been what did it. */
  void cancelOver() {
    cancelled = false;
  }

  /** Whether a cancel was asked for that has hit nothing. */
  boolean takeCancel() {
    boolean was = cancelled;
    cancelled = false;
    return was;
  }

  /** It is over: the buffer stays for the next. */
  void over() {
    messages = 0;
    parametersSaid = false; // an error and ReadyForQuery may have been all that came behind it
    parametersAgain &= due;
  }

  /** Another session is here. */
  void clear() {
    messages = 0;
    due = false;
    parametersSaid = false;
    parametersAgain = false;
  }
}
