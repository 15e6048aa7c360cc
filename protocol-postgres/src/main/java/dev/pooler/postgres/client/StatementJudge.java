package dev.pooler.postgres.client;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SetStatement;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a session's statements mean for its lease: the settings it has, the footprint it left, and
 * what may not run in its pool mode. One object a session, confined to its loop.
 *
 * <p>A plain SET outside a transaction is kept and said again on the next backend; everything else
 * that stays on a backend pins.
 */
final class StatementJudge {
  /** Statements above this are not held to be read, they pin. */
  private static final int LARGEST_TEXT = 256 * 1024;

  /** Enough for the names in front of a Bind's or Describe's parameters. */
  private static final int NAMES = 1024;

  private static final int FUNCTION_OID = 4;

  private final PoolMode mode;
  private final PgSettings startup;
  private final PoolCounters counters;
  private PgSettings settings;

  /** Packed {@link PinReason}s. */
  private int pins;

  private @Nullable SetStatement pendingSet;
  private boolean pendingDiscard;

  /** The Query or Sync that ends the SET's own transaction has been sent. */
  private boolean pendingClosed;

  /** What no rule knows, most often a typing error: it pins once the server has run it. */
  private boolean pendingUnknown;

  private boolean discardsAll;
  private boolean executed;
  private boolean unnamedParsed;
  private boolean drewFromSequence;

  StatementJudge(PoolMode mode, PgSettings startup, PoolCounters counters) {
    this.mode = mode;
    this.startup = startup;
    this.settings = startup;
    this.counters = counters;
  }

  PgSettings settings() {
    return settings;
  }

  /** Whether the session left something on its backend that the next session must not find. */
  boolean footprint() {
    return pins != 0;
  }

  boolean pinnedBy(PinReason reason) {
    return (pins & bit(reason)) != 0;
  }

  /** How much of a frame must be seen, header included. */
  static int inspectLength(int type, long length) {
    int wanted =
        switch (type) {
          case Frontend.BIND, Frontend.DESCRIBE -> NAMES;
          case Frontend.FUNCTION_CALL -> PgFrameFormat.HEADER + FUNCTION_OID;
          default -> LARGEST_TEXT;
        };
    return (int) Math.min(length, wanted);
  }

  /** A new lease: nothing is known of the backend's unnamed statement. */
  void onLease() {
    unnamedParsed = false;
    drewFromSequence = false;
  }

  /**
   * Any request, before it is looked into. One that follows a SET without waiting for its answer
   * could fail where the SET did not, or the other way round: which one is not known.
   */
  void onRequest(int type) {
    if (pendingSet == null && !pendingDiscard) {
      return;
    }
    if (pendingClosed) {
      pendingSet = null;
      pendingDiscard = false;
      pin(PinReason.SETTING);
    } else {
      pendingClosed = type == Frontend.SYNC;
    }
  }

  /** A frame that was not looked into. */
  void onPassing(int type) {
    if (type == Frontend.EXECUTE) {
      executed = true;
    }
  }

  /** A simple query; a refusal, or null if it may run. */
  @Nullable SqlFailure onQuery(
      StatementRules rules, ByteBuf in, int index, long length, int available, Backend backend) {
    unnamedParsed = false; // the server drops it too
    executed = true;
    SqlFailure refusal =
        judge(rules, in, index + PgFrameFormat.HEADER, index, length, available, backend);
    pendingClosed = true;
    return refusal;
  }

