package dev.pooler.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SessionLimitsTest {
  private final SessionLimits limits = new SessionLimits(2, 100);

  @Test
  void asManySessionsEnterAsTheLimitSays() {
    assertTrue(limits.enter());
    assertTrue(limits.enter());
    assertFalse(limits.enter());
    assertEquals(2, limits.openSessions());
  }

  @Test
  void aRefusedSessionTakesNoPlace() {
    assertTrue(limits.enter());
    assertTrue(limits.enter());
    assertFalse(limits.enter());
    limits.leave();
    assertTrue(limits.enter());
    assertFalse(limits.enter());
  }

  @Test
  void bytesAreHeldUpToTheBudgetAndNoFurther() {
    assertTrue(limits.hold(60));
    assertTrue(limits.hold(40));
    assertFalse(limits.hold(1));
    assertEquals(100, limits.heldBytes());
  }

  @Test
  void whatIsRefusedIsNotHeld() {
    assertTrue(limits.hold(60));
    assertFalse(limits.hold(50));
    assertEquals(60, limits.heldBytes());
    limits.letGo(60);
    assertEquals(0, limits.heldBytes());
    assertTrue(limits.hold(100));
  }
}
