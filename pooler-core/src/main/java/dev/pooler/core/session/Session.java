package dev.pooler.core.session;

import dev.pooler.core.config.PoolKey;

/** A client's conversation, as the registry sees it. Any thread may call. */
public interface Session {
  /** What a session is doing. */
  enum State {
    LOGIN,
    IDLE,
    WAITING,
    ACTIVE
  }

  long id();

  /** A glance from another thread: may be a moment old. */
  State state();

  /** The pool its backends come from. */
  PoolKey pool();

  /** Asks the session to end when its transaction is over, or at once where it is idle. */
  void drain();

  /** Ends the session now, telling the client why. */
  void close(CloseReason reason, SqlFailure told);
}
