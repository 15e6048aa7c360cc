package dev.pooler.postgres.auth;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what another lookup found for a few seconds, unknown names too, so that a storm of clients
 * costs one question a user. Many logins of one user at once share one question. Bounded: strangers
 * choose the names. Safe for all threads.
 */
public final class RecentUsers implements UserLookup {
  /** As long a changed password or an expired one may still open a session. */
  private static final Duration KEPT = Duration.ofSeconds(5);

  private static final int MAX_USERS = 1024;

  private record Found(CompletionStage<@Nullable Credentials> answer, long atNanos) {}

  private final UserLookup source;
  private final LongSupplier nanoTime;
  private final Map<String, Found> recent =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Found> eldest) {
          return size() > MAX_USERS;
        }
      };

  public RecentUsers(UserLookup source, LongSupplier nanoTime) {
    this.source = source;
    this.nanoTime = nanoTime;
  }

  @Override
  public CompletionStage<@Nullable Credentials> find(String user) {
    long now = nanoTime.getAsLong();
    CompletionStage<@Nullable Credentials> answer;
    synchronized (recent) {
      Found known = recent.get(user);
      if (known != null && now - known.atNanos() < KEPT.toNanos()) {
        return known.answer();
      }
      answer = source.find(user);
      recent.put(user, new Found(answer, now));
    }
    answer.whenComplete((found, failure) -> {
      if (failure != null) {
        forget(user, answer);
      }
    });
    return answer;
  }

  @Override
  public void doubt(String user) {
    synchronized (recent) {
      recent.remove(user);
    }
    source.doubt(user);
  }

  private void forget(String user, CompletionStage<@Nullable Credentials> failed) {
    synchronized (recent) {
      Found known = recent.get(user);
      if (known != null && known.answer() == failed) {
        recent.remove(user);
      }
    }
  }
}
