package dev.pooler.core.session;

import dev.pooler.core.config.PoolKey;
import io.netty.channel.EventLoop;
import java.util.concurrent.CompletionStage;

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

  /** How many statements its client has prepared by name; a glance. */
  default int preparedStatements() {
    return 0;
  }

  /**
   * The session at one moment, in short. Completes on its loop; may throw
   * RejectedExecutionException where that is over.
   */
  CompletionStage<SessionDetail> describe();

  /** Its whole state; as {@link #describe}, for one of them at a time. */
  CompletionStage<SessionReport> report();

  /** Whether it has time limits, and wants ticks. Does not change. */
  default boolean timed() {
    return false;
  }

  /** The janitor's tick for the sessions of one loop, on that loop; others ignore it. */
  default void tick(EventLoop loop) {}

  /** Asks the session to end when its transaction is over, or at once where it is idle. */
  void drain();

  /** Ends the session now, telling the client why. */
  void close(CloseReason reason, SqlFailure told);
}
