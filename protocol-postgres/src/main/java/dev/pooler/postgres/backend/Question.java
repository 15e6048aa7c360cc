package dev.pooler.postgres.backend;

import dev.pooler.core.session.SqlFailure;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A request of ours whose rows are wanted: completes with all of them, or fails. */
final class Question implements OwnRequests.Request {
  final CompletableFuture<List<@Nullable String[]>> answer = new CompletableFuture<>();
  List<@Nullable String[]> rows = List.of();

  @Override
  public void answered(@Nullable SqlFailure failure) {
    if (failure == null) {
      answer.complete(rows);
    } else {
      answer.completeExceptionally(new IllegalStateException(failure.message()));
    }
  }

  @Override
  public void lost() {
    answer.completeExceptionally(new IllegalStateException("the backend is lost"));
  }
}
