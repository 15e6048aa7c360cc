package dev.pooler.postgres.listen;

import java.net.SocketAddress;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which session last ran something on a backend of ours that may notify: clients know each other by
 * the process ids that they were told at their logins, not by those of backends. Any thread.
 */
public final class Speakers {
  private record Key(SocketAddress server, int processId) {}

  private final ConcurrentHashMap<Key, Speaker> known = new ConcurrentHashMap<>();

  /** The view from a backend of one server. */
  @FunctionalInterface
  public interface At {
    /** Nobody is known by another id. */
    At UNKNOWN = processId -> processId;

    /** The process id that clients know it by. */
    int told(int processId);
  }

  /** A backend of ours. */
  public final class Speaker implements At {
    private final Key key;

    /** Written on its backend's loop, read on others: a moment old at worst. */
    private volatile int told;

    private Speaker(Key key) {
      this.key = key;
    }

    /** A session that was told this id may notify from now on. */
    public void is(int processId) {
      if (told != processId) {
        told = processId;
      }
    }

    @Override
    public int told(int processId) {
      Speaker speaker = known.get(new Key(key.server, processId));
      int its = speaker == null ? 0 : speaker.told;
      return its == 0 ? processId : its;
    }

    /** The backend is gone; the server may give its process id to another. */
    public void leave() {
      known.remove(key, this);
    }
  }

  /** A new backend of a pool. */
  public Speaker enter(SocketAddress server, int processId) {
    Speaker speaker = new Speaker(new Key(server, processId));
    if (processId != 0) {
      known.put(speaker.key, speaker);
    }
    return speaker;
  }
}
