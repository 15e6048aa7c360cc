package dev.pooler.postgres.client;

/**
 * Where a replication session stands.
 *
 * <pre>
 *   WAITING → CONNECTING → OPEN → ENDED
 *                          OPEN → PARTING → ENDED   there is something to say, but not within a message
 *   any → ENDED
 * </pre>
 */
enum ReplicationState {
  /** Logged in, waiting for a place. */
  WAITING,
  /** Its backend logs in. */
  CONNECTING,
  /** Bytes pass. */
  OPEN,
  /** The client is told why it ends when the message that it has the start of is over. */
  PARTING,
  ENDED;

  boolean mayBecome(ReplicationState next) {
    return switch (this) {
      case WAITING -> next == CONNECTING || next == ENDED;
      case CONNECTING -> next == OPEN || next == ENDED;
      case OPEN -> next == PARTING || next == ENDED;
      case PARTING -> next == ENDED;
      case ENDED -> false;
    };
  }
}
