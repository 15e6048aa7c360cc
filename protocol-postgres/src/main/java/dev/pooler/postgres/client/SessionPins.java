package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.session.Pin;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.MaskedText;
import dev.pooler.postgres.statement.PgDialects;
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
 * What a session is pinned for, since when, and by which statement. Costs statements without a
 * footprint nothing. Confined to its session's loop.
 */
final class SessionPins {
  private static final int CHARACTERS = 100;
  private static final int BYTES = 4 * CHARACTERS;

  /** Reasons that only the session's end or DISCARD ALL takes away. */
  private static final int LASTING =
      bit(PinReason.SETTING)
          | bit(PinReason.CODE)
          | bit(PinReason.LOADED_LIBRARY)
          | bit(PinReason.RANDOM_SEED)
          | bit(PinReason.LARGE_STATEMENT)
          | bit(PinReason.UNKNOWN);

  /** Reasons for which the backend is nobody else's, ever: DISCARD ALL takes nothing of it away. */
  private static final int STAINS =
      bit(PinReason.CODE)
          | bit(PinReason.LOADED_LIBRARY)
          | bit(PinReason.RANDOM_SEED)
          | bit(PinReason.LARGE_STATEMENT)
          | bit(PinReason.UNKNOWN);

  private final PoolMode mode;
  private final StatementPolicy policy;
  private final PoolCounters counters;
  private final Supplier<Instant> clock;

  /** Packed {@link PinReason}s. */
  private int pins;

  /** The backend has something that can't be taken away; taken with {@link #takeStained}. */
  private boolean stained;

  /** What holds, or has held, for people. */
  private @Nullable Map<PinReason, Note> notes;

  /** Of what the client has been told; null until the first. */
  private @Nullable Set<PinReason> told;

  /** The last statement that may pin. */
  private @Nullable String statement;

  /** How that is read. */
  private Dialect dialect = PgDialects.STANDARD;

  /** What the session is pinned for against the operator's will. */
  private @Nullable PinReason unwanted;

  /** A pin, its statement as the client said it, and how that is read. */
  private record Note(Pin pin, Dialect dialect) {
    /** For others than the client. */
    Pin masked() {
      String said = pin.statement();
      if (said == null) {
        return pin;
      }
      byte[] text = said.getBytes(StandardCharsets.UTF_8);
      return new Pin(pin.reason(), pin.since(), MaskedText.of(dialect, text, text.length, false));
    }
  }

  /** Not pinned; in session mode it never is. */
  SessionPins(
      PoolMode mode, StatementPolicy policy, PoolCounters counters, Supplier<Instant> clock) {
    this.mode = mode;
    this.policy = policy;
    this.counters = counters;
    this.clock = clock;
  }

  /** Pins, unless the operator allows what it would be for. */
  void add(PinReason reason) {
    if (policy.allows(reason)) {
      return;
    }
    stained |= (bit(reason) & STAINS) != 0;
    if (mode == PoolMode.SESSION || has(reason)) {
      return;
    }
    if (policy.refuses(reason)) {
      unwanted = reason;
    }
    pins |= bit(reason);
    counters.pinned(reason);
    Map<PinReason, Note> all = notes;
    if (all == null) {
      all = new EnumMap<>(PinReason.class);
      notes = all;
    }
    all.put(reason, new Note(new Pin(reason.label(), clock.get(), statement), dialect));
    if (told != null) {
      told.remove(reason);
    }
  }

  void remove(PinReason reason) {
    pins &= ~bit(reason);
  }

  /** Pins or unpins. */
  void set(PinReason reason, boolean holds) {
    if (holds) {
      add(reason);
    } else {
      remove(reason);
    }
  }

  /** DISCARD ALL. */
  void clear() {
    pins = 0;
  }

  /** Whether, in this lease, something was left that no other session must find. */
  boolean takeStained() {
    boolean was = stained;
    stained = false;
    return was;
  }

  boolean has(PinReason reason) {
    return (pins & bit(reason)) != 0;
  }

  boolean isEmpty() {
    return pins == 0;
  }

  /** Whether one holds that no answer of the server takes away. */
  boolean anyLasting() {
    return (pins & LASTING) != 0;
  }

  /** Why the session is pinned; empty where it isn't. */
  Set<PinReason> reasons() {
    if (pins == 0) {
      return Set.of();
    }
    Set<PinReason> reasons = EnumSet.allOf(PinReason.class);
    reasons.removeIf(reason -> !has(reason));
    return reasons;
  }

  /**
   * What the client is told, and the session's end, where a pin that the operator refuses was only
   * found after the statement; null where there is none.
   */
  @Nullable SqlFailure unwanted() {
    PinReason reason = unwanted;
    return reason == null || !has(reason) ? null : StatementPolicy.tooLate(reason);
  }

  // --- for people ------------------------------------------------------------------------------

  /** A statement that may pin, from {@code index} to {@code end}. */
  void note(Dialect how, ByteBuf in, int index, int end) {
    dialect = how;
    String text =
        in.toString(index, Math.min(BYTES, Math.max(0, end - index)), StandardCharsets.UTF_8);
    int points = text.codePointCount(0, text.length());
    statement =
        points <= CHARACTERS ? text : text.substring(0, text.offsetByCodePoints(0, CHARACTERS));
  }

  /** What pins from now on has nothing to do with that statement. */
  void forgetStatement() {
    statement = null;
  }

  /** The pins that hold, with since when and by what, for administrators. */
  List<Pin> all() {
    return those(this::has).stream().map(Note::masked).toList();
  }

  /** Those that the client is to be told of: each once for each time it comes about. */
  List<Pin> untold() {
    if (pins == 0 || !policy.notice()) {
      return List.of();
    }
    Set<PinReason> before = told == null ? EnumSet.noneOf(PinReason.class) : told;
    told = before;
    return those(reason -> has(reason) && before.add(reason)).stream().map(Note::pin).toList();
  }

  private List<Note> those(Predicate<PinReason> wanted) {
    List<Note> some = new ArrayList<>();
    if (notes != null) {
      notes.forEach((reason, note) -> {
        if (wanted.test(reason)) {
          some.add(note);
        }
      });
    }
    return some;
  }

  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  private static int bit(PinReason reason) {
    return 1 << reason.ordinal();
  }
}
