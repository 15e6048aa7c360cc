package dev.pooler.postgres.listen;

import io.netty.buffer.ByteBuf;

/** What a session is told between two transactions. */
public sealed interface Tidings permits Notification, Notice {
  /** What the objects around one take while it waits, about. */
  int BESIDE = 96;

  /** Bytes of the message. */
  int length();

  /** Bytes of it while it waits. */
  default int size() {
    return BESIDE + length();
  }

  /**
   * Writes the message.
   *
   * @param reader the process id that the session was told at its login
   */
  void write(ByteBuf out, int reader);
}