  /** A Parse; a refusal, or null if it may run. */
  @Nullable SqlFailure onParse(
      StatementRules rules, ByteBuf in, int index, long length, int available, Backend backend) {
    int name = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, name, index + available);
    SqlFailure refusal = judge(rules, in, zero + 1, index, length, available, backend);
    if (refusal == null && zero == name) {
      unnamedParsed = true;
    } else if (refusal == null) {
      pin(PinReason.PREPARED_STATEMENT);
    }
    pendingClosed = false;
    return refusal;
  }

  /**
   * A call by function OID: the large-object functions are the transaction's, others may be all.
   */
  @Nullable SqlFailure onFunctionCall(ByteBuf in, int index, int available) {
    if (available < PgFrameFormat.HEADER + FUNCTION_OID) {
      throw new ProtocolViolation("insufficient data left in message");
    }
    switch (in.getInt(index + PgFrameFormat.HEADER)) {
      // lo_creat, lo_create, lo_open, lo_close, loread, lowrite, lo_lseek, lo_tell, lo_unlink,
      // lo_truncate and the 64-bit ones: pg_proc.dat of PostgreSQL 18
      case 957, 715, 952, 953, 954, 955, 956, 958, 964, 1004, 3170, 3171, 3172 -> {}
      default -> pin(PinReason.CODE);
    }
    return null;
  }

  /** A Bind or Describe of the unnamed statement that this lease has not parsed. */
  boolean usesForeignUnnamed(int type, ByteBuf in, int index, int available) {
    if (unnamedParsed) {
      return false;
    }
    int end = index + available;
    int at = index + PgFrameFormat.HEADER;
    if (type == Frontend.DESCRIBE) {
      return available > PgFrameFormat.HEADER + 1
          && in.getByte(at) == 'S'
          && in.getByte(at + 1) == 0;
    }
    int portalEnd = in.indexOf(at, end, (byte) 0);
    // Behind a portal's name longer than what is seen here, there may be none.
    return portalEnd < 0 || portalEnd + 1 >= end || in.getByte(portalEnd + 1) == 0;
  }

  private @Nullable SqlFailure judge(
      StatementRules rules,
      ByteBuf in,
      int text,
      int index,
      long length,
      int available,
      Backend backend) {
    if (length > available) {
      pin(PinReason.LARGE_STATEMENT);
      return refusal(StatementFacts.unknown());
    }
    int zero = Strings.end(in, text, index + available);
    StatementFacts facts = rules.facts(in, text, zero - text);
    SqlFailure refusal = refusal(facts);
    if (refusal == null) {
      note(facts, in, text, zero, backend);
    }
    return refusal;
  }

  private @Nullable SqlFailure refusal(StatementFacts facts) {
    if (mode == PoolMode.STATEMENT && facts.is(StatementTrait.CONTROLS_TRANSACTION)) {
      return SqlFailure.error(
              "42501", 1227, "transaction blocks are not allowed in statement pooling mode")
          .withHint("Set pool.mode: transaction for this database.");
    }
    if (facts.leaves(Footprint.SEQUENCE_VALUE)
        && mode != PoolMode.SESSION
        && !drewFromSequence
        && !facts.is(StatementTrait.ADVANCES_SEQUENCE)) {
      return SqlFailure.error(
              "55000", 1105, "currval and lastval are not defined outside nextval's transaction")
          .withDetail("In " + mode.word() + " pooling each transaction may have another backend.")
          .withHint("Use INSERT ... RETURNING, or ask in the transaction that called nextval.");
    }
    return null;
  }

  private void note(StatementFacts facts, ByteBuf in, int text, int zero, Backend backend) {
    drewFromSequence |=
        facts.is(StatementTrait.ADVANCES_SEQUENCE) || facts.first() == StatementClass.WRITE;
    if (pendingSet != null || pendingDiscard) {
      // More than one statement in the pipeline of a SET: which of them failed is not known.
      pendingSet = null;
      pendingDiscard = false;
      pin(PinReason.SETTING);
    }
    if (pendingUnknown) {
      pendingUnknown = false;
      pin(PinReason.UNKNOWN);
    }
    boolean alone =
        facts.statements() == 1
            && backend.transactionState() == TransactionState.IDLE
            && !backend.owes();
    if (facts.clears(Footprint.SETTING) && !facts.leaves(Footprint.SETTING)) {
      // RESET ALL, DISCARD ALL: the backend is at its own defaults, not at the session's start-up.
      if (alone) {
        pendingDiscard = true;
        discardsAll = facts.clears(Footprint.ADVISORY_LOCK); // RESET ALL clears settings only
        return;
      }
      pin(PinReason.SETTING);
    }
    if (!facts.leavesFootprint()) {
      return;
    }
    if (alone && facts.first() == StatementClass.SET && facts.footprint() == SETTING_ONLY) {
      SetStatement set =
          zero - text > SetStatement.LONGEST
              ? null
              : SetStatement.parse(in.toString(text, zero - text, StandardCharsets.UTF_8));
      if (set != null) {
        pendingSet = set;
        return;
      }
    }
    if (alone && facts.footprint() == UNKNOWN_ONLY && facts.first() == StatementClass.UNKNOWN) {
      pendingUnknown = true;
      return;
    }
    pinAll(facts);
  }

  private static final int SETTING_ONLY = Footprint.SETTING.bit();
  private static final int UNKNOWN_ONLY = Footprint.UNKNOWN.bit();

  private void pinAll(StatementFacts facts) {
    for (Footprint left : facts.footprints()) {
      switch (left) {
        case SETTING -> pin(PinReason.SETTING);
        case ROLE -> pin(PinReason.ROLE);
        case PREPARED -> pin(PinReason.PREPARED_STATEMENT);
        case LISTEN -> pin(PinReason.LISTEN);
        case TEMP_TABLE -> pin(PinReason.TEMPORARY_OBJECT);
        case HOLD_CURSOR -> pin(PinReason.HOLD_CURSOR);
        case ADVISORY_LOCK -> pin(PinReason.ADVISORY_LOCK);
        case LOAD -> pin(PinReason.LOADED_LIBRARY);
        case SEED -> pin(PinReason.RANDOM_SEED);
        case CODE -> pin(PinReason.CODE);
        case UNKNOWN, UNKNOWN_FUNCTION -> pin(PinReason.UNKNOWN);
        case DEALLOCATE, SEQUENCE_VALUE -> {
          // Whoever has statements to deallocate is pinned by them; sequences: see refusal().
        }
      }
    }
  }

  /** Everything asked is answered. */
  void onSettled(Backend backend, TransactionState transaction, boolean failed) {
    SetStatement set = pendingSet;
    boolean done = executed && !failed;
    if (set != null || pendingDiscard) {
      boolean discard = pendingDiscard;
      pendingSet = null;
      pendingDiscard = false;
      if (done && transaction != TransactionState.IDLE) {
        pin(PinReason.SETTING);
      } else if (done && discard) {
        pins = discardsAll ? 0 : pins & ~bit(PinReason.SETTING);
        drewFromSequence &= !discardsAll;
        settings = startup;
        backend.assumeSettings(PgSettings.NONE);
      } else if (done && set != null) {
        apply(set, backend);
      }
    }
    if (pendingUnknown && done) {
      pin(PinReason.UNKNOWN);
    }
    pendingUnknown = false;
    executed = false;
    if (transaction == TransactionState.IDLE) {
      backend.movedSettings().forEach((name, value) -> moved(name, value, backend));
    }
  }

  /**
   * A function set it, or the server read its configuration again: the session has seen the value
   * and keeps it.
   */
  private void moved(String name, String value, Backend backend) {
    switch (name) {
      case "in_hot_standby" -> {
        // The server's own; nobody sets it.
      }
      case "is_superuser", "session_authorization" -> pin(PinReason.ROLE);
      default -> {
        settings = settings.with(name, new PgSettings.Value.Text(value));
        backend.assumeSettings(settings);
      }
    }
  }

  private void apply(SetStatement set, Backend backend) {
    PgSettings.Value value = set.value();
    if (value != null) {
      settings = settings.with(set.name(), value);
      backend.assumeSettings(settings);
    } else {
      // The backend went back to the server's default, the session to what its start-up said.
      backend.assumeSettings(settings.withValueOf(set.name(), PgSettings.NONE));
      settings = settings.withValueOf(set.name(), startup);
    }
  }

  private void pin(PinReason reason) {
    if (mode != PoolMode.SESSION && !pinnedBy(reason)) {
      pins |= bit(reason);
      counters.pinned(reason);
    }
  }

  @SuppressWarnings("EnumOrdinal") // a place in memory only, never stored
  private static int bit(PinReason reason) {
    return 1 << reason.ordinal();
  }
}
