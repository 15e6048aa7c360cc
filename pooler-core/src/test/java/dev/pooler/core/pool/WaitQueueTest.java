package dev.pooler.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitQueueTest {
  private static final SessionSettings RED = new SessionSettings() {};
  private static final SessionSettings BLUE = new SessionSettings() {};
  private static final SessionSettings GREEN = new SessionSettings() {};

  private final WaitQueue queue = new WaitQueue();
  private final StubBackend backend = new StubBackend();
  private int backends = 3;
  private long late = Long.MIN_VALUE / 2;

  @Test
  void whoWantsTheBackendsSettingsIsServedBeforeWhoWantsOthers() {
    backend.settings = RED;
    Waiter blue = add(BLUE);
    Waiter red = add(RED);
    Waiter laterRed = add(RED);
    assertEquals(List.of(red, laterRed, blue), served(3));
    assertTrue(queue.isEmpty());
  }

  @Test
  void thoseWhoAllWantTheSameAreServedInTheOrderOfTheirComing() {
    List<Waiter> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(add(RED));
    }
    backend.settings = BLUE;
    assertEquals(all, served(50));
  }

  @Test
  void whereNobodyWantsTheBackendsSettingsTheOldestIsServed() {
    backend.settings = GREEN;
    Waiter blue = add(BLUE);
    add(RED);
    assertEquals(List.of(blue), served(1));
  }

  @Test
  void aSteadyStreamOvertakesNobodyMoreThanTwiceForEachBackend() {
    backend.settings = RED;
    Waiter first = add(BLUE);
    Waiter second = add(GREEN);
    int overtaken = 0;
    while (first.isWaiting() && overtaken < 100) {
      add(RED);
      overtaken += serve() == first ? 0 : 1;
    }
    assertEquals(WaitQueue.ROUNDS * backends, overtaken);
    // Those behind it have been overtaken as often: they don't wait for the same once more.
    backend.settings = RED;
    assertSame(second, serve());
  }

  @Test
  void eachWaitIsCountedAnew() {
    backends = 1;
    backend.settings = RED;
    Waiter blue = add(BLUE);
    add(RED);
    add(RED);
    served(2);
    assertSame(blue, serve());
    queue.add(blue);
    backend.settings = RED;
    Waiter red = add(RED);
    assertSame(red, serve());
  }

  @Test
  void whoIsLateIsOvertakenByNobody() {
    backend.settings = RED;
    Waiter blue = add(BLUE);
    add(RED);
    late = blue.since + 1;
    assertSame(blue, serve());
  }

  @Test
  void ofThousandsOnlyTheFirstFewAreLookedAt() {
    backends = 1_000;
    backend.settings = RED;
    List<Waiter> all = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      all.add(add(BLUE));
    }
    add(RED);
    assertSame(all.getFirst(), serve());
    assertEquals(WaitQueue.MOST_LOOKS, all.stream().filter(waiter -> waiter.asked > 0).count());
  }

  @Test
  void whoHasWithdrawnIsNotServed() {
    backend.settings = RED;
    Waiter blue = add(BLUE);
    Waiter red = add(RED);
    assertTrue(queue.remove(red));
    assertFalse(queue.remove(red));
    assertEquals(List.of(blue), served(1));
  }

  private Waiter add(SessionSettings wanted) {
    Waiter waiter = new Waiter(wanted);
    queue.add(waiter);
    return waiter;
  }

  /** The backend has the settings of who is served afterwards. */
  private LeaseRequest serve() {
    LeaseRequest next = queue.next(backend, backends, late);
    assertFalse(next.isWaiting());
    backend.settings = next.wanted();
    return next;
  }

  private List<LeaseRequest> served(int times) {
    List<LeaseRequest> served = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      served.add(serve());
    }
    return served;
  }
}
