package dev.pooler.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SessionLimitsTest {
  private final SessionLimits limits = new SessionLimits(2, 100, 100);

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
  void aDatabaseHasAsManyClientsAsItsLimitSaysAndOthersAreNotCounted() {
    limits.perName(name -> name.equals("app") ? 1 : 0, name -> 0);
    assertNull(limits.enter("app", "anna"));
    SqlFailure told = limits.enter("app", "ben");
    assertNotNull(told);
    assertEquals("53300", told.sqlState());
    assertEquals("too many clients of database \"app\": at most 1", told.message());
    assertTrue(String.valueOf(told.hint()).contains("limits.clients"), told.hint());
    assertNull(limits.enter("other", "ben"));
    limits.leave("app", "anna");
    assertNull(limits.enter("app", "ben"));
  }

  @Test
  @Tag("case-49")
  void whoIsRefusedForItsUserIsNotCountedForItsDatabase() {
    limits.perName(name -> 2, name -> 1);
    assertNull(limits.enter("app", "anna"));
    SqlFailure told = limits.enter("app", "anna");
    assertNotNull(told);
    assertTrue(String.valueOf(told.hint()).contains("limits.user-clients"), told.hint());
    assertEquals(1, limits.clientsOfDatabase("app"));
    assertNull(limits.enter("app", "ben"));
    assertNotNull(limits.enter("app", "carl"));
  }

  @Test
  void namesWithoutAClientAreForgotten() {
    assertNull(limits.enter("app", "anna"));
    assertEquals(Set.of("anna"), limits.users());
    limits.leave("app", "anna");
    assertEquals(Set.of(), limits.users());
    assertEquals(0, limits.clientsOfDatabase("app"));
  }

  @Test
  void aLimitThatIsLoweredTurnsAwayWhoComesAndNobodyWhoIsThere() {
    AtomicInteger most = new AtomicInteger(2);
    limits.perName(name -> most.get(), name -> 0);
    assertNull(limits.enter("app", "anna"));
    assertNull(limits.enter("app", "ben"));
    most.set(1);
    limits.leave("app", "ben");
    assertNotNull(limits.enter("app", "ben"));
    limits.leave("app", "anna");
    assertNull(limits.enter("app", "ben"));
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
