package dev.pooler.core.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Rows of STATS and its two halves. Averages are over the time since the period before the running
 * one began, one to two minutes, as with PgBouncer's default stats_period. Thread-safe.
 */
final class StatsRows {
  private final Operations server;
  private final LongSupplier clock;

  private record Snapshot(long at, Map<String, Totals> totals) {}

  private Snapshot older;
  private Snapshot newer;

  StatsRows(Operations server, LongSupplier clock) {
    this.server = server;
    this.clock = clock;
    this.older = new Snapshot(clock.getAsLong(), Map.of());
    this.newer = older;
  }

  /** A period is over. */
  synchronized void nextPeriod() {
    older = newer;
    newer = new Snapshot(clock.getAsLong(), totals());
  }

  List<List<@Nullable Object>> both() {
    return rows(true, true);
  }

  List<List<@Nullable Object>> totalsOnly() {
    return rows(true, false);
  }

  List<List<@Nullable Object>> averagesOnly() {
    return rows(false, true);
  }

  private synchronized List<List<@Nullable Object>> rows(boolean totals, boolean averages) {
    long nanos = clock.getAsLong() - older.at();
    List<List<@Nullable Object>> rows = new ArrayList<>();
    totals()
        .forEach((database, now) -> {
          List<@Nullable Object> row = new ArrayList<>();
          row.add(database);
          if (totals) {
            row.addAll(now.columns());
          }
          if (averages) {
            Totals before = older.totals().getOrDefault(database, Totals.NONE);
            row.addAll(now.averageSince(before, nanos).columns());
          }
          rows.add(row);
        });
    return rows;
  }

  private Map<String, Totals> totals() {
    Map<String, List<ConsolePool>> byDatabase = new TreeMap<>();
    for (ConsolePool pool : server.pools()) {
      byDatabase.computeIfAbsent(pool.pool().key().name(), name -> new ArrayList<>()).add(pool);
    }
    Map<String, Totals> totals = new TreeMap<>();
    byDatabase.forEach((name, pools) -> totals.put(name, Totals.of(pools)));
    return totals;
  }
}
