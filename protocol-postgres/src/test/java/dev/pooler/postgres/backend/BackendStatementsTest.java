package dev.pooler.postgres.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.MemoryBudget;
import dev.pooler.postgres.statement.SettingsStatement;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import dev.pooler.postgres.statement.StatementName;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a backend is thought to hold, where batches around a Close fail. */
class BackendStatementsTest {
  private final BackendStatements held = new BackendStatements(10);
  private final StatementName one = SettingsStatement.of(1).name();
  private final StatementName two = SettingsStatement.of(2).name();

  private void hold(StatementName statement) {
    held.add(statement, 0).done();
  }

  /** Needs the first Close to be remembered: the server has skipped all of it, and holds it. */
  @Test
  void whatTwoFailedBatchesWereToReplaceIsThere() {
    hold(one);
    RequestEffect close = held.remove(one);
    assertTrue(held.isClosing(one));
    RequestEffect again = held.closingAgain(one);
    RequestEffect parse = held.add(one, 2);
    close.undone();
    parse.undone();
    again.undone();
    assertTrue(held.proven(one));
  }

  @Test
  void whatTheSecondBatchHasClosedIsGone() {
    hold(one);
    RequestEffect close = held.remove(one);
    RequestEffect again = held.closingAgain(one);
    RequestEffect parse = held.add(one, 2);
    close.undone();
    again.done();
    parse.undone();
    assertFalse(held.contains(one));
  }

  @Test
  void whatTheSecondBatchHasParsedIsThereOnce() {
    hold(one);
    RequestEffect close = held.remove(one);
    RequestEffect again = held.closingAgain(one);
    RequestEffect parse = held.add(one, 2);
    close.undone();
    again.done();
    parse.done();
    assertTrue(held.proven(one));
    held.remove(one).done();
    assertFalse(held.contains(one));
    assertFalse(held.isClosing(one));
  }

  @Test
  void allThatIsRemovedComesBackIfTheServerSkipsIt() {
    hold(one);
    hold(two);
    RequestEffect all = held.removeAll();
    assertEquals(0, held.size());
    assertTrue(held.isClosing(one));
    RequestEffect parse = held.add(two, 1);
    parse.undone();
    all.undone();
    assertTrue(held.proven(one));
    assertTrue(held.proven(two));
  }

  /** Needs the failed Parse to stay undone: the removal behind it was of nothing. */
  @Test
  void aParseThatFailedIsNotBroughtBackByARemovalThatIsSkipped() {
    RequestEffect parse = held.add(one, 0);
    RequestEffect all = held.removeAll();
    parse.undone();
    all.undone();
    assertFalse(held.contains(one));
  }

  /** Needs the removal to count also for what a failed batch in front of it puts back. */
  @Test
  void whatAFailedBatchPutsBackIsRemovedByTheNext() {
    hold(one);
    RequestEffect close = held.remove(one);
    RequestEffect parse = held.add(one, 1);
    RequestEffect all = held.removeAll();
    parse.undone();
    close.undone();
    assertTrue(held.contains(one));
    all.done();
    assertFalse(held.contains(one));
  }

  @Test
  void whatTheServerDoesNotNameIsNotHeld() {
    hold(one);
    hold(two);
    assertTrue(held.retain(Set.of(two.toString(), "another")));
    assertFalse(held.contains(one));
    assertTrue(held.proven(two));
    assertFalse(held.retain(Set.of(two.toString())));
  }

  /** Needs a loop: a chain of as many effects is deeper than the stack. */
  @Test
  void veryManyAreTakenAwayAtOnce() {
    BackendStatements many = new BackendStatements(Integer.MAX_VALUE);
    SharedStatements statements = new SharedStatements(new MemoryBudget(0));
    for (int i = 0; i < 100_000; i++) {
      many.add(statements.unshared(new byte[0], StatementMeaning.NOTHING, 0).name(), 0).done();
    }
    many.removeAll().undone();
    assertEquals(100_000, many.size());
    many.removeAll().done();
    assertEquals(0, many.size());
  }

  /** Needs those taken away too that an earlier batch puts back. */
  @Test
  void allAreTakenAwayBehindABatchThatFails() {
    hold(one);
    RequestEffect first = held.removeAll();
    RequestEffect second = held.removeAll();
    RequestEffect added = held.add(two, 0);
    first.undone();
    second.done();
    added.done();
    assertFalse(held.contains(one));
    assertTrue(held.contains(two));
  }
}
