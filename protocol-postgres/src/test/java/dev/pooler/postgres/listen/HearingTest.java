package dev.pooler.postgres.listen;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * A server's queue of notifications, two backends that read it as slowly as chance will, and a
 * session that moves between them at any moment.
 */
class HearingTest {
  private static final int SEEDS = 3000;
  private static final String FENCE = "_fence";

  @Test
  void aSessionThatMovesHearsEachNotificationOnceAndInOrder() {
    for (int seed = 0; seed < SEEDS; seed++) {
      World world = new World(seed);
      for (int step = 0; step < 300; step++) {
        world.step();
      }
      world.comeToRest();
      assertEquals(world.expected, world.told, "seed " + seed);
      assertEquals(0, world.hearing.bytes(), "seed " + seed);
    }
  }

  private static Notification word(String channel, String payload) {
    ByteBuf out = Unpooled.buffer();
    byte[] words = (channel + '\0' + payload + '\0').getBytes(StandardCharsets.UTF_8);
    out.writeByte('A').writeInt(8 + words.length).writeInt(7).writeBytes(words);
    return Notification.read(out, 0, out.readableBytes(), Speakers.At.UNKNOWN);
  }

  /**
   * A backend: where it stands in the queue, what it listens to, and what is on its way from it.
   */
  private static final class Ear {
    int position;
    Set<String> channels = new HashSet<>();
    final Deque<Notification> wire = new ArrayDeque<>();

    void read(List<Notification> queue, int upTo) {
      while (position < upTo) {
        Notification next = queue.get(position++);
        if (channels.contains(next.channel())) {
          wire.add(next);
        }
      }
    }
  }

  private static final class World {
    final Random random;
    final List<Notification> queue = new ArrayList<>();
    final Ear own = new Ear();
    final Ear listener = new Ear();
    final Hearing hearing = new Hearing(FENCE);
    final List<String> told = new ArrayList<>();
    final List<String> expected = new ArrayList<>();

    /** What the session listens to, by its own statements. */
    Set<String> channels = new TreeSet<>();

    /** What the move waits for from the own backend. */
    boolean answered;

    int spoken;
    int fences;

    World(int seed) {
      random = new Random(seed);
      listener.channels.add(FENCE);
    }

    void step() {
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> speak();
        case 3 -> own.read(queue, own.position + random.nextInt(queue.size() - own.position + 1));
        case 4 ->
            listener.read(
                queue, listener.position + random.nextInt(queue.size() - listener.position + 1));
        case 5 -> fromOwn();
        case 6 -> fromListener();
        default -> move();
      }
    }

    /** One of few payloads, so that some are the same. */
    void speak() {
      String channel = "c" + random.nextInt(3);
      Notification said = word(channel, "" + (random.nextInt(3) == 0 ? 0 : ++spoken));
      queue.add(said);
      if (channels.contains(channel)) {
        expected.add(said.toString());
      }
    }

    void fromOwn() {
      Notification next = own.wire.poll();
      if (next != null && hearing.fromBackend(next)) {
        told.add(next.toString());
      }
    }

    void fromListener() {
      Notification next = listener.wire.poll();
      if (next != null) {
        hearing.fromListener(next);
      }
      if (hearing.place() == Hearing.Place.LISTENER) {
        tell();
      }
    }

    void tell() {
      for (Tidings next = hearing.next(); next != null; next = hearing.next()) {
        told.add(next.toString());
      }
    }

    void move() {
      switch (hearing.place()) {
        case BACKEND -> {
          changeChannels();
          if (!channels.isEmpty() && random.nextBoolean()) {
            listen(listener, channels);
            String fence = "" + ++fences;
            hearing.leaving(fence, channels);
            own.channels.add(FENCE);
            queue.add(word(FENCE, fence));
            own.read(queue, queue.size()); // its own NOTIFY makes it read before it is ready
            answered = false;
          }
        }
        case LEAVING -> {
          if (!answered && hearing.fenceHere()) {
            own.channels.clear();
            answered = true;
          }
          // The answer stands behind all that was said before it.
          if (answered && own.wire.isEmpty() && hearing.fenceThere()) {
            hearing.left();
            tell();
            listener.channels.retainAll(with(channels, FENCE));
          }
        }
        case LISTENER -> {
          String fence = "" + ++fences;
          hearing.coming(fence);
          own.wire.clear();
          own.position = queue.size();
          own.channels = new HashSet<>(with(channels, FENCE));
          for (int others = random.nextInt(3); others > 0; others--) {
            speak();
          }
          queue.add(word(FENCE, fence));
          own.read(queue, queue.size());
        }
        case COMING -> {
          if (hearing.fenceHere() && hearing.fenceThere()) {
            hearing.arrived();
            tell();
          }
        }
      }
    }

    /** A statement of the session on its own backend, which reads to the end in front of it. */
    void changeChannels() {
      if (random.nextBoolean()) {
        return;
      }
      own.read(queue, queue.size());
      Set<String> now = new TreeSet<>();
      for (int i = 0; i < 3; i++) {
        if (random.nextBoolean()) {
          now.add("c" + i);
        }
      }
      own.channels = new HashSet<>(now);
      own.position = queue.size();
      channels = now;
    }

    static void listen(Ear ear, Set<String> channels) {
      if (!ear.channels.containsAll(channels)) {
        ear.read(new ArrayList<>(), 0);
        ear.channels.addAll(channels);
      }
    }

    static Set<String> with(Set<String> channels, String one) {
      Set<String> both = new HashSet<>(channels);
      both.add(one);
      return both;
    }

    void comeToRest() {
      for (int i = 0; i < 10; i++) {
        own.read(queue, queue.size());
        listener.read(queue, queue.size());
        while (!own.wire.isEmpty()) {
          fromOwn();
        }
        while (!listener.wire.isEmpty()) {
          fromListener();
        }
        if (hearing.place() == Hearing.Place.LEAVING || hearing.place() == Hearing.Place.COMING) {
          move();
        }
      }
    }
  }
}
