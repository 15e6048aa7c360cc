package dev.pooler.core.observe;

import dev.pooler.core.session.CloseReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ObjLongConsumer;

/** How sessions ended and logins failed, for one protocol. Thread-safe. */
public final class SessionCounters {
  private final Map<CloseReason, LongAdder> closed = new EnumMap<>(CloseReason.class);
  private final ConcurrentHashMap<String, LongAdder> authFailures = new ConcurrentHashMap<>();

  public SessionCounters() {
    for (CloseReason reason : CloseReason.values()) {
      closed.put(reason, new LongAdder());
    }
  }

  public void closed(CloseReason reason) {
    LongAdder adder = closed.get(reason);
    if (adder != null) {
      adder.increment();
    }
  }

  public long closedFor(CloseReason reason) {
    LongAdder adder = closed.get(reason);
    return adder == null ? 0 : adder.sum();
  }

  /**
   * Counts a refused login.
   *
   * @param reason one of a bounded set of words
   */
  public void authFailed(String reason) {
    authFailures.computeIfAbsent(reason, word -> new LongAdder()).increment();
  }

  public void eachAuthFailure(ObjLongConsumer<String> taker) {
    authFailures.forEach((reason, adder) -> taker.accept(reason, adder.sum()));
  }
}
