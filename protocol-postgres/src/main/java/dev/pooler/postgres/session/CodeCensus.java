package dev.pooler.postgres.session;

import dev.pooler.core.config.PoolKey;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

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
      return known.computeIfAbsent(pool, key -> new CodeCensus(() -> forget(key.database())));
    }

    /** Users and entries that have this name may mean one database: all of them are asked again. */
    private void forget(String database) {
      known.forEach((pool, census) -> {
        if (pool.database().equals(database)) {
          census.defined();
        }
      });
    }

    /** A pool is no more. */
    public void remove(PoolKey pool) {
      known.remove(pool);
    }
  }

  private static final long FRESH = Duration.ofSeconds(10).toNanos();

  /** How old what is known may be for all but the one who asks again. */
  private static final long USABLE = Duration.ofSeconds(15).toNanos();

  /** How long it is left to another to ask again. */
  private static final long ASKED = Duration.ofSeconds(2).toNanos();

  private record Taken(Finding finding, CodeFindings findings, long at) {}

  private static final Taken NOTHING = new Taken(Finding.NOT_ASKED, CodeFindings.NONE, 0);

  private final SequencePrograms sequences = new SequencePrograms();
  private final AtomicLong askedAt = new AtomicLong();

  private volatile Taken last = NOTHING;

  private volatile int definitions;

  private volatile int era;
  private final Runnable forgetAll;

  /** The last answer of all, however old it is. */
  private volatile CodeFindings findings = CodeFindings.NONE;

  /** A census of its own, for tests. */
  public CodeCensus() {
    this.forgetAll = this::defined;
  }

  private CodeCensus(Runnable forgetAll) {
    this.forgetAll = forgetAll;
  }

  /**
   * Changes when it turns out that code was defined past pooler that may have left something: what
   * ran since the last answer was not asked about, and a backend of an earlier era may have it.
   */
  public int era() {
    return era;
  }

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
   * What is known, also where somebody is to ask again.
   *
   * @param now nanoseconds of the pools' clock
   */
  public Finding lastFinding(long now) {
    Taken taken = last;
    return now - taken.at > USABLE ? Finding.NOT_ASKED : taken.finding;
  }

  /**
   * What a transaction that has written is judged by. Where it was known and is not fresh any more,
   * one asks at a time, and the others do with what was known.
   *
   * @param now nanoseconds of the pools' clock
   * @return NOT_ASKED if the caller is to ask
   */
  public Finding findingOrAsk(long now) {
    Taken taken = last;
    long age = now - taken.at;
    if (age <= FRESH) {
      return taken.finding;
    }
    return age > USABLE || isOneToAsk(now) ? Finding.NOT_ASKED : taken.finding;
  }

  private boolean isOneToAsk(long now) {
    long asked = askedAt.get();
    return now - asked > ASKED && askedAt.compareAndSet(asked, now);
  }

  /**
   * Whether hidden code can neither change what a session listens to nor notify.
   *
   * @param now nanoseconds of the pools' clock
   */
  public boolean leavesChannelsAlone(long now) {
    Taken taken = last;
    return now - taken.at <= FRESH
        && taken.finding == Finding.HARMLESS
        && !taken.findings.notifies();
  }

  /**
   * The custom settings that code sets, as long as {@link #lastFinding} stands.
   *
   * @param now nanoseconds of the pools' clock
   */
  public CodeNames names(long now) {
    Taken taken = last;
    return now - taken.at > USABLE ? CodeNames.UNKNOWN : taken.findings.names();
  }

  /** What was found when it was asked last. */
  public CodeFindings findings() {
    return findings;
  }

  /**
   * Whether a session that has only read is to ask, where nothing fresh is known: all while nothing
   * is known, then one at a time.
   */
  public boolean isForReader(long now) {
    return last == NOTHING || isOneToAsk(now);
  }

  /** Who asks for what was drawn from sequences. */
  public SequencePrograms sequences() {
    return sequences;
  }

  /** How often something was defined, for {@link #found}: to be taken when the server is asked. */
  public int definitions() {
    return definitions;
  }

  /**
   * The server has told.
   *
   * @param asOf what {@link #definitions} said when it was asked: what was defined since it may not
   *     have seen, so that it is asked again soon
   */
  public synchronized void found(CodeFindings found, int asOf, long now) {
    boolean whole = asOf == definitions;
    Taken before = last;
    boolean left = before.finding == Finding.HARMLESS && found.leaves();
    if (left || (before != NOTHING && found.reads() && !before.findings.reads())) {
      era++;
    }
    sequences.all(found.asks());
    findings = found;
    askedAt.set(whole ? now : now - ASKED - 1);
    long at = whole ? now : now - FRESH;
    CodeFindings kept = whole ? found : found.with(CodeNames.UNKNOWN);
    last = new Taken(found.leaves() ? Finding.MAY_LEAVE : Finding.HARMLESS, kept, at);
  }

  /**
   * The server has not told: nobody need ask at once again, and what was known stands for longer.
   *
   * @return whether it was known since something was defined last
   */
  public synchronized boolean notFound(long now) {
    askedAt.set(now);
    Taken taken = last;
    boolean known = taken.finding != Finding.NOT_ASKED;
    if (!known) {
      last = new Taken(Finding.NOT_ASKED, CodeFindings.NONE, now);
    } else if (now - taken.at > FRESH) {
      last = new Taken(taken.finding, taken.findings, now - FRESH);
    }
    return known;
  }

  /** Something was defined. */
  public void forget() {
    forgetAll.run();
  }

  private synchronized void defined() {
    definitions++;
    last = NOTHING;
  }
}
