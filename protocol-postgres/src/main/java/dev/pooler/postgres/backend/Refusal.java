package dev.pooler.postgres.backend;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;

/**
 * A request that fails in the place of one that the server may not see.
 *
 * @param told what the client reads instead of the server's error
 */
record Refusal(SqlFailure told) implements RequestEffect {
  /** What the server is asked: no statement of its begins so. */
  static final String TEXT = "refused_by_pooler";

  @Override
  public void done() {}

  @Override
  public void undone() {}
}
