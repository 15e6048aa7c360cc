package dev.pooler.server.observe;

import dev.pooler.core.config.Protocol;
import dev.pooler.core.observe.SessionCounters;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Map;
import java.util.function.BiConsumer;

/** One kind of end that sessions and logins come to, by reason, of all protocols. */
final class SessionEnds implements Collector {
  private final String name;
  private final String help;
  private final Map<Protocol, SessionCounters> protocols;
  private final BiConsumer<SessionCounters, SessionCounters.Taker> each;

  /**
   * A counter.
   *
   * @param name without {@code _total}
   * @param protocols asked with each scrape
   */
  SessionEnds(
      String name,
      String help,
      Map<Protocol, SessionCounters> protocols,
      BiConsumer<SessionCounters, SessionCounters.Taker> each) {
    this.name = name;
    this.help = help;
    this.protocols = protocols;
    this.each = each;
  }

  @Override
  public CounterSnapshot collect() {
    CounterSnapshot.Builder snapshot = CounterSnapshot.builder().name(name).help(help);
    protocols.forEach((protocol, counters) ->
        each.accept(
            counters,
            (database, reason, count) ->
                snapshot.dataPoint(
                    CounterSnapshot.CounterDataPointSnapshot.builder()
                        .labels(
                            Labels.of(
                                "protocol",
                                protocol.word(),
                                "database",
                                database,
                                "reason",
                                reason))
                        .value((double) count)
                        .build())));
    return snapshot.build();
  }
}
