package dev.pooler.postgres.client;

import dev.pooler.core.relay.RequestEffect;

/**
 * Executes of a COPY that are not answered. If one fails, what stands behind a Sync of its batch is
 * skipped or not, depending on whether the server had read that Sync before: nothing else is sent
 * there. Confined to the session's loop.
 */
final class OpenCopies implements RequestEffect {
  private int open;
  private boolean synced;

  /** A backend is there. */
  void onLease() {
    open = 0;
    synced = false;
  }

  /** An Execute is sent that may be a COPY's; to be told of its answer. */
  RequestEffect onExecute() {
    open++;
    return this;
  }

  void onSync() {
    synced |= open > 0;
  }

  /** Whether one is open, and a Sync has been sent behind it. */
  boolean synced() {
    return synced;
  }

  @Override
  public void done() {
    open--;
    synced &= open > 0;
  }

  @Override
  public void undone() {
    done();
  }
}
