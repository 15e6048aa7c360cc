package dev.pooler.postgres.client;

import dev.pooler.core.pool.PinReason;
import dev.pooler.core.session.Pin;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Since when and by which statement a session is pinned: for people, nothing is decided by it.
 * Costs statements without a footprint nothing. Confined to its session's loop.
 */
final class PinNotes {
  private static final int CHARACTERS = 100;
  private static final int BYTES = 4 * CHARACTERS;

  private final Supplier<Instant> clock;
  private @Nullable Map<PinReason, Pin> pins;
  private final Set<PinReason> told = EnumSet.noneOf(PinReason.class);
  private @Nullable String statement;

  PinNotes(Supplier<Instant> clock) {
    this.clock = clock;
  }

  /** A statement that may pin, from {@code index} to {@code end}. */
  void statement(ByteBuf in, int index, int end) {
    String text =
        in.toString(index, Math.min(BYTES, Math.max(0, end - index)), StandardCharsets.UTF_8);
    int points = text.codePointCount(0, text.length());
    statement =
        points <= CHARACTERS ? text : text.substring(0, text.offsetByCodePoints(0, CHARACTERS));
  }

  /** What is said from now on has nothing to do with that statement. */
  void forgetStatement() {
    statement = null;
  }

  /** The session is pinned for this reason now, and was not before. */
  void pinned(PinReason reason) {
    if (pins == null) {
      pins = new EnumMap<>(PinReason.class);
    }
    pins.put(reason, new Pin(reason.label(), clock.get(), statement));
    told.remove(reason);
  }

  /** The notes on those pins that hold and that were not asked for by this before. */
  List<Pin> untold(Predicate<PinReason> holds) {
    return those(reason -> holds.test(reason) && told.add(reason));
  }

  /** The notes on those pins that still hold. */
  List<Pin> those(Predicate<PinReason> holds) {
    List<Pin> holding = new ArrayList<>();
    if (pins != null) {
      pins.forEach((reason, pin) -> {
        if (holds.test(reason)) {
          holding.add(pin);
        }
      });
    }
    return holding;
  }
}
