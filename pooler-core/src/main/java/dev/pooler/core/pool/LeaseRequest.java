package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import java.time.Duration;

/**
 * A session's wish for a backend, waiting its turn in a {@link WaitQueue}. Reusable, one wait at a
 * time; confined to its loop. Ends in exactly one of {@link #granted}, {@link #failed} or a
 * withdrawal.
 */
public abstract class LeaseRequest {
  /** Nanoseconds of the pool's clock at which the wait began. */
  long since;

  boolean waiting;

  /** So many who came later have been granted a backend during this wait. */
  int overtaken;

  /** It has been told that it waits. */
  boolean told;

  /** How long it has waited by now; zero where it doesn't. On its loop. */
  public final Duration waited(LeasePool pool) {
    return waiting ? Duration.ofNanos(pool.now() - since) : Duration.ZERO;
  }

  /** True between enqueueing and the end of the wait. */
  public final boolean isWaiting() {
    return waiting;
  }

  /** The settings that it wants its backend to have; the same for the whole of a wait. */
  protected abstract SessionSettings wanted();

  protected abstract void granted(Lease lease);

  protected abstract void failed(SqlFailure failure);

  /** It has waited longer than sessions should without being told; once for each wait. */
  protected void waitsLong(Duration waited) {}
}
