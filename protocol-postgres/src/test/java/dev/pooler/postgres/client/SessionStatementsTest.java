package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.MemoryBudget;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is left of names where all are deallocated; the rest is seen at a server. */
@Timeout(60)
class SessionStatementsTest {
  private final MemoryBudget budget = new MemoryBudget(1L << 30);
  private final SharedStatements shared = new SharedStatements(budget);
  private final PipelineBatch batch = new PipelineBatch();
  private final SessionStatements names = new SessionStatements(batch, new SessionMemory(shared));

  @AfterEach
  void nothingIsCountedInTheEnd() {
    names.close();
    assertEquals(0, budget.used());
  }

  private RequestEffect define(String name, SharedStatement statement) {
    ByteBuf in = Unpooled.copiedBuffer(name, UTF_8);
    RequestEffect effect = names.define(in, 0, in.readableBytes(), statement);
    assertNotNull(effect);
    return effect;
  }

  private SharedStatement statement() {
    return shared.unshared(new byte[] {'x', 0, 0, 0}, StatementMeaning.NOTHING, 0);
  }

  private void define(int many) {
    SharedStatement one = statement();
    for (int i = 0; i < many; i++) {
      define("s" + i, one).done();
    }
  }

  /** Needs nothing made for names that are gone: it would be 700 KB for 23 bytes of a client. */
  @Test
  void allAreTakenAwayAnyNumberOfTimesAtOnce() {
    define(10_000);
    List<RequestEffect> effects = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      assertFalse(names.undecidedAll());
      effects.add(names.removeAll());
    }
    assertNull(names.find("s1"));
    for (int i = effects.size() - 1; i >= 0; i--) {
      effects.get(i).undone();
    }
    assertNotNull(names.find("s1"));
    names.removeAll().done();
    assertNull(names.find("s1"));
    assertEquals(0, names.size());
    assertEquals(0, budget.used());
  }

  /** Needs a loop: a chain of as many effects is deeper than the stack. */
  @Test
  void veryManyAreTakenAwayAtOnce() {
    define(100_000);
    names.removeAll().undone();
    assertEquals(100_000, names.size());
    names.removeAll().done();
    assertEquals(0, names.size());
  }

  @Test
  void whatIsDefinedBehindItIsTakenAwayByTheNextAndComesBackInTurn() {
    SharedStatement before = statement();
    SharedStatement behind = statement();
    define("s", before).done();
    RequestEffect first = names.removeAll();
    RequestEffect defined = define("s", behind);
    RequestEffect second = names.removeAll();
    assertNull(names.find("s"));
    second.undone();
    assertSame(behind, names.find("s"));
    defined.undone();
    assertNull(names.find("s"));
    first.undone();
    assertSame(before, names.find("s"));
  }

  @Test
  void whatIsDefinedBehindItStays() {
    define("s", statement()).done();
    RequestEffect all = names.removeAll();
    SharedStatement behind = statement();
    RequestEffect defined = define("s", behind);
    all.done();
    defined.done();
    assertSame(behind, names.find("s"));
  }

  /** Needs a name not to stay that stands for nothing. */
  @Test
  void whatWasDefinedBehindItInVainLeavesNothing() {
    define("s", statement()).done();
    RequestEffect all = names.removeAll();
    RequestEffect defined = define("s", statement());
    all.done();
    defined.undone();
    assertEquals(0, names.size());
  }

  /** Needs the next batch to wait: if this one fails there are all of them to take away. */
  @Test
  void anotherBatchHasToWait() {
    define("s", statement()).done();
    RequestEffect all = names.removeAll();
    assertFalse(names.undecidedAll());
    batch.onSync();
    assertTrue(names.undecidedAll());
    all.undone();
    assertTrue(names.takeDecided());
    assertFalse(names.undecidedAll());
    names.removeAll().done();
    assertEquals(0, names.size());
  }

  @Test
  void anotherBatchHasToWaitForASingleOneToo() {
    define("s", statement()).done();
    RequestEffect one = names.remove("s");
    batch.onSync();
    assertTrue(names.undecidedAll());
    one.undone();
    assertFalse(names.undecidedAll());
  }
}
