package dev.pooler.core.pool;

import java.util.Locale;

/** What a session left on its backend that can't move: the lease outlives its mode's rule. */
public enum PinReason {
  SETTING,
  ROLE,
  PREPARED_STATEMENT,
  LISTEN,
  TEMPORARY_OBJECT,
  HOLD_CURSOR,
  ADVISORY_LOCK,
  LOADED_LIBRARY,
  RANDOM_SEED,
  SEQUENCE_VALUE,
  CODE,
  LARGE_STATEMENT,
  REPLICATION,
  UNKNOWN;

  /** The metric label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
