package dev.pooler.postgres.backend;

import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.postgres.auth.BackendSecret;
import dev.pooler.postgres.auth.NoSecret;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The secret that the backend refused last: for a while, longer each time, it is not sent again.
 * Servers count wrong passwords, and some lock the account. Safe for all threads.
 */
final class RefusedSecret {
  private static final Duration FIRST = Duration.ofSeconds(1);

  /** PgBouncer's server_login_retry. */
  private static final Duration LAST = Duration.ofSeconds(15);

  private record Refused(
      BackendSecret secret, ConnectFailure failure, Duration rest, long atNanos) {}

  private final LongSupplier nanoTime;
  private @Nullable Refused last;

  RefusedSecret(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** What the backend said to this secret, if it is too early to ask again; else null. */
  synchronized @Nullable ConnectFailure stillStands(BackendSecret secret) {
    Refused known = last;
    if (known == null || !known.secret().equals(secret)) {
      return null;
    }
    long age = nanoTime.getAsLong() - known.atNanos();
    return age < known.rest().toNanos() ? known.failure() : null;
  }

  /** The backend has refused it. Without a secret there is nothing to count. */
  synchronized void refused(BackendSecret secret, ConnectFailure failure) {
    if (secret instanceof NoSecret) {
      return;
    }
    Refused before = last;
    Duration rest =
        before != null && before.secret().equals(secret) ? before.rest().multipliedBy(2) : FIRST;
    last =
        new Refused(secret, failure, rest.compareTo(LAST) > 0 ? LAST : rest, nanoTime.getAsLong());
  }

  synchronized void accepted() {
    last = null;
  }
}
