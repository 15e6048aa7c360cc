package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import org.jspecify.annotations.Nullable;

/** A session that wants a backend, and what became of it. */
class Waiter extends LeaseRequest {
  @Nullable Lease lease;
  @Nullable SqlFailure failure;
  int ends;

  @Override
  protected void granted(Lease granted) {
    ends++;
    lease = granted;
  }

  @Override
  protected void failed(SqlFailure told) {
    ends++;
    failure = told;
  }

  Lease granted() {
    Lease mine = lease;
    if (mine == null) {
      throw new AssertionError(failure == null ? "still waiting" : failure.message());
    }
    return mine;
  }

  String told() {
    SqlFailure mine = failure;
    if (mine == null) {
      throw new AssertionError("no failure");
    }
    return mine.message();
  }
}
