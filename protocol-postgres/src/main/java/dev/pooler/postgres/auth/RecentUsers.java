package dev.pooler.postgres.auth;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what another lookup found for a second, unknown names too, so that a storm of clients costs
 * one question a user. Many logins of one user at once share one question. Bounded: strangers
 * choose the names. So that they keep nobody else waiting, only a few names at once are asked for
 * that no user was seen to have; those of users are asked for at once. Safe for all threads.
 */
public final class RecentUsers implements UserLookup {
  /**
   * As long a changed password or an expired one may still open a session, and a new user may be
   * unknown whose name was asked for in a login that nobody went on with. The same for both: else
   * the time of an answer would tell who exists.
   */
  private static final Duration KEPT = Duration.ofSeconds(1);

  private static final int MAX_USERS = 1024;

  /** Names that nobody was seen to have, asked for at once. */
  static final int MOST_STRANGERS = 32;

  private static final int MOST_WAITING = 10_000;

  private record Found(CompletionStage<@Nullable Credentials> answer, long atNanos) {
    /** One that is still awaited is shared however long that takes. */
    boolean servesAt(long now) {
      return now - atNanos < KEPT.toNanos() || !answer.toCompletableFuture().isDone();
    }

    Found expired(long now) {
      return new Found(answer, now - KEPT.toNanos());
    }
  }

  private record Waiting(String user, CompletableFuture<@Nullable Credentials> answer) {}

  private final UserLookup source;
  private final LongSupplier nanoTime;

  /** Names that somebody has; an answer may be old. */
  private final Map<String, Found> users = bounded();

  /** Names that nobody has, and those that are asked for. */
  private final Map<String, Found> strangers = bounded();

  private final Map<String, Integer> iterations = bounded();
  private final Queue<Waiting> waiting = new ArrayDeque<>();

  /** Strangers' names that are asked for. */
  private int asking;

  private boolean serving;
  private volatile int usualIterations;

  public RecentUsers(UserLookup source, LongSupplier nanoTime) {
    this.source = source;
    this.nanoTime = nanoTime;
  }

  private static <V> Map<String, V> bounded() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > MAX_USERS;
      }
    };
  }

  @Override
  public synchronized CompletionStage<@Nullable Credentials> find(String user) {
    long now = nanoTime.getAsLong();
    Found own = users.get(user);
    Found known = own == null ? strangers.get(user) : own;
    if (known != null && known.servesAt(now)) {
      return known.answer();
    }
    if (own != null) {
      CompletionStage<@Nullable Credentials> answer = source.find(user);
      users.put(user, new Found(answer, now));
      answer.whenComplete((found, failure) -> {
        answered(user, answer, found, failure);
        if (failure != null) {
          keepKnown(user, own);
        }
      });
      return answer;
    }
    CompletableFuture<@Nullable Credentials> answer = new CompletableFuture<>();
    if (waiting.size() >= MOST_WAITING) {
      answer.completeExceptionally(new IllegalStateException("too many names are asked for"));
      return answer;
    }
    strangers.put(user, new Found(answer, now));
    waiting.add(new Waiting(user, answer));
    serve();
    return answer;
  }

  /** Asks for as many strangers as may be asked for; an answer may come at once. */
  private synchronized void serve() {
    if (serving) {
      return;
    }
    serving = true;
    Waiting next;
    while (asking < MOST_STRANGERS && (next = waiting.poll()) != null) {
      asking++;
      Waiting one = next;
      source
          .find(one.user())
          .whenComplete((found, failure) -> {
            answered(one.user(), one.answer(), found, failure);
            oneLess();
            if (failure == null) {
              one.answer().complete(found);
            } else {
              one.answer().completeExceptionally(failure);
            }
          });
    }
    serving = false;
  }

  private synchronized void oneLess() {
    asking--;
    serve();
  }

  private synchronized void answered(
      String user,
      CompletionStage<@Nullable Credentials> answer,
      @Nullable Credentials found,
      @Nullable Throwable failure) {
    if (failure != null) {
      forget(strangers, user, answer);
      forget(users, user, answer);
    } else if (found != null) {
      strangers.remove(user);
      users.put(user, new Found(answer, nanoTime.getAsLong()));
      count(user, found);
    } else {
      users.remove(user);
      iterations.remove(user);
      strangers.put(user, new Found(answer, nanoTime.getAsLong()));
    }
  }

  private void count(String user, Credentials found) {
    ScramVerifier scram = found.scram();
    if (scram != null
        && !Objects.equals(iterations.put(user, scram.iterations()), scram.iterations())) {
      usualIterations =
          iterations.values().stream()
              .collect(groupingBy(count -> count, counting()))
              .entrySet()
              .stream()
              .max(Comparator.comparingLong(Map.Entry::getValue))
              .map(Map.Entry::getKey)
              .orElse(0);
    }
  }

  /** A user whose server could not be asked is no stranger. */
  private synchronized void keepKnown(String user, Found known) {
    users.putIfAbsent(user, known.expired(nanoTime.getAsLong()));
  }

  /**
   * A name that nobody has is asked for anew as a user's is: else the time of the answer would tell
   * them apart.
   */
  @Override
  public synchronized void doubt(String user) {
    long now = nanoTime.getAsLong();
    users.computeIfPresent(user, (same, found) -> found.expired(now));
    strangers.computeIfPresent(user, (same, found) -> found.expired(now));
    source.doubt(user);
  }

  /** As most of the users that were found have. */
  @Override
  public int iterations() {
    int usual = usualIterations;
    return usual > 0 ? usual : source.iterations();
  }

  private static void forget(
      Map<String, Found> from, String user, CompletionStage<@Nullable Credentials> failed) {
    Found known = from.get(user);
    if (known != null && known.answer() == failed) {
      from.remove(user);
    }
  }
}
