package dev.pooler.postgres.client;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PinPolicy;
import dev.pooler.core.config.PinsConfig;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.postgres.statement.StatementMeaning;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the operator wants of statements that leave something on their backend: which may pin, which
 * may not run, which are shared all the same. Fixed for a session at its login. Immutable.
 */
final class StatementPolicy {
  private final Set<PinReason> refused;
  private final Set<PinReason> allowed;
  private final int unasked;
  private final boolean notice;
  private final boolean trustsFunctions;
  private final boolean cachesUnnamed;

  private StatementPolicy(PinsConfig pins, boolean trustsFunctions, boolean cachesUnnamed) {
    this.refused = those(pins, PinPolicy.REFUSE);
    this.allowed = those(pins, PinPolicy.ALLOW);
    this.unasked = allowed.stream().mapToInt(StatementPolicy::footprint).reduce(0, (a, b) -> a | b);
    this.notice = pins.notice();
    this.trustsFunctions = trustsFunctions;
    this.cachesUnnamed = cachesUnnamed;
  }

  static StatementPolicy of(DatabaseConfig database) {
    return new StatementPolicy(
        database.pool().pins(), database.trustFunctions(), database.pool().cacheUnnamed());
  }

  private static Set<PinReason> those(PinsConfig pins, PinPolicy policy) {
    Set<PinReason> reasons = EnumSet.noneOf(PinReason.class);
    for (PinReason reason : PinReason.values()) {
      if (pins.policy(reason.label()) == policy) {
        reasons.add(reason);
      }
    }
    return reasons;
  }

  /** Texts that come again and again without a name may be held by backends under one of ours. */
  boolean cachesUnnamed() {
    return cachesUnnamed;
  }

  boolean refuses(PinReason reason) {
    return refused.contains(reason);
  }

  boolean allows(PinReason reason) {
    return allowed.contains(reason);
  }

  /** Packed {@link Footprint}s that the server need not be asked about: they change nothing. */
  int unasked() {
    return unasked;
  }

  private static int footprint(PinReason reason) {
    return switch (reason) {
      case PREPARED_STATEMENT -> Footprint.PREPARED.bit();
      case LISTEN -> Footprint.LISTEN.bit();
      case TEMPORARY_OBJECT -> Footprint.TEMP_TABLE.bit();
      case HOLD_CURSOR -> Footprint.HOLD_CURSOR.bit();
      case ADVISORY_LOCK -> Footprint.ADVISORY_LOCK.bit();
      case SETTING,
          LOADED_LIBRARY,
          RANDOM_SEED,
          SEQUENCE_VALUE,
          CODE,
          LARGE_STATEMENT,
          REPLICATION,
          UNKNOWN ->
          0;
    };
  }

  /** Clients are told when they become pinned. */
  boolean notice() {
    return notice;
  }

  /** Functions leave nothing unless their name or their text says otherwise. */
  boolean trustsFunctions() {
    return trustsFunctions;
  }

  /** Why a statement may not run, by what its text says that it may leave; null: it may. */
  @Nullable SqlFailure refusal(StatementMeaning meaning) {
    if (refused.isEmpty() || !meaning.facts().leavesFootprint()) {
      return null;
    }
    for (PinReason reason : refused) {
      if (mayPin(meaning, reason)) {
        return refusal(reason);
      }
    }
    return null;
  }

  private static boolean mayPin(StatementMeaning meaning, PinReason reason) {
    StatementFacts facts = meaning.facts();
    if (meaning == StatementMeaning.UNKNOWN) {
      return reason == PinReason.LARGE_STATEMENT;
    }
    return switch (reason) {
      case SETTING -> facts.leaves(Footprint.SETTING) && meaning.hidesNames();
      case CODE -> facts.leaves(Footprint.CODE) && meaning.hidesNames();
      case PREPARED_STATEMENT -> facts.leaves(Footprint.PREPARED);
      case LISTEN -> facts.leaves(Footprint.LISTEN);
      case TEMPORARY_OBJECT -> facts.leaves(Footprint.TEMP_TABLE);
      case HOLD_CURSOR -> facts.leaves(Footprint.HOLD_CURSOR);
      case ADVISORY_LOCK -> facts.leaves(Footprint.ADVISORY_LOCK);
      case LOADED_LIBRARY -> facts.leaves(Footprint.LOAD);
      case RANDOM_SEED -> facts.leaves(Footprint.SEED);
      case UNKNOWN -> facts.leaves(Footprint.UNKNOWN);
      case SEQUENCE_VALUE, LARGE_STATEMENT, REPLICATION -> false;
    };
  }

  /** What a client is told whose statement may not run for this reason. */
  static SqlFailure refusal(PinReason reason) {
    return SqlFailure.notAllowed(
            "statement not allowed: it would keep its backend for this session ("
                + reason.label()
                + ")")
        .withHint(advice(reason) + " " + key(reason) + " of this database says so.");
  }

  /** What a client is told whose statement has run, and left what its text did not show. */
  static SqlFailure tooLate(PinReason reason) {
    return SqlFailure.notAllowed(
            "a statement has left what would keep a backend for this session ("
                + reason.label()
                + "), which is not allowed")
        .withDetail("It was carried out; what it left is removed with the session.")
        .withHint(advice(reason) + " " + key(reason) + " of this database says so.")
        .asFatal();
  }

  private static String key(PinReason reason) {
    return "pool.pins." + reason.label().replace('_', '-');
  }

  private static String advice(PinReason reason) {
    return switch (reason) {
      case PREPARED_STATEMENT -> "Prepare it by the extended protocol instead.";
      case LISTEN -> "Listen on a connection with pool.mode: session.";
      case TEMPORARY_OBJECT -> "Make temporary tables ON COMMIT DROP, in a transaction.";
      case HOLD_CURSOR -> "Declare cursors without WITH HOLD, in a transaction.";
      case ADVISORY_LOCK -> "Use pg_advisory_xact_lock, in a transaction.";
      case SETTING, CODE -> "Name the setting in the statement's text.";
      case LARGE_STATEMENT -> "Send long values as parameters, or by COPY.";
      case LOADED_LIBRARY, RANDOM_SEED, SEQUENCE_VALUE, REPLICATION, UNKNOWN ->
          "Use a database entry with pool.mode: session.";
    };
  }
}
