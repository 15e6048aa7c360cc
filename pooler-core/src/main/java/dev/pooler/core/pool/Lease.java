package dev.pooler.core.pool;

/**
 * The exclusive use of a backend by one session: acquire → lease → release or evict. The object is
 * the backend's own and serves one session after another; a session forgets it with the release.
 */
public final class Lease {
  final Backend backend;

  /** Nanoseconds of the pool's clock: when the supply handed the backend out. */
  long heldSince;

  long idleSince;
  boolean leased;

  /** Counts the leases of this backend, so that the janitor sees which of them goes on. */
  int uses;

  /** What the janitor saw: the lease numbered so is as old as {@link #seenAt} at least. */
  private int seenUse;

  private long seenAt;
  private boolean overdue;

  LoopLeases home;

  Lease(Backend backend, LoopLeases home, long now) {
    this.backend = backend;
    this.home = home;
    this.heldSince = now;
  }

  void lend() {
    leased = true;
    uses++;
  }

  /** Nanoseconds that the lease has gone on for as far as ticks tell; 0 while there is none. */
  long age(long now) {
    if (!leased || seenUse != uses) {
      seenUse = uses;
      seenAt = now;
      return 0;
    }
    return now - seenAt;
  }

  /** Notes that this lease lasts too long; true the first time. */
  boolean becomesOverdue() {
    boolean first = !overdue;
    overdue = true;
    return first;
  }

  /** True if the lease that has just ended had been overdue. */
  boolean wasOverdue() {
    boolean was = overdue;
    overdue = false;
    return was;
  }

  public Backend backend() {
    return backend;
  }

  /** Ends the lease; the backend is clean and goes to the next who waits. */
  public void release() {
    home.release(this);
  }

  /** Ends the lease and the backend with it. */
  public void evict(EvictReason reason) {
    home.evict(this, reason);
  }
}
