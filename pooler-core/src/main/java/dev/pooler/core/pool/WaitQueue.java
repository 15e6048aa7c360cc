package dev.pooler.core.pool;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one loop that wait for a backend, oldest first. Confined to its loop.
 *
 * <p>Their order is that of their coming, but for this: a backend whose settings the oldest does
 * not want may go to the first of those behind it who does. Else sessions with different settings
 * would have nearly every backend changed at every hand-over. Nobody is overtaken more than {@link
 * #ROUNDS} times for each backend: by then all of them could have served it so often.
 */
final class WaitQueue implements Iterable<LeaseRequest> {
  /** So often for each backend: why not less, and not a number of its own, decisions/0330 tells. */
  static final int ROUNDS = 2;

  /** In a large pool this is the bound: a look is a comparison, and each hand-over may need all. */
  static final int MOST_LOOKS = 64;

  private final ArrayDeque<LeaseRequest> requests = new ArrayDeque<>();

  void add(LeaseRequest request) {
    request.overtaken = 0;
    request.waiting = true;
    requests.addLast(request);
  }

  /** It waits no more; false if it did not. */
  boolean remove(LeaseRequest request) {
    if (!request.waiting) {
      return false;
    }
    request.waiting = false;
    return requests.remove(request);
  }

  @Nullable LeaseRequest oldest() {
    return requests.peekFirst();
  }

  boolean isEmpty() {
    return requests.isEmpty();
  }

  int size() {
    return requests.size();
  }

  /** How many came before it; all of them where it does not wait. */
  int ahead(LeaseRequest request) {
    int ahead = 0;
    for (LeaseRequest other : requests) {
      if (other == request) {
        break;
      }
      ahead++;
    }
    return ahead;
  }

  /** Oldest first. */
  @Override
  public Iterator<LeaseRequest> iterator() {
    return requests.iterator();
  }

  /**
   * Removes the one who gets this backend; there is one.
   *
   * @param backends how many serve this queue
   * @param late who began to wait before that is overtaken by nobody
   */
  LeaseRequest next(Backend backend, int backends, long late) {
    LeaseRequest oldest = requests.getFirst();
    LeaseRequest next = oldest;
    int most = Math.min(ROUNDS * backends, MOST_LOOKS);
    // Whoever overtakes one overtakes all in front of it: none has been overtaken more often.
    if (!backend.aligned(oldest.wanted()) && oldest.overtaken < most && oldest.since - late >= 0) {
      next = firstAligned(backend, most);
    }
    remove(next);
    return next;
  }

  /** The oldest, where none of those that are looked at wants what the backend has. */
  private LeaseRequest firstAligned(Backend backend, int most) {
    int looks = 0;
    for (LeaseRequest request : requests) {
      if (looks++ == most) {
        break;
      }
      if (backend.aligned(request.wanted())) {
        overtakes(request);
        return request;
      }
    }
    return requests.getFirst();
  }

  private void overtakes(LeaseRequest one) {
    for (LeaseRequest request : requests) {
      if (request == one) {
        return;
      }
      request.overtaken++;
    }
  }
}
