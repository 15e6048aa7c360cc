package dev.pooler.postgres.backend;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.session.PgSettings;
import org.jspecify.annotations.Nullable;

/**
 * What of ours stands in front of the client's batch or query: settings, a BEGIN, the Parse of a
 * statement that a query names. While it is not answered nothing may be sent behind that batch. The
 * server takes it back if the batch fails, but for a Parse. Confined to the backend's loop.
 */
final class BatchFront {
  private @Nullable SettingsInFront settings;
  private boolean open;
  private boolean beginLost;

  private final RequestEffect ofParse =
      new RequestEffect() {
        @Override
        public void done() {
          open = settings != null;
        }

        @Override
        public void undone() {
          // The server skips to a Sync: ours is on its way, or the client's must be let through.
          open = settings != null;
        }
      };

  private final RequestEffect ofBegin =
      new RequestEffect() {
        @Override
        public void done() {
          open = false;
        }

        @Override
        public void undone() {
          beginLost = true;
        }
      };

  /** Settings stand there. */
  void put(SettingsInFront mine) {
    settings = mine;
    open = true;
  }

  /** A Parse stands there, in front of a query; to be told of its answer. */
  RequestEffect putParse() {
    open = true;
    return ofParse;
  }

  /** A BEGIN stands there; to be told of its answer. */
  RequestEffect putBegin() {
    open = true;
    return ofBegin;
  }

  /** Whether anything of it is not answered. */
  boolean isOpen() {
    return open;
  }

  boolean holdsSettings() {
    return settings != null;
  }

  /** Something of the batch has failed. */
  void fail() {
    if (settings != null) {
      settings.fail();
    }
  }

  /** Whether the server reports a setting because of those that stand there. */
  boolean explains(String name, String value) {
    return settings != null && settings.explains(name, value);
  }

  /** Whether a BEGIN has not been carried out. */
  boolean takeBeginLost() {
    boolean was = beginLost;
    beginLost = false;
    return was;
  }

  /** The batch is over; returns the settings that the backend has, if it had {@code before}. */
  PgSettings settle(TransactionState transaction, PgSettings before) {
    SettingsInFront mine = settings;
    settings = null;
    open = false;
    if (mine == null) {
      return before;
    }
    boolean kept = !mine.failed() && transaction == TransactionState.IDLE;
    return kept ? mine.wanted() : PgSettings.UNKNOWN;
  }

  /** A transaction that has failed is open instead of the one that was to be begun. */
  void beginReplaced() {
    open = false;
  }

  void clear() {
    settings = null;
    open = false;
    beginLost = false;
  }
}
