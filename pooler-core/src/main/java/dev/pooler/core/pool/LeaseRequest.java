package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import java.time.Duration;

/**
 * A session's wish for a backend, waiting in arrival order. Reusable, one wait at a time; confined
 * to its loop. Ends in exactly one of {@link #granted}, {@link #failed} or a withdrawal.
 */
public abstract class LeaseRequest {
  /** Nanoseconds of the pool's clock at which the wait began. */
  long since;

  boolean waiting;

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

  protected abstract void granted(Lease lease);

  protected abstract void failed(SqlFailure failure);

  /** It has waited longer than sessions should without being told; once for each wait. */
  protected void waitsLong(Duration waited) {}
}
