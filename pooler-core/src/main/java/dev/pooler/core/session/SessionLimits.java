package dev.pooler.core.session;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all sessions together may take: their number, and the bytes held for clients that wait for a
 * backend. Thread-safe.
 */
public final class SessionLimits {
  private final int clients;
  private final long heldBytes;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong held = new AtomicLong();

  /**
   * @param clients sessions at once
   * @param heldBytes bytes held at once for waiting clients
   */
  public SessionLimits(int clients, long heldBytes) {
    this.clients = clients;
    this.heldBytes = heldBytes;
  }

  public int clients() {
    return clients;
  }

  /** Counts a session in; false when there are too many, and then nothing is counted. */
  public boolean enter() {
    if (open.incrementAndGet() > clients) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  public void leave() {
    open.decrementAndGet();
  }

  public int openSessions() {
    return open.get();
  }

  /** Counts bytes held for a waiting client; false when the budget is spent. */
  public boolean hold(int bytes) {
    if (held.addAndGet(bytes) > heldBytes) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  public void letGo(int bytes) {
    held.addAndGet(-bytes);
  }

  public long heldBytes() {
    return held.get();
  }
}
