package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecentUsersTest {
  private final List<String> asked = new ArrayList<>();
  private CompletableFuture<@Nullable Credentials> answer = CompletableFuture.completedFuture(null);
  private long now;

  private final RecentUsers users =
      new RecentUsers(
          new UserLookup() {
            @Override
            public CompletionStage<@Nullable Credentials> find(String user) {
              asked.add(user);
              return answer;
            }

            @Override
            public void doubt(String user) {}

            @Override
            public int iterations() {
              return 1234;
            }
          },
          () -> now);

  @Test
  void aUserIsAskedForOnceASecondAnUnknownOneToo() throws Exception {
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("app");
    answer = CompletableFuture.completedFuture(null);
    for (int i = 0; i < 3; i++) {
      assertNull(users.find("nobody").toCompletableFuture().get());
      users.find("app");
      now += Duration.ofMillis(333).toNanos();
    }
    assertEquals(List.of("app", "nobody"), asked);
    now += Duration.ofMillis(1).toNanos();
    users.find("app");
    users.find("nobody");
    assertEquals(List.of("app", "nobody", "app", "nobody"), asked);
  }

  @Test
  void loginsOfOneUserAtOnceShareAQuestion() {
    answer = new CompletableFuture<>();
    CompletableFuture<@Nullable Credentials> first = users.find("a").toCompletableFuture();
    CompletableFuture<@Nullable Credentials> second = users.find("a").toCompletableFuture();
    assertEquals(List.of("a"), asked);
    answer.complete(null);
    assertTrue(first.isDone() && second.isDone());
  }

  @Test
  void aDoubtedOrFailedAnswerIsAskedForAnew() {
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("a");
    users.doubt("a");
    answer = CompletableFuture.failedFuture(new IllegalStateException("down"));
    users.find("a");
    users.find("a");
    assertEquals(List.of("a", "a", "a"), asked);
  }

  /** Needs both to be asked for again behind a refused login: the time would tell them apart. */
  @Test
  void aNameThatNobodyHasIsDoubtedAsAUserIs() {
    users.find("nobody");
    users.doubt("nobody");
    users.find("nobody");
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("app");
    users.doubt("app");
    users.find("app");
    assertEquals(List.of("nobody", "nobody", "app", "app"), asked);
  }

  /** Needs the user to be remembered as one: strangers wait for each other, users for nobody. */
  @Test
  void aUserWhoCouldNotBeAskedForIsNoStranger() {
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("app");
    users.doubt("app");
    answer = CompletableFuture.failedFuture(new IllegalStateException("no server"));
    users.find("app");
    answer = new CompletableFuture<>();
    for (int i = 0; i < 100; i++) {
      users.find("stranger" + i);
    }
    users.find("app");
    assertEquals("app", asked.getLast());
  }

  /** Needs an answer that takes long to be shared all the while. */
  @Test
  void whoIsAwaitedForLongIsAskedForOnce() {
    answer = new CompletableFuture<>();
    users.find("slow");
    now += Duration.ofMinutes(1).toNanos();
    users.find("slow");
    assertEquals(List.of("slow"), asked);
  }

  private static Credentials credentials(int iterations) {
    return new Credentials(
        new ScramVerifier(iterations, new byte[16], new byte[32], new byte[32]), null);
  }

  @Test
  void namesThatNobodyHasPushOutNoUser() {
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("app");
    answer = CompletableFuture.completedFuture(null);
    for (int i = 0; i < 3000; i++) {
      users.find("stranger" + i);
    }
    users.find("app");
    assertEquals(3001, asked.size());
  }

  /**
   * Needs a bound of names at once, which users pass by: they would be the last to be asked for.
   */
  @Test
  void madeUpNamesDoNotKeepUsersWaiting() {
    answer = CompletableFuture.completedFuture(credentials(4096));
    users.find("app");
    now += Duration.ofSeconds(1).toNanos();
    answer = new CompletableFuture<>();
    List<CompletionStage<@Nullable Credentials>> strangers = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      strangers.add(users.find("stranger" + i));
    }
    assertEquals(1 + RecentUsers.MOST_STRANGERS, asked.size());
    users.find("app");
    assertEquals("app", asked.getLast());
    answer.complete(null);
    assertEquals(1002, asked.size());
    assertTrue(strangers.stream().allMatch(one -> one.toCompletableFuture().isDone()));
  }

  @Test
  void thereIsAnEndToTheNamesThatWait() {
    answer = new CompletableFuture<>();
    for (int i = 0; i < 10_000 + RecentUsers.MOST_STRANGERS; i++) {
      assertFalse(users.find("stranger" + i).toCompletableFuture().isDone());
    }
    assertTrue(users.find("one more").toCompletableFuture().isCompletedExceptionally());
  }

  @Test
  void anUnknownUserIsToLookLikeMostOfTheUsersThatWereFound() {
    assertEquals(1234, users.iterations());
    int[] counts = {4096, 8192, 8192, 600};
    for (int i = 0; i < counts.length; i++) {
      answer = CompletableFuture.completedFuture(credentials(counts[i]));
      users.find("user" + i);
    }
    assertEquals(8192, users.iterations());
  }

  @Test
  void strangersNamesDoNotFillTheMemory() {
    for (int i = 0; i < 3000; i++) {
      users.find("stranger" + i);
    }
    users.find("stranger2999");
    assertEquals(3000, asked.size());
    users.find("stranger0");
    assertEquals(3001, asked.size());
  }
}
