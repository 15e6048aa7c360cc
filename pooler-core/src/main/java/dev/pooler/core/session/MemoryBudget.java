package dev.pooler.core.session;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all sessions together may make us keep on the heap for longer than a transaction: prepared
 * statements, large settings, channels. Thread-safe.
 */
public final class MemoryBudget {
  /** One session may have one part in so many: it takes several to leave others without. */
  private static final int SESSION_SHARE = 4;

  private final long most;
  private final AtomicLong used = new AtomicLong();

  /** Nothing is used; {@code most} is in bytes. */
  public MemoryBudget(long most) {
    this.most = most;
  }

  /** Counts bytes; false when that would be too many, and then nothing is counted. */
  public boolean take(long bytes) {
    if (used.addAndGet(bytes) > most) {
      used.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Counts what cannot be refused any more. */
  public void force(long bytes) {
    used.addAndGet(bytes);
  }

  public void give(long bytes) {
    used.addAndGet(-bytes);
  }

  public long used() {
    return used.get();
  }

  /** Bytes of all sessions. */
  public long most() {
    return most;
  }

  /** Bytes of one session. */
  public long mostOfOne() {
    return most / SESSION_SHARE;
  }
}
