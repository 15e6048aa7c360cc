package dev.pooler.postgres.client;

import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Whether settings may be put in front of what a client asks next, to share its transaction. All of
 * it must be here and known: one query, or one batch to its Sync, of statements that read or write
 * rows. Then the server takes back either all of it or nothing, and nothing in it begins, ends or
 * refuses a transaction (architecture.md, "Moving settings").
 */
final class FrontBatch {
  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final StatementRules rules;

  FrontBatch(StatementJudge judge, PreparedTraffic prepared, StatementRules rules) {
    this.judge = judge;
    this.prepared = prepared;
    this.rules = rules;
  }

  /** Whether the readable bytes begin with such a query or batch. */
  boolean fits(ByteBuf in) {
    Frames frames = new Frames(in);
    boolean parsedUnnamed = false;
    boolean bound = false;
    for (boolean first = true; ; first = false) {
      switch (frames.next()) {
        case Frontend.QUERY -> {
          StatementMeaning meaning = first ? read(in, frames.body(), frames) : null;
          return meaning != null && fits(meaning) && isSameAsBatch(meaning.facts());
        }
        case Frontend.SYNC -> {
          return true;
        }
        case Frontend.PARSE -> {
          int body = frames.body();
          if (!fits(read(in, frames.zero(body) + 1, frames))) {
            return false;
          }
          parsedUnnamed |= frames.empty(body);
        }
        case Frontend.BIND -> {
          int name = frames.zero(frames.body()) + 1;
          int zero = frames.zero(name);
          boolean here = zero == name && parsedUnnamed;
          if (zero < 0 || !(here || fits(prepared.meaning(in, name, zero)))) {
            return false;
          }
          bound |= frames.empty(frames.body());
        }
        case Frontend.EXECUTE -> {
          if (!bound && frames.empty(frames.body())) {
            return false; // it would run ours
          }
        }
        case Frontend.DESCRIBE -> {
          if (!bound && frames.is(frames.body(), 'P') && frames.empty(frames.body() + 1)) {
            return false;
          }
        }
        case Frontend.CLOSE, Frontend.FLUSH -> {}
        default -> {
          return false;
        }
      }
    }
  }

  /**
   * Whether the readable bytes begin with a batch that binds something to the portal without a name
   * before it asks for that portal.
   */
  static boolean bindsFirst(ByteBuf in) {
    Frames frames = new Frames(in);
    while (true) {
      switch (frames.next()) {
        case Frontend.PARSE, Frontend.CLOSE -> {}
        case Frontend.BIND -> {
          return frames.empty(frames.body());
        }
        default -> {
          return false;
        }
      }
    }
  }

  /**
   * A query is sent as a batch then, which is committed by its Sync: behind CommandComplete. What
   * may fail there (a deferred constraint) must not be in it, nor what a rule makes more than one
   * statement of.
   */
  private static boolean isSameAsBatch(StatementFacts facts) {
    return facts.first() != StatementClass.WRITE && !facts.leaves(Footprint.UNKNOWN_FUNCTION);
  }

  private @Nullable StatementMeaning read(ByteBuf in, int text, Frames frames) {
    int zero = frames.zero(text);
    return zero < 0 ? null : judge.read(rules, in, text, zero);
  }

  private boolean fits(@Nullable StatementMeaning meaning) {
    if (meaning == null || judge.refusal(meaning) != null) {
      return false;
    }
    StatementFacts facts = meaning.facts();
    return facts.statements() == 1
        && !facts.is(StatementTrait.CONTROLS_TRANSACTION)
        && !facts.is(StatementTrait.REFUSES_TRANSACTION)
        && !facts.leaves(Footprint.CODE) // EXPLAIN EXECUTE: its text is changed
        && !facts.leaves(Footprint.DEALLOCATE)
        && !facts.is(StatementTrait.CHANGES_READING) // of what stands behind it
        && !judge.concernsSequences(facts)
        && switch (facts.first()) {
          case READ, WRITE, SHOW -> true;
          default -> false;
        };
  }
}
