package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
          },
          () -> now);

  @Test
  void aUserIsAskedForOnceIn5SecondsAnUnknownOneToo() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertNull(users.find("a").toCompletableFuture().get());
    }
    assertEquals(List.of("a"), asked);
    now += Duration.ofSeconds(5).toNanos();
    users.find("a");
    assertEquals(List.of("a", "a"), asked);
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
    users.find("a");
    users.doubt("a");
    answer = CompletableFuture.failedFuture(new IllegalStateException("down"));
    users.find("a");
    users.find("a");
    assertEquals(List.of("a", "a", "a"), asked);
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
