package dev.pooler.core.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int MANY = 1_600_000;

  @Test
  void theFirstIsTakenAndOneInSixteenOfMany() {
    Sampler sampler = new Sampler();
    assertTrue(sampler.takes());
    int taken = 1;
    for (int i = 1; i < MANY; i++) {
      taken += sampler.takes() ? 1 : 0;
    }
    assertEquals(MANY, taken * Sampler.ONE_IN, MANY / 100.0);
  }

  /** BEGIN, SELECT, UPDATE, COMMIT, again and again: each must get its share. */
  @Test
  void noRhythmOfAWorkloadFallsInWithIt() {
    for (int period = 2; period <= 64; period++) {
      Sampler sampler = new Sampler();
      int[] taken = new int[period];
      for (int i = 0; i < MANY; i++) {
        taken[i % period] += sampler.takes() ? 1 : 0;
      }
      double share = MANY / (double) Sampler.ONE_IN / period;
      for (int count : taken) {
        assertEquals(share, count, share / 5, "period " + period);
      }
    }
  }
}
