package dev.pooler.postgres.backend;

import dev.pooler.core.relay.RequestEffect;

/**
 * Whose values of sequences a backend may hold, which currval and lastval answer from. Confined to
 * its backend's loop.
 */
final class BackendSequences {
  private static final long NOBODY = 0;

  /** The number of the session that has it, or had it last. */
  private long visitor = NOBODY;

  private boolean own = true;

  private final RequestEffect skipped =
      new RequestEffect() {
        @Override
        public void done() {}

        @Override
        public void undone() {
          notForgotten();
        }
      };

  /** A session takes the backend; false if another has been here since that one's last lease. */
  boolean visit(long session) {
    if (visitor == session) {
      return true;
    }
    own &= visitor == NOBODY;
    visitor = session;
    return false;
  }

  /** What is there was drawn by the visitor alone. */
  boolean areOwn() {
    return own;
  }

  /** The server is asked to forget all of it, which counts at once, unless it skips that. */
  RequestEffect forgotten() {
    own = true;
    return skipped;
  }

  void notForgotten() {
    own = false;
  }

  /** The backend is as new. */
  void reset() {
    visitor = NOBODY;
    own = true;
  }
}
