package dev.pooler.server.observe;

import dev.pooler.core.observe.SessionCounters;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;

/** {@code pooler_auth_failures_total}: refused logins by reason. */
final class AuthFailures implements Collector {
  private final String protocol;
  private final SessionCounters counters;

  AuthFailures(String protocol, SessionCounters counters) {
    this.protocol = protocol;
    this.counters = counters;
  }

  @Override
  public CounterSnapshot collect() {
    CounterSnapshot.Builder snapshot =
        CounterSnapshot.builder().name("pooler_auth_failures").help("Refused logins by reason");
    counters.eachAuthFailure((reason, count) ->
        snapshot.dataPoint(
            CounterSnapshot.CounterDataPointSnapshot.builder()
                .labels(Labels.of("protocol", protocol, "reason", reason))
                .value((double) count)
                .build()));
    return snapshot.build();
  }
}
