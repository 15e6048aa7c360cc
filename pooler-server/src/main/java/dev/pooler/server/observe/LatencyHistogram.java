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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A histogram of durations that the data path counts by itself, one series for each of them. */
final class LatencyHistogram implements Collector {
  /** Its buckets may be there later, with the first that is counted. */
  private record Series(Labels labels, Supplier<@Nullable LatencyBuckets> buckets) {}

  private static final double[] BOUNDS = bounds();

  private final String name;
  private final String help;
  private final List<Series> series = new CopyOnWriteArrayList<>();

  LatencyHistogram(String name, String help) {
    this.name = name;
    this.help = help;
  }

  /** A series to be seen from when it has buckets; it replaces one of the same labels. */
  void add(Tags tags, Supplier<@Nullable LatencyBuckets> buckets) {
    remove(tags);
    series.add(new Series(labels(tags), buckets));
  }

  void remove(Tags tags) {
    Labels gone = labels(tags);
    series.removeIf(other -> other.labels().equals(gone));
  }

  private static Labels labels(Tags tags) {
    Labels labels = Labels.EMPTY;
    for (Tag tag : tags) {
      labels = labels.add(tag.getKey(), tag.getValue());
    }
    return labels;
  }

  @Override
  public HistogramSnapshot collect() {
    HistogramSnapshot.Builder snapshot = HistogramSnapshot.builder().name(name).help(help);
    for (Series one : series) {
      LatencyBuckets buckets = one.buckets().get();
      if (buckets == null) {
        continue;
      }
      snapshot.dataPoint(
          HistogramSnapshot.HistogramDataPointSnapshot.builder()
              .labels(one.labels())
              .classicHistogramBuckets(ClassicHistogramBuckets.of(BOUNDS, counts(buckets)))
              .sum(buckets.sumSeconds())
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

  private static long[] counts(LatencyBuckets buckets) {
    long[] counts = new long[LatencyBuckets.BUCKETS];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = buckets.count(i);
    }
    return counts;
  }
}
