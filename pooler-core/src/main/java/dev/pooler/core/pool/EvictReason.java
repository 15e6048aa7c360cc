package dev.pooler.core.pool;

import java.util.Locale;

/** Why a backend was taken out of its pool: the word in the log and the label of its metric. */
public enum EvictReason {
  CLIENT_GONE,
  BACKEND_CLOSED,
  BACKEND_FATAL,
  BACKEND_CHATTER,
  PROTOCOL_VIOLATION,
  RESET_FAILED,
  CANCEL_UNCERTAIN,
  /** The server process had no memory left for a statement: it may be bloated. */
  OUT_OF_MEMORY,
  /** A session has left there what DISCARD ALL does not take away. */
  NOT_CLEANABLE,
  /** What gave it its next session's settings was ended by a time limit, or by somebody. */
  NOT_ALIGNED,
  /** Its age or its idleness, or that RECONNECT or a pause asked for it. */
  RETIRED,
  /** The pool has become smaller, or its reserve is closed again. */
  SURPLUS,
  /** Another pool waited for its place, within a limit that spans pools. */
  YIELDED,
  POOL_CLOSED,
  OUR_FAULT;

  /** The metric label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
