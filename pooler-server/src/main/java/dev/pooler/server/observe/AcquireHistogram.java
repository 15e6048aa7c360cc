package dev.pooler.server.observe;

import dev.pooler.core.observe.LatencyBuckets;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** {@code pooler_acquire_seconds}: how long sessions waited for a backend, by pool. */
final class AcquireHistogram implements Collector {
  private record Series(Labels labels, LatencyBuckets waits) {}

  private static final double[] BOUNDS = bounds();

  private final List<Series> series = new CopyOnWriteArrayList<>();

  void add(Tags tags, LatencyBuckets waits) {
    Labels labels = Labels.EMPTY;
    for (Tag tag : tags) {
      labels = labels.add(tag.getKey(), tag.getValue());
    }
    Labels mine = labels;
    series.removeIf(other -> other.labels().equals(mine));
    series.add(new Series(labels, waits));
  }

  @Override
  public HistogramSnapshot collect() {
    HistogramSnapshot.Builder snapshot =
        HistogramSnapshot.builder()
            .name("pooler_acquire_seconds")
            .help("How long sessions waited for a backend");
    for (Series one : series) {
      snapshot.dataPoint(
          HistogramSnapshot.HistogramDataPointSnapshot.builder()
              .labels(one.labels())
              .classicHistogramBuckets(ClassicHistogramBuckets.of(BOUNDS, counts(one.waits())))
              .sum(one.waits().sumSeconds())
              .build());
    }
    return snapshot.build();
  }

  private static double[] bounds() {
    double[] bounds = new double[LatencyBuckets.BUCKETS];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = LatencyBuckets.upperBoundSeconds(i);
    }
    return bounds;
  }

  private static long[] counts(LatencyBuckets waits) {
    long[] counts = new long[LatencyBuckets.BUCKETS];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = waits.count(i);
    }
    return counts;
  }
}
