package dev.pooler.core.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LatencyBucketsTest {
  private final LatencyBuckets buckets = new LatencyBuckets();

  @Test
  void theFirstBucketEndsBelowSixteenMicroseconds() {
    assertEquals(16.384e-6, LatencyBuckets.upperBoundSeconds(0));
    assertEquals(0, bucketOf(0));
    assertEquals(0, bucketOf(16_383));
    assertEquals(1, bucketOf(16_384));
  }

  @Test
  void eachBucketTakesWhatIsBelowItsBoundAndNotBelowTheOneBefore() {
    for (int i = 1; i < LatencyBuckets.BUCKETS - 1; i++) {
      long bound = Math.round(LatencyBuckets.upperBoundSeconds(i) * 1e9);
      assertEquals(i, bucketOf(bound - 1));
      assertEquals(i + 1, bucketOf(bound));
      assertEquals(
          2 * LatencyBuckets.upperBoundSeconds(i - 1), LatencyBuckets.upperBoundSeconds(i));
    }
  }

  @Test
  void theLastBucketTakesTheRest() {
    int last = LatencyBuckets.BUCKETS - 1;
    assertEquals(Double.POSITIVE_INFINITY, LatencyBuckets.upperBoundSeconds(last));
    assertEquals(last, bucketOf(TimeUnit.HOURS.toNanos(1)));
    assertEquals(last, bucketOf(Long.MAX_VALUE));
  }

  @Test
  void aClockThatWentBackCountsAsNoTime() {
    assertEquals(0, bucketOf(-5));
    assertEquals(0, buckets.sumSeconds());
  }

  @Test
  void theSumIsInSeconds() {
    buckets.record(TimeUnit.MILLISECONDS.toNanos(1500));
    buckets.record(TimeUnit.MILLISECONDS.toNanos(500));
    assertEquals(2.0, buckets.sumSeconds());
  }

  /** The one bucket that counts when {@code nanos} is recorded. */
  private int bucketOf(long nanos) {
    long[] before = counts();
    buckets.record(nanos);
    long[] after = counts();
    int found = -1;
    for (int i = 0; i < after.length; i++) {
      if (after[i] != before[i]) {
        assertEquals(before[i] + 1, after[i]);
        assertEquals(-1, found, "counted twice");
        found = i;
      }
    }
    return found;
  }

  private long[] counts() {
    long[] all = new long[LatencyBuckets.BUCKETS];
    for (int i = 0; i < all.length; i++) {
      all[i] = buckets.count(i);
    }
    return all;
  }
}
