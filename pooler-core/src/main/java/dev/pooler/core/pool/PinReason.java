package dev.pooler.core.pool;

import java.util.Locale;

/**
 * What a session left on its backend that can't move: the lease outlives its mode's rule. Those
 * that the operator has a word in have a key in {@code pool.pins}.
 */
public enum PinReason {
  SETTING,
  PREPARED_STATEMENT,
  LISTEN,
  TEMPORARY_OBJECT,
  HOLD_CURSOR,
  ADVISORY_LOCK,
  LOADED_LIBRARY,
  RANDOM_SEED,
  /** Without a key: it pins nobody but who was refused currval before (decisions/0300). */
  SEQUENCE_VALUE(false),
  CODE,
  LARGE_STATEMENT,
  /** Without a key: a replication connection is one session's, or none. */
  REPLICATION(false),
  UNKNOWN;

  private final boolean policed;

  PinReason() {
    this(true);
  }

  PinReason(boolean policed) {
    this.policed = policed;
  }

  /** Whether {@code pool.pins} may say that it is refused, or allowed. */
  public boolean hasPolicy() {
    return policed;
  }

  /** The metric label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
