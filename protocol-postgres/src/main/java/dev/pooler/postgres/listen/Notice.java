package dev.pooler.postgres.listen;

import dev.pooler.postgres.codec.Messages;
import io.netty.buffer.ByteBuf;

/**
 * A NoticeResponse of ours.
 *
 * @param hint what to do about it
 */
public record Notice(String sqlState, String message, String hint) implements Tidings {
  /** Severity, code and the rest of the frame, in bytes. */
  private static final int FRAME = 64;

  /** Notifications may be lost from now on. */
  public static final Notice LOST =
      new Notice(
          "01000",
          "the backend that listens for this session was lost: notifications may be missed",
          "Another notice says when it listens again.");

  /** They are heard again. */
  public static final Notice RESTORED =
      new Notice(
          "01000",
          "notifications are heard again: those of the time between are lost",
          "Look at what they would have told.");

  @Override
  public int length() {
    return FRAME + message.length() + hint.length();
  }

  @Override
  public void write(ByteBuf out, int reader) {
    Messages.warning(out, sqlState, message, hint);
  }
}
