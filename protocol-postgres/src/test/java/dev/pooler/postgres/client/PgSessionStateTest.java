package dev.pooler.postgres.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;

class PgSessionStateTest {
  private static final Path PAGE =
      Path.of(System.getProperty("pooler.root", ".."), "docs", "states.md");

  /** Written anew by {@code mvn test -Dtest=PgSessionStateTest -Ddocs.write=true}. */
  @Test
  void theStatesPageIsTheTransitionTable() throws IOException {
    if (Boolean.getBoolean("docs.write")) {
      Files.writeString(PAGE, page());
    }
    assertEquals(page(), Files.readString(PAGE));
  }

  @Test
  void nothingFollowsTheEnd() {
    for (PgSessionState next : PgSessionState.values()) {
      assertFalse(PgSessionState.ENDED.mayBecome(next));
    }
  }

  @Test
  void aSessionMayEndFromEachOpenState() {
    for (PgSessionState state : PgSessionState.values()) {
      if (state.open()) {
        assertTrue(state.mayBecome(PgSessionState.ENDING), state::name);
        assertTrue(state.mayBecome(PgSessionState.ENDED), state::name);
      }
    }
  }

  @Test
  void aSessionThatIsEndingOpensNoMore() {
    for (PgSessionState next : PgSessionState.values()) {
      assertEquals(next == PgSessionState.ENDED, PgSessionState.ENDING.mayBecome(next));
    }
  }

  @Test
  void noStateBecomesItselfAndNoneBecomesWelcomingAgain() {
    for (PgSessionState state : PgSessionState.values()) {
      assertFalse(state.mayBecome(state), state::name);
      assertFalse(state.mayBecome(PgSessionState.WELCOMING), state::name);
    }
  }

  @Test
  void eachStateCanBeReached() {
    Set<PgSessionState> reached = EnumSet.of(PgSessionState.WELCOMING);
    ArrayDeque<PgSessionState> left = new ArrayDeque<>(reached);
    while (!left.isEmpty()) {
      PgSessionState from = left.removeFirst();
      for (PgSessionState next : PgSessionState.values()) {
        if (from.mayBecome(next) && reached.add(next)) {
          left.addLast(next);
        }
      }
    }
    assertEquals(EnumSet.allOf(PgSessionState.class), reached);
  }

  private static String page() {
    return """
    # States

    ## A PostgreSQL session

    What `PgSessionState` allows: from the state of the row to that of the column. What each
    state means stands at its constant. Printed and checked by `PgSessionStateTest`.

    """
        + table(PgSessionState.values(), PgSessionState::mayBecome)
        + """

        ## A replication session

        What `ReplicationState` allows. It has its backend from CONNECTING to its end, and no
        statement or setting of it is looked at.

        """
        + table(ReplicationState.values(), ReplicationState::mayBecome);
  }

  private static <S> String table(S[] states, BiPredicate<S, S> mayBecome) {
    StringBuilder table = new StringBuilder("| from \\ to |");
    StringBuilder rule = new StringBuilder("| --- |");
    for (S to : states) {
      table.append(' ').append(to).append(" |");
      rule.append(" :-: |");
    }
    table.append('\n').append(rule).append('\n');
    for (S from : states) {
      table.append("| **").append(from).append("** |");
      for (S to : states) {
        table.append(mayBecome.test(from, to) ? " yes |" : " · |");
      }
      table.append('\n');
    }
    return table.toString();
  }
}
