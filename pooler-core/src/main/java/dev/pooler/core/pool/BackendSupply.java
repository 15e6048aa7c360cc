package dev.pooler.core.pool;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where a pool's backends come from and go to: creation, number, lifetime and idleness are its
 * business. Its methods return at once; answers come as tasks on the asking loop.
 */
public interface BackendSupply {
  /**
   * Wants one backend: answered by {@link LoopLeases#supplied} or {@link LoopLeases#notSupplied}.
   */
  void fetch(LoopLeases asker);

  /**
   * Takes back a clean backend that no session needs at the moment. Completes, on any thread, when
   * it or its place can be fetched.
   */
  CompletionStage<@Nullable Void> giveBack(Backend backend);

  /**
   * Takes back a backend that must be closed. Completes, on any thread, when its place is free: the
   * server's process has ended.
   */
  CompletionStage<@Nullable Void> evict(Backend backend, EvictReason reason);
}
