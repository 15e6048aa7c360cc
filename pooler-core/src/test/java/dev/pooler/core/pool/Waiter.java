package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import org.jspecify.annotations.Nullable;

/** A session that wants a backend, and what became of it. */
class Waiter extends LeaseRequest {
  static final SessionSettings NO_SETTINGS = new SessionSettings() {};

  private final SessionSettings wanted;
  @Nullable Lease lease;
  @Nullable SqlFailure failure;
  int ends;

  /** How often it was asked what it wants. */
  int asked;

  Waiter() {
    this(NO_SETTINGS);
  }

  Waiter(SessionSettings wanted) {
    this.wanted = wanted;
  }

  @Override
  protected SessionSettings wanted() {
    asked++;
    return wanted;
  }

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
