package dev.pooler.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.relay.ReplyQueue.Disposition;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReplyQueueTest {
  private final ReplyQueue queue = new ReplyQueue();

  @Test
  void answersComeInTheOrderOfTheRequests() {
    add("abc");
    assertEquals("abc", drained());
    assertTrue(queue.isEmpty());
  }

  @Test
  void anEmptyQueueHasNoHeadAndRefusesAnAnswer() {
    assertEquals(-1, queue.headType());
    assertFalse(queue.headSwallowed());
    assertThrows(IllegalStateException.class, queue::remove);
  }

  @Test
  void whoseReplyItIsStaysWithTheEntry() {
    queue.add('a', Disposition.SWALLOW);
    queue.add('b', Disposition.FORWARD);
    queue.add('c', Disposition.SWALLOW);
    assertEquals('a', queue.headType());
    assertTrue(queue.headSwallowed());
    queue.remove();
    assertFalse(queue.headSwallowed());
    queue.remove();
    assertTrue(queue.headSwallowed());
    assertEquals('c', queue.headType());
  }

  @Test
  void theRingWrapsAndGrowsWithoutLosingTheOrder() {
    add("abcdef");
    queue.remove();
    queue.remove();
    queue.remove();
    queue.remove();
    add("ghijk");
    add("lmnopqrstuvwxyz");
    assertEquals("efghijklmnopqrstuvwxyz", drained());
  }

  @Test
  void skipToMakesTheFirstOfATypeTheHead() {
    add("abcSdS");
    assertTrue(queue.skipTo('S'));
    assertEquals("SdS", drained());
  }

  @Test
  void skipToLeavesAHeadOfThatTypeAlone() {
    add("Sa");
    assertTrue(queue.skipTo('S'));
    assertEquals("Sa", drained());
  }

  /** Needs what has failed to be told from what was skipped with it. */
  @Test
  void skipToFailsTheHeadAndUndoesTheOthersTheLatestFirst() {
    StringBuilder told = new StringBuilder();
    for (char name : "abc".toCharArray()) {
      RequestEffect both = effect(name, told).and(effect(Character.toUpperCase(name), told));
      queue.add(name, ReplyQueue.Disposition.FORWARD, both);
    }
    queue.skipTo('S');
    assertEquals("-C -c -B -b !A !a ", told.toString());
  }

  private static RequestEffect effect(char name, StringBuilder told) {
    return new RequestEffect() {
      @Override
      public void done() {
        told.append('+').append(name).append(' ');
      }

      @Override
      public void undone() {
        told.append('-').append(name).append(' ');
      }

      @Override
      public void failed() {
        told.append('!').append(name).append(' ');
      }
    };
  }

  @Test
  void skipToWithoutOneDropsAll() {
    add("abc");
    assertFalse(queue.skipTo('S'));
    assertTrue(queue.isEmpty());
  }

  @Test
  void removeBehindHeadTakesATypeOutUpToAMark() {
    add("ESScSd");
    assertTrue(queue.removeBehindHead('S', 'c'));
    assertEquals("ESd", drained());
  }

  @Test
  void removeBehindHeadStopsAtAnythingElse() {
    add("ESaScb");
    assertFalse(queue.removeBehindHead('S', 'c'));
    assertEquals("EaScb", drained());
    add("ESS");
    assertFalse(queue.removeBehindHead('S', 'c'));
    assertEquals("E", drained());
  }

  @Test
  void removeBehindHeadLeavesTheHeadEvenOfThatType() {
    add("SSc");
    assertTrue(queue.removeBehindHead('S', 'c'));
    assertEquals("S", drained());
    add("cSc");
    assertTrue(queue.removeBehindHead('S', 'c'));
    assertEquals("c", drained());
    assertFalse(queue.removeBehindHead('S', 'c'));
  }

  @Test
  void moreThanTheLimitIsRefusedAndNothingIsLost() {
    for (int i = 0; i < ReplyQueue.LIMIT; i++) {
      assertTrue(queue.add('a', Disposition.FORWARD));
    }
    assertFalse(queue.add('b', Disposition.FORWARD));
    assertEquals(ReplyQueue.LIMIT, queue.size());
    queue.remove();
    assertTrue(queue.add('b', Disposition.SWALLOW));
    assertTrue(queue.skipTo('b'));
    assertTrue(queue.headSwallowed());
    queue.clear();
    add("x");
    assertEquals("x", drained());
  }

  @Test
  void anyRunOfCallsGivesWhatAPlainListGives() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      Random random = new Random(seed);
      ReplyQueue ring = new ReplyQueue();
      List<Integer> list = new ArrayList<>();
      for (int step = 0; step < 60; step++) {
        Step.choose(random).run(random, ring, list);
        String at = "seed " + seed + " step " + step;
        assertEquals(list.size(), ring.size(), at);
        assertEquals(list.isEmpty() ? -1 : list.getFirst() & 0xff, ring.headType(), at);
        assertEquals(!list.isEmpty() && list.getFirst() > 0xff, ring.headSwallowed(), at);
      }
      assertEquals(list.stream().map(entry -> entry & 0xff).toList(), drain(ring), "seed " + seed);
    }
  }

  /** A call, on the ring and on the model; an entry above 0xff is ours. */
  private enum Step {
    ADD,
    REMOVE,
    SKIP,
    REMOVE_BEHIND;

    static Step choose(Random random) {
      int dice = random.nextInt(20);
      return dice < 13 ? ADD : dice < 17 ? REMOVE : dice == 17 ? SKIP : REMOVE_BEHIND;
    }

    void run(Random random, ReplyQueue ring, List<Integer> list) {
      int type = 'a' + random.nextInt(4);
      switch (this) {
        case ADD -> {
          boolean ours = random.nextInt(4) == 0;
          ring.add(type, ours ? Disposition.SWALLOW : Disposition.FORWARD);
          list.add(ours ? type | 0x100 : type);
        }
        case REMOVE -> {
          if (!list.isEmpty()) {
            ring.remove();
            list.removeFirst();
          }
        }
        case SKIP -> {
          while (!list.isEmpty() && (list.getFirst() & 0xff) != type) {
            list.removeFirst();
          }
          assertEquals(!list.isEmpty(), ring.skipTo(type));
        }
        case REMOVE_BEHIND -> {
          int until = 'a' + random.nextInt(4);
          assertEquals(removeBehind(list, type, until), ring.removeBehindHead(type, until));
        }
      }
    }

    private static boolean removeBehind(List<Integer> list, int type, int until) {
      while (list.size() > 1) {
        int next = list.get(1) & 0xff;
        if (next == until || next == type) {
          list.remove(/* index */ 1);
        }
        if (next == until || next != type) {
          return next == until;
        }
      }
      return false;
    }
  }

  private void add(String types) {
    types.chars().forEach(type -> assertTrue(queue.add(type, Disposition.FORWARD)));
  }

  private String drained() {
    StringBuilder all = new StringBuilder();
    drain(queue).forEach(type -> all.append((char) (int) type));
    return all.toString();
  }

  private static List<Integer> drain(ReplyQueue queue) {
    List<Integer> all = new ArrayList<>();
    while (!queue.isEmpty()) {
      all.add(queue.headType());
      queue.remove();
    }
    return all;
  }
}
