package dev.pooler.core.relay;

import org.jspecify.annotations.Nullable;

/**
 * What a backend still owes, in the order in which it will answer: one entry a request, each to be
 * forwarded to the client or swallowed because we asked. A ring of ints that grows with a client's
 * pipeline and never shrinks below what one statement needs; no allocation per request.
 *
 * <p>An entry is a request type of the protocol (up to 24 bits) and its {@link Disposition}.
 * Confined to the backend's event loop.
 */
public final class ReplyQueue {
  /** Whose reply it is. */
  public enum Disposition {
    FORWARD,
    SWALLOW
  }

  /** More requests without one reply than this is taken for an attack, not for a pipeline. */
  public static final int LIMIT = 1 << 20;

  private static final int SWALLOW = 1 << 24;
  private static final int TYPE = SWALLOW - 1;

  private int[] ring = new int[8];

  /** Beside the ring; null until the first request that has one. */
  private @Nullable RequestEffect @Nullable [] effects;

  private int head;
  private int size;

  public boolean isEmpty() {
    return size == 0;
  }

  public int size() {
    return size;
  }

  /** Notes a request; false when the queue is full and the client must be refused. */
  public boolean add(int type, Disposition disposition) {
    return add(type, disposition, null);
  }

  /** As {@link #add(int, Disposition)}, with what depends on the answer. */
  public boolean add(int type, Disposition disposition, @Nullable RequestEffect effect) {
    if (size == ring.length) {
      if (size >= LIMIT) {
        return false;
      }
      grow();
    }
    int place = (head + size++) & (ring.length - 1);
    ring[place] = disposition == Disposition.SWALLOW ? type | SWALLOW : type;
    if (effect != null && effects == null) {
      effects = new RequestEffect[ring.length];
    }
    if (effects != null) {
      effects[place] = effect;
    }
    return true;
  }

  /** The request that is answered next, or -1. */
  public int headType() {
    return size == 0 ? -1 : ring[head] & TYPE;
  }

  /** True when the reply that comes next is ours, not the client's. */
  public boolean headSwallowed() {
    return size > 0 && (ring[head] & SWALLOW) != 0;
  }

  /** What depends on the answer that comes next, or null. */
  public @Nullable RequestEffect headEffect() {
    return size == 0 || effects == null ? null : effects[head];
  }

  /** The head has been answered: its effect is done. */
  public void remove() {
    if (size == 0) {
      throw new IllegalStateException("reply queue is empty");
    }
    RequestEffect effect = takeEffect(head);
    head = (head + 1) & (ring.length - 1);
    size--;
    if (effect != null) {
      effect.done();
    }
  }

  /**
   * The head has failed: drops entries up to the first of {@code type}, which becomes the head;
   * false if none is. The effects of those dropped are undone, the latest first.
   */
  public boolean skipTo(int type) {
    int skipped = 0;
    while (skipped < size && (ring[(head + skipped) & (ring.length - 1)] & TYPE) != type) {
      skipped++;
    }
    for (int i = skipped - 1; i >= 0; i--) {
      RequestEffect effect = takeEffect((head + i) & (ring.length - 1));
      if (effect != null && i == 0) {
        effect.failed();
      } else if (effect != null) {
        effect.undone();
      }
    }
    head = (head + skipped) & (ring.length - 1);
    size -= skipped;
    return size > 0;
  }

  private @Nullable RequestEffect takeEffect(int place) {
    if (effects == null) {
      return null;
    }
    RequestEffect effect = effects[place];
    effects[place] = null;
    return effect;
  }

  /**
   * Removes the entries of {@code type} that stand directly behind the head, and the one of {@code
   * until} that is next, if it is. The others keep their order.
   *
   * @return whether {@code until} was there
   */
  public boolean removeBehindHead(int type, int until) {
    boolean found = false;
    boolean over = false;
    int kept = Math.min(size, 1);
    for (int i = kept; i < size; i++) {
      int entry = ring[(head + i) & (ring.length - 1)];
      boolean last = !over && (entry & TYPE) == until;
      over |= !last && (entry & TYPE) != type;
      RequestEffect effect = takeEffect((head + i) & (ring.length - 1));
      if (over) {
        int place = (head + kept++) & (ring.length - 1);
        ring[place] = entry;
        if (effects != null) {
          effects[place] = effect;
        }
      }
      found |= last;
      over |= last;
    }
    size = kept;
    return found;
  }

  /** Forgets everything, as the end of the backend does. */
  public void clear() {
    head = 0;
    size = 0;
    effects = null;
    if (ring.length > 1024) {
      ring = new int[8];
    }
  }

  private void grow() {
    int[] larger = new int[ring.length * 2];
    RequestEffect[] along = effects == null ? null : new RequestEffect[larger.length];
    for (int i = 0; i < size; i++) {
      int place = (head + i) & (ring.length - 1);
      larger[i] = ring[place];
      if (along != null) {
        along[i] = takeEffect(place);
      }
    }
    ring = larger;
    effects = along;
    head = 0;
  }
}
