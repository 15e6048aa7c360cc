package dev.pooler.postgres.listen;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Joins what a session hears on its own backend and from the shared listener to the one row of
 * notifications that it would hear on a connection of its own: none lost, none twice, in order.
 *
 * <p>The server has one queue, and every backend that listens reads it from the commit of its
 * LISTEN on. So what the own backend hears is a piece of what the listener hears, and it is enough
 * to know where the piece begins and ends: a fence (a notification of ours, {@link Notification} on
 * a channel that nobody else has) stands at the same place in both. Pure; confined to one thread.
 *
 * <pre>
 *   BACKEND → LEAVING → LISTENER   after a transaction: the listener listens already, the fence
 *                                  is said on the own backend, which unlistens afterwards
 *   LISTENER → COMING → BACKEND    in front of a statement that may touch channels: the own
 *                                  backend listens and says the fence at once
 * </pre>
 */
public final class Hearing {
  /** Where the session's channels are. */
  public enum Place {
    BACKEND,
    LEAVING,
    LISTENER,
    COMING
  }

  private final String fenceChannel;
  private final Deque<Tidings> due = new ArrayDeque<>();
  private Place place = Place.BACKEND;
  private Set<String> channels = Set.of();
  private String fence = "";
  private boolean fenceHere;
  private boolean fenceThere;

  /** COMING: what the own backend has said, and how much of it in front of the fence. */
  private final List<Notification> held = new ArrayList<>();

  private int heldBeforeFence;

  /** COMING: what the listener has said since it began. */
  private int since;

  /** LEAVING: what the listener has said behind the fence. */
  private final List<Notification> later = new ArrayList<>();

  /** LEAVING: how much of that the own backend has said to the client already. */
  private int ahead;

  /** LISTENER: how much of that is still to come from the listener. */
  private int skip;

  /** Bytes of what is kept here. */
  private int bytes;

  /** On the backend, and nothing known. */
  public Hearing(String fenceChannel) {
    this.fenceChannel = fenceChannel;
  }

  public Place place() {
    return place;
  }

  /** What the session listens to, as of the last time it was settled. */
  public Set<String> channels() {
    return channels;
  }

  /** Bytes of all that is kept for the client. */
  public int bytes() {
    return bytes;
  }

  /** The fence of this move has been heard on the own backend. */
  public boolean fenceHere() {
    return fenceHere;
  }

  /** The fence of this move has been heard by the listener. */
  public boolean fenceThere() {
    return fenceThere;
  }

  /** The listener listens to all of {@code now}; the fence is about to be said. */
  public void leaving(String fencePayload, Set<String> now) {
    become(Place.LEAVING, fencePayload);
    channels = Set.copyOf(now);
    ahead = 0;
  }

  /** The own backend has not left: the move is off. */
  public void stay() {
    place = Place.BACKEND;
    forget(later);
  }

  /** The own backend listens to nothing any more, and the listener has heard the fence. */
  public void left() {
    place = Place.LISTENER;
    int both = Math.min(ahead, later.size());
    skip = fenceThere ? ahead - both : 0;
    List<Notification> known = later.subList(0, both);
    known.forEach(notification -> bytes -= notification.size());
    known.clear();
    due.addAll(later);
    later.clear();
  }

  /** The own backend is about to listen again, and to say the fence with it. */
  public void coming(String fencePayload) {
    become(Place.COMING, fencePayload);
    heldBeforeFence = 0;
    since = 0;
  }

  /** The own backend listens, and both have heard the fence, or the listener never will. */
  public void arrived() {
    place = Place.BACKEND;
    if (fenceThere) {
      dropLast(Math.min(heldBeforeFence, since));
    } else {
      dropHeld();
    }
    due.addAll(held);
    held.clear();
    skip = 0;
  }

  private void become(Place next, String fencePayload) {
    place = next;
    fence = fencePayload;
    fenceHere = false;
    fenceThere = false;
  }

  /** What the own backend has said in front of the fence, the listener has said last. */
  private void dropLast(int count) {
    for (int i = 0; i < count; i++) {
      bytes -= due.removeLast().size();
    }
  }

  /** The listener's piece ends somewhere: nothing is said twice. */
  private void dropHeld() {
    for (Notification notification : held) {
      if (due.removeLastOccurrence(notification)) {
        bytes -= notification.size();
      }
    }
  }

  /** The listener has said it. */
  public void fromListener(Notification notification) {
    if (notification.channel().equals(fenceChannel)) {
      fenceThere |= notification.payload().equals(fence);
      return;
    }
    if (!channels.contains(notification.channel())) {
      return;
    }
    switch (place) {
      case BACKEND -> {}
      case COMING -> {
        if (skip > 0) {
          skip--;
        } else if (!fenceThere) {
          since++;
          add(notification);
        }
      }
      case LISTENER -> {
        if (skip > 0) {
          skip--;
        } else {
          add(notification);
        }
      }
      case LEAVING -> {
        if (fenceThere) {
          later.add(notification);
          bytes += notification.size();
        }
      }
    }
  }

  /**
   * The own backend has said it.
   *
   * @return whether it goes to the client now
   */
  public boolean fromBackend(Notification notification) {
    if (notification.channel().equals(fenceChannel)) {
      fenceHere |= notification.payload().equals(fence);
      return false;
    }
    return switch (place) {
      case BACKEND -> true;
      case COMING -> {
        held.add(notification);
        bytes += notification.size();
        heldBeforeFence += fenceHere || !channels.contains(notification.channel()) ? 0 : 1;
        yield false;
      }
      case LISTENER -> !channels.contains(notification.channel());
      case LEAVING -> {
        ahead += fenceHere && channels.contains(notification.channel()) ? 1 : 0;
        yield true;
      }
    };
  }

  /** To be said behind all that is due. */
  public void add(Tidings tidings) {
    due.add(tidings);
    bytes += tidings.size();
  }

  /** What the client is to be told next; null for nothing. */
  public @Nullable Tidings next() {
    Tidings next = due.poll();
    if (next != null) {
      bytes -= next.size();
    }
    return next;
  }

  public boolean isDue() {
    return !due.isEmpty();
  }

  private void forget(List<Notification> notifications) {
    notifications.forEach(notification -> bytes -= notification.size());
    notifications.clear();
  }
}
