package dev.pooler.postgres.session;

import dev.pooler.core.config.PoolKey;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether the functions of a database may leave something in the session that runs them: triggers,
 * defaults, rules and policies call them where no text shows it. Their source is read by the server
 * ({@link SessionQuestion}), again after a while, and after each definition that passes here. Any
 * thread.
 */
public final class CodeCensus {
  /** What is known. */
  public enum Finding {
    NOT_ASKED,
    /** No function's source has a word that could. */
    HARMLESS,
    MAY_LEAVE
  }

  /** All of this process, by pool. */
  public static final class All {
    private final ConcurrentHashMap<PoolKey, CodeCensus> known = new ConcurrentHashMap<>();

    public CodeCensus of(PoolKey pool) {
      return known.computeIfAbsent(pool, key -> new CodeCensus());
    }

    /** A pool is no more. */
    public void remove(PoolKey pool) {
      known.remove(pool);
    }
  }

  private static final long FRESH = Duration.ofSeconds(10).toNanos();

  private record Taken(Finding finding, boolean notifies, long at) {}

  private static final Taken NOTHING = new Taken(Finding.NOT_ASKED, true, 0);

  private final SequencePrograms sequences = new SequencePrograms();

  private volatile Taken last = NOTHING;

  /**
   * What is known.
   *
   * @param now nanoseconds of the pools' clock
   */
  public Finding finding(long now) {
    Taken taken = last;
    return now - taken.at > FRESH ? Finding.NOT_ASKED : taken.finding;
  }

  /**
   * Whether hidden code can neither change what a session listens to nor notify.
   *
   * @param now nanoseconds of the pools' clock
   */
  public boolean leavesChannelsAlone(long now) {
    Taken taken = last;
    return now - taken.at <= FRESH && taken.finding == Finding.HARMLESS && !taken.notifies;
  }

  /** Who asks for what was drawn from sequences. */
  public SequencePrograms sequences() {
    return sequences;
  }

  /** The server has told. */
  public void found(
      boolean mayLeave, boolean notifies, SequencePrograms.Care sequenceCare, long now) {
    sequences.all(sequenceCare);
    last = new Taken(mayLeave ? Finding.MAY_LEAVE : Finding.HARMLESS, notifies, now);
  }

  /** Something was defined. */
  public void forget() {
    last = NOTHING;
  }
}
