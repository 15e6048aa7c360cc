package dev.pooler.core.console;

import dev.pooler.core.pool.PoolCounters;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * What PgBouncer counts of a database, in its order and units: times are microseconds. Times of
 * statements and transactions are sampled at the janitor's ticks, see {@link PoolCounters}.
 *
 * @param assignments leases begun
 * @param queries requests answered; a pipeline without waiting counts as one
 * @param received bytes from clients
 * @param sent bytes from backends
 * @param clientParses statements that clients prepared by name
 * @param serverParses statements that servers were asked to parse for sessions to share
 * @param binds times that a client readied one of its own for execution
 */
record Totals(
    long assignments,
    long transactions,
    long queries,
    long received,
    long sent,
    long transactionMicros,
    long queryMicros,
    long waitMicros,
    long clientParses,
    long serverParses,
    long binds,
    long logins) {
  static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  static Totals of(Collection<? extends ConsolePool> pools) {
    Totals sum = NONE;
    for (ConsolePool pool : pools) {
      sum = sum.plus(pool.pool().counters());
    }
    return sum;
  }

  private Totals plus(PoolCounters more) {
    return new Totals(
        assignments + more.acquires(),
        transactions + more.transactions(),
        queries + more.statements(),
        received + more.clientBytes(),
        sent + more.backendBytes(),
        transactionMicros + more.leasedNanos() / 1_000,
        queryMicros + more.busyNanos() / 1_000,
        waitMicros + Math.round(more.waits().sumSeconds() * 1e6),
        clientParses + more.clientParses(),
        serverParses + more.serverParses(),
        binds + more.binds(),
        logins + more.logins());
  }

  /** The columns behind the database's name. */
  List<Object> columns() {
    List<Object> all =
        new ArrayList<>(
            List.of(
                assignments,
                transactions,
                queries,
                received,
                sent,
                transactionMicros,
                queryMicros,
                waitMicros));
    all.addAll(List.of(clientParses, serverParses, binds, logins));
    return all;
  }

  /** What happened since {@code before}: counts by the second, times by the event. */
  Totals averageSince(Totals before, long nanos) {
    LongUnaryOperator perSecond = count -> nanos <= 0 ? 0 : Math.round(count * 1e9 / nanos);
    long begun = assignments - before.assignments;
    long ended = transactions - before.transactions;
    long answered = queries - before.queries;
    return new Totals(
        perSecond.applyAsLong(begun),
        perSecond.applyAsLong(ended),
        perSecond.applyAsLong(answered),
        perSecond.applyAsLong(received - before.received),
        perSecond.applyAsLong(sent - before.sent),
        each(transactionMicros - before.transactionMicros, ended),
        each(queryMicros - before.queryMicros, answered),
        each(waitMicros - before.waitMicros, begun),
        perSecond.applyAsLong(clientParses - before.clientParses),
        perSecond.applyAsLong(serverParses - before.serverParses),
        perSecond.applyAsLong(binds - before.binds),
        perSecond.applyAsLong(logins - before.logins));
  }

  private static long each(long micros, long events) {
    return events <= 0 ? 0 : micros / events;
  }
}
