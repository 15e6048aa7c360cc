package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;

/** A backend could not be made. */
public final class ConnectFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient SqlFailure failure;
  private final boolean temporary;

  /**
   * @param temporary trying again may help: sessions go on waiting
   */
  public ConnectFailure(SqlFailure failure, boolean temporary) {
    super(failure.message(), null, false, false);
    this.failure = failure;
    this.temporary = temporary;
  }

  public SqlFailure failure() {
    return failure;
  }

  public boolean temporary() {
    return temporary;
  }
}
