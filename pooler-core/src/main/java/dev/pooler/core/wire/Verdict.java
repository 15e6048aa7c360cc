package dev.pooler.core.wire;

/** What is to happen to a frame. */
public enum Verdict {
  /** Passes as it arrives, whole or in parts. */
  FORWARD,
  /** Is skipped as it arrives. */
  DROP,
  /** Is held until the bytes that decide are here, then asked about again. */
  INSPECT,
  /** Answer to an inspection: not yet; the walk ends in front of the frame. */
  WAIT
}
