package dev.pooler.postgres.backend;

import dev.pooler.core.session.SqlFailure;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A request of ours whose success is wanted: completes with whether the backend is fine then. */
final class Trial implements OwnRequests.Request {
  final CompletableFuture<Boolean> answer = new CompletableFuture<>();
  private final BooleanSupplier fine;

  /**
   * Not begun.
   *
   * @param fine asked when the server has refused nothing
   */
  Trial(BooleanSupplier fine) {
    this.fine = fine;
  }

  @Override
  public void answered(@Nullable SqlFailure failure) {
    answer.complete(failure == null && fine.getAsBoolean());
  }

  @Override
  public void lost() {
    answer.complete(false);
  }
}
