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
  LoopLeases home;

  Lease(Backend backend, LoopLeases home, long now) {
    this.backend = backend;
    this.home = home;
    this.heldSince = now;
  }

  public Backend backend() {
    return backend;
  }

  /** Ends the lease; the backend is clean and goes to whoever has waited longest. */
  public void release() {
    home.release(this);
  }

  /** Ends the lease and the backend with it. */
  public void evict(EvictReason reason) {
    home.evict(this, reason);
  }
}
