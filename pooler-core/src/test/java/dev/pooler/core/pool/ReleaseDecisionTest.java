package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.ReleaseTable.Facts;
import dev.pooler.core.pool.ReleaseTable.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReleaseDecisionTest {
  private static final Path PAGE =
      Path.of(System.getProperty("pooler.root", ".."), "docs", "design", "release.md");

  @Test
  void eachCombinationOfFactsIsDecidedAsTheTableSays() {
    for (Facts facts : everyCombination()) {
      List<Row> holding = ReleaseTable.rows().stream().filter(row -> row.holds(facts)).toList();
      assertEquals(1, holding.size(), () -> facts + " is in the rows " + holding);
      assertEquals(holding.getFirst().decision(), facts.decided(), facts::toString);
    }
  }

  @Test
  void eachRowOfTheTableAndEachDecisionIsReached() {
    Set<Row> reached = new HashSet<>();
    Set<ReleaseDecision> decisions = new HashSet<>();
    for (Facts facts : everyCombination()) {
      ReleaseTable.rows().stream().filter(row -> row.holds(facts)).forEach(reached::add);
      decisions.add(facts.decided());
    }
    assertEquals(Set.copyOf(ReleaseTable.rows()), reached);
    assertEquals(Set.of(ReleaseDecision.values()), decisions);
  }

  /** Written anew by {@code mvn test -Dtest=ReleaseDecisionTest -Ddocs.write=true}. */
  @Test
  void theDesignPageIsTheTable() throws IOException {
    if (Boolean.getBoolean("docs.write")) {
      Files.createDirectories(PAGE.getParent());
      Files.writeString(PAGE, ReleaseTable.page());
    }
    assertEquals(ReleaseTable.page(), Files.readString(PAGE));
  }

  @Test
  void aDeadBackendIsNeverShared() {
    for (Facts facts : everyCombination()) {
      if (facts.dead()) {
        assertEquals(ReleaseDecision.EVICT, facts.decided());
      }
    }
  }

  @Test
  void onlyACleanIdleBackendThatOwesNothingIsReleased() {
    for (Facts facts : everyCombination()) {
      if (facts.decided() == ReleaseDecision.RELEASE) {
        assertFalse(facts.dead() || facts.owed() || facts.midFrame() || facts.cancelling());
        assertEquals(Leftovers.NONE, facts.leftovers());
        assertEquals(TransactionState.IDLE, facts.transaction());
        assertTrue(facts.mode() != PoolMode.SESSION);
      }
    }
  }

  @Test
  void aSessionThatIsOverNeverKeepsItsBackendButForACancel() {
    for (Facts facts : everyCombination()) {
      if (facts.ending() && facts.decided().keeps()) {
        assertEquals(ReleaseDecision.AWAIT_CANCEL, facts.decided());
      }
    }
  }

  @Test
  void anOpenTransactionIsKeptOrRolledBackButNeverShared() {
    Facts inside =
        new Facts(
            PoolMode.STATEMENT,
            TransactionState.FAILED,
            false,
            false,
            false,
            false,
            false,
            Leftovers.NONE);
    assertEquals(ReleaseDecision.KEEP_TRANSACTION, inside.decided());
    Facts over =
        new Facts(
            PoolMode.TRANSACTION,
            TransactionState.IN_TRANSACTION,
            false,
            false,
            false,
            true,
            false,
            Leftovers.PINNED);
    assertEquals(ReleaseDecision.ROLL_BACK, over.decided());
  }

  @Test
  void aSessionThatEndsInTheMiddleOfAReplyTakesItsBackendWithIt() {
    Facts gone =
        new Facts(
            PoolMode.TRANSACTION,
            TransactionState.IDLE,
            false,
            true,
            false,
            true,
            false,
            Leftovers.NONE);
    assertEquals(ReleaseDecision.EVICT, gone.decided());
  }

  private static List<Facts> everyCombination() {
    List<Facts> all = new ArrayList<>();
    for (PoolMode mode : PoolMode.values()) {
      for (TransactionState transaction : TransactionState.values()) {
        for (int bits = 0; bits < 1 << 5; bits++) {
          for (Leftovers leftovers : Leftovers.values()) {
            all.add(
                new Facts(
                    mode,
                    transaction,
                    (bits & 1) != 0,
                    (bits & 2) != 0,
                    (bits & 4) != 0,
                    (bits & 8) != 0,
                    (bits & 16) != 0,
                    leftovers));
          }
        }
      }
    }
    return all;
  }
}
