package dev.pooler.postgres.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.MemoryBudget;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is kept of statements without a name that may come back; the rest is seen at a server. */
class SkippedStatementTest {
  private final MemoryBudget budget = new MemoryBudget(400_000);
  private final UnnamedStatement unnamed =
      new UnnamedStatement(new PipelineBatch(), new SessionMemory(new SharedStatements(budget)));

  @AfterEach
  void nothingIsCountedInTheEnd() {
    unnamed.close();
    assertEquals(0, budget.used());
  }

  private RequestEffect parse(int length, boolean mayBeSkipped) {
    ByteBuf text = Unpooled.wrappedBuffer(new byte[length]);
    return unnamed.parsed(text, 0, length, StatementMeaning.NOTHING, mayBeSkipped);
  }

  private int length() {
    byte[] definition = unnamed.copyOfDefinition();
    return definition == null ? -1 : definition.length;
  }

  @Test
  void allThatIsSkippedGivesWayToWhatWasThere() {
    parse(1, false).done();
    RequestEffect second = parse(2, true);
    RequestEffect third = parse(3, true);
    third.undone();
    assertEquals(2, length());
    second.undone();
    assertEquals(1, length());
  }

  /** Needs what an earlier batch skipped to be passed over. */
  @Test
  void whatWasSkippedBeforeDoesNotComeBack() {
    parse(1, false).done();
    RequestEffect second = parse(2, true);
    RequestEffect third = parse(3, true);
    second.undone();
    assertEquals(3, length());
    third.undone();
    assertEquals(1, length());
  }

  /** Needs a bound: a client may send any number of them ahead. */
  @Test
  void aPipelineOfLongOnesIsNotKept() {
    parse(40_000, false).done();
    RequestEffect second = parse(40_001, true);
    RequestEffect third = parse(40_002, true);
    third.undone();
    assertFalse(unnamed.defined());
    second.undone();
    parse(40_003, false).done();
    parse(1, true).undone();
    assertTrue(unnamed.defined());
  }

  /** Needs what is behind the last one counted, and let go once it can't come back. */
  @Test
  void whatMayComeBackIsCounted() {
    parse(10_000, false).done();
    RequestEffect second = parse(20_000, true);
    RequestEffect third = parse(1, true);
    assertTrue(budget.used() >= 30_000, "counted: " + budget.used());
    third.undone();
    assertEquals(20_000, length());
    second.done();
    assertTrue(budget.used() < 21_000, "counted: " + budget.used());
    parse(1, false).done();
    assertEquals(0, budget.used());
  }

  /** Needs small ones counted too where they are many. */
  @Test
  void manySmallOnesAreCounted() {
    parse(500, false).done();
    RequestEffect first = parse(500, true);
    assertEquals(0, budget.used());
    for (int i = 0; i < 10; i++) {
      parse(500, true);
    }
    assertTrue(budget.used() >= 5_000, "counted: " + budget.used());
    first.undone();
    assertTrue(budget.used() >= 4_500, "counted: " + budget.used());
  }

  /** Needs the bound of one session: what there is no room for does not come back. */
  @Test
  void whatThereIsNoRoomForIsLost() {
    parse(90_000, false).done();
    assertFalse(unnamed.isLost());
    parse(110_000, false).done();
    assertTrue(unnamed.isLost());
    assertEquals(-1, length());
    assertEquals(0, budget.used());
  }
}
