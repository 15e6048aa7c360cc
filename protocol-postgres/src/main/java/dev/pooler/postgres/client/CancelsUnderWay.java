package dev.pooler.postgres.client;

import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.Lease;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cancels that are on their way to a session's backend. While one is, the lease does not end,
 * and what is asked next waits: it must not be what is hit (docs/design/cancel.md). Confined to the
 * session's loop.
 */
final class CancelsUnderWay {
  private static final Logger LOG = LoggerFactory.getLogger(CancelsUnderWay.class);

  private final PgSession session;

  /** Cancels on their way to the backend. */
  private int cancelling;

  /** Nothing is sent before they have come to their end. */
  private boolean awaitsCancel;

  /** One that came to no end may still hit what runs on this backend. */
  private boolean mayBeHit;

  CancelsUnderWay(PgSession session) {
    this.session = session;
  }

  /** Another backend is there. */
  void onLease() {
    mayBeHit = false;
  }

  boolean any() {
    return cancelling > 0;
  }

  /** Nothing is sent before they have come to their end; see {@link PgSession#cancelOver}. */
  void await() {
    awaitsCancel = true;
  }

  boolean awaited() {
    return awaitsCancel;
  }

  /** Whether one that came to no end may have hit a request of ours; it is not counted on twice. */
  boolean takeMayBeHit() {
    boolean was = mayBeHit;
    mayBeHit = false;
    return was;
  }

  /** Sends one to what runs. */
  void send(Lease mine, CompletableFuture<@Nullable Void> done) {
    cancelling++;
    mine.backend()
        .cancel()
        .whenComplete((sent, failure) ->
            session.channel.eventLoop().execute(() -> cancelled(mine, failure, done)));
  }

  private void cancelled(
      Lease target, @Nullable Throwable failure, CompletableFuture<@Nullable Void> done) {
    cancelling--;
    done.complete(null);
    if (session.lease != target) {
      return;
    }
    if (failure != null) {
      LOG.warn(
          "session {}: a cancel may still be on its way: {}", session.id(), failure.getMessage());
      // It may come when another session runs there.
      session.backend().spend(EvictReason.CANCEL_UNCERTAIN);
      mayBeHit = true;
    }
    boolean awaited = awaitsCancel || session.is(PgSessionState.ENDING);
    if (!awaited || cancelling > 0 || session.unfinished(target.backend())) {
      return; // what is still going on comes to settle() in its own time
    }
    if (failure != null) {
      cancelOver(target, false);
    } else {
      // The signal has been sent; a round trip proves that the server has taken it.
      target.backend().probe().whenComplete((alive, problem) -> cancelOver(target, true));
    }
  }

  private void cancelOver(Lease target, boolean taken) {
    if (session.lease == target) {
      awaitsCancel = false;
      session.cancelOver(target, taken);
    }
  }
}
