package dev.pooler.postgres.listen;

import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A session's part of the shared listener. Called on the session's loop. */
public interface Subscription {
  /**
   * These channels and no others.
   *
   * @return completes on the session's loop when all of them are listened to; fails with {@link
   *     IllegalStateException} when the listener has no backend
   */
  CompletionStage<@Nullable Void> want(Set<String> channels);

  /** The payload of a fence: nobody else has it, and nobody had it before. */
  String nextFence();

  /** The channel of fences. */
  String fenceChannel();

  /** A fence was not heard: the backend may be deaf, and is given up. */
  void suspect();

  /** Whether sessions end when the listener's backend is lost. */
  boolean closesOnGap();

  /** The session listens to nothing any more; it is not called again. */
  void end();
}
