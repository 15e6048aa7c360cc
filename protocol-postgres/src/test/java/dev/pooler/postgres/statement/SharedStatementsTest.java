package dev.pooler.postgres.statement;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.session.MemoryBudget;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What is counted of the texts that sessions have, and what is left of those that none has. */
class SharedStatementsTest {
  private final MemoryBudget budget = new MemoryBudget(1 << 20);
  private final SharedStatements statements = new SharedStatements(budget);

  private SharedStatement find(String text) {
    ByteBuf in = Unpooled.copiedBuffer(text, UTF_8);
    return statements.find(in, 0, in.readableBytes(), PgSettings.NONE, StatementMeaning.NOTHING);
  }

  @Test
  void aTextIsCountedFromItsFirstHolderToItsLast() {
    SharedStatement one = find("one");
    assertTrue(statements.hold(one));
    long used = budget.used();
    assertTrue(used > 3);
    SharedStatement own = statements.unshared(one, StatementMeaning.NOTHING);
    assertTrue(statements.hold(own));
    assertEquals(used, budget.used());
    statements.letGo(one);
    assertEquals(used, budget.used());
    statements.letGo(own);
    assertEquals(0, budget.used());
  }

  @Test
  void theNamesInATextAreCountedToo() {
    ByteBuf in = Unpooled.copiedBuffer("text", UTF_8);
    List<String> names = List.of("a.name", "another.name");
    StatementMeaning meaning =
        new StatementMeaning(StatementMeaning.NOTHING.facts(), List.of(), names, false);
    SharedStatement plain = statements.unshared(in, 0, 4, StatementMeaning.NOTHING);
    SharedStatement naming = statements.unshared(in, 0, 4, meaning);
    assertTrue(statements.hold(plain));
    long one = budget.used();
    assertTrue(statements.hold(naming));
    assertTrue(budget.used() > 2 * one + 100, one + " of " + budget.used());
  }

  @Test
  void whatThereIsNoRoomForIsNotCounted() {
    assertTrue(statements.hold(find("x".repeat(900_000))));
    long used = budget.used();
    assertFalse(statements.hold(find("y".repeat(200_000))));
    assertEquals(used, budget.used());
  }

  @Test
  void theLatestThatNobodyHasAreFoundAgainAndTheOthersForgotten() {
    for (int i = 0; i < 1_000; i++) {
      SharedStatement one = find(i + "x".repeat(2_000));
      assertTrue(statements.hold(one));
      statements.letGo(one);
      assertSame(one, find(i + "x".repeat(2_000)));
    }
    assertTrue(statements.size() > 1 && statements.size() < 16, "known: " + statements.size());
    assertEquals(0, budget.used());
  }

  @Test
  void whatIsRefusedIsForgottenToo() {
    assertTrue(statements.hold(find("x".repeat(1_000_000))));
    for (int i = 0; i < 100; i++) {
      assertFalse(statements.hold(find(i + "y".repeat(100_000))));
    }
    assertTrue(statements.size() < 3, "known: " + statements.size());
  }

  @Test
  void whatIsHeldIsSharedHoweverManyCome() {
    SharedStatement held = find("held");
    assertTrue(statements.hold(held));
    for (int i = 0; i < 1_000; i++) {
      statements.spare(find(i + "x".repeat(2_000)));
    }
    assertSame(held, find("held"));
    statements.letGo(held);
    statements.forget();
    assertNotSame(held, find("held"));
  }

  /** Needs the count and the budget to change at once. */
  @Test
  void loopsThatHoldAndLetGoAtOnceLeaveNothingCounted() throws Exception {
    SharedStatement one = find("one");
    try (ExecutorService loops = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (int loop = 0; loop < 4; loop++) {
        running.add(
            loops.submit(() -> {
              for (int i = 0; i < 200_000; i++) {
                assertTrue(statements.hold(one));
                statements.letGo(one);
              }
            }));
      }
      for (Future<?> loop : running) {
        loop.get();
      }
    }
    assertEquals(0, budget.used());
  }
}
