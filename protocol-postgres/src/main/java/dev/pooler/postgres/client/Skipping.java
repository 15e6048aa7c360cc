package dev.pooler.postgres.client;

import dev.pooler.postgres.message.Frontend;

/**
 * Which of a client's frames are dropped after a failure that no backend has seen. The rules are
 * the server's: a failed simple query is over at once, a failed batch with its Sync.
 */
enum Skipping {
  NOTHING,
  ONE_FRAME,
  TO_SYNC;

  /** What to skip when the request that begins with {@code type} has failed. */
  static Skipping after(int type) {
    return type == Frontend.QUERY || type == Frontend.FUNCTION_CALL ? ONE_FRAME : TO_SYNC;
  }

  /** Whether a frame of this type is the last to be skipped. */
  boolean endsWith(int type) {
    return this == ONE_FRAME || type == Frontend.SYNC;
  }
}
