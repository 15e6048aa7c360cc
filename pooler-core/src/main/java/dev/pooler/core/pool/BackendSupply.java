package dev.pooler.core.pool;

/**
 * Where a pool's backends come from and go to: creation, number, lifetime and idleness are its
 * business. Its methods return at once; answers come as tasks on the asking loop.
 */
public interface BackendSupply {
  /**
   * Wants one backend: answered by {@link LoopLeases#supplied} or {@link LoopLeases#notSupplied}.
   */
  void fetch(LoopLeases asker);

  /** Takes back a clean backend that no session needs at the moment. */
  void giveBack(Backend backend);

  /** Takes back a backend that must be closed. */
  void evict(Backend backend, EvictReason reason);

  /**
   * From now on so many backends at most. Those that are idle beyond it are the supply's to close,
   * those in the pool's hands the pool's.
   */
  default void most(int backends) {}
}
