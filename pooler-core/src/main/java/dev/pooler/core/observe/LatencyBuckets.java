package dev.pooler.core.observe;

import java.util.concurrent.atomic.LongAdder;

/**
 * A histogram of durations in buckets that double, from 16 µs to 67 s. Recording is an index
 * computation and two adds: no lock, no allocation.
 */
public final class LatencyBuckets {
  /** Bucket i counts durations of less than 2^(i+14) nanoseconds; the last takes the rest. */
  public static final int BUCKETS = 23;

  private static final int SHIFT = 14;

  private final LongAdder[] counts = new LongAdder[BUCKETS];
  private final LongAdder nanos = new LongAdder();

  public LatencyBuckets() {
    for (int i = 0; i < BUCKETS; i++) {
      counts[i] = new LongAdder();
    }
  }

  public void record(long durationNanos) {
    record(durationNanos, 1);
  }

  /** As {@link #record(long)}, of a sample that stands for so many. */
  public void record(long durationNanos, int weight) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(0, durationNanos) >>> SHIFT);
    counts[Math.min(bits, BUCKETS - 1)].add(weight);
    if (durationNanos > 0) {
      nanos.add(durationNanos * weight);
    }
  }

  /** How many fell into bucket {@code i}, not cumulative. */
  public long count(int i) {
    return counts[i].sum();
  }

  /** Upper bound of bucket {@code i} in seconds; the last has none. */
  public static double upperBoundSeconds(int i) {
    return i == BUCKETS - 1 ? Double.POSITIVE_INFINITY : (1L << (i + SHIFT)) / 1e9;
  }

  public double sumSeconds() {
    return nanos.sum() / 1e9;
  }
}
