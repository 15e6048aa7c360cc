package dev.pooler.postgres.backend;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.pooler.core.pool.ConnectFailure;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.auth.NoSecret;
import dev.pooler.postgres.auth.Password;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("case-27")
class RefusedSecretTest {
  private static final Password WRONG = new Password("wrong");
  private final ConnectFailure refusal =
      new ConnectFailure(SqlFailure.fatal("28P01", 1045, "no"), false);

  private long now;
  private final RefusedSecret refusals = new RefusedSecret(() -> now);

  @Test
  void aRefusedSecretRestsLongerEachTimeUpTo15Seconds() {
    for (int seconds : new int[] {1, 2, 4, 8, 15, 15}) {
      assertNull(refusals.stillStands(WRONG));
      refusals.refused(WRONG, refusal);
      assertSame(refusal, refusals.stillStands(WRONG));
      now += Duration.ofSeconds(seconds).toNanos() - 1;
      assertSame(refusal, refusals.stillStands(WRONG));
      now++;
    }
    assertNull(refusals.stillStands(WRONG));
  }

  @Test
  void anotherSecretIsTriedAtOnceAndASuccessForgetsAll() {
    refusals.refused(WRONG, refusal);
    assertNull(refusals.stillStands(new Password("right")));
    refusals.accepted();
    assertNull(refusals.stillStands(WRONG));
  }

  @Test
  void toHaveNoSecretIsNoWrongOne() {
    refusals.refused(new NoSecret(), refusal);
    assertNull(refusals.stillStands(new NoSecret()));
  }
}
