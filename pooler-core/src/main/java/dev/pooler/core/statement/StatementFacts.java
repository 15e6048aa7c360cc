package dev.pooler.core.statement;

import java.util.EnumSet;
import java.util.Set;

/**
 * What a query string's text says, over all of its statements. Immutable, shared by all that send
 * the same text, safe on any thread.
 *
 * @param statements how many statements the text holds; empty ones don't count
 * @param first the class of the first of them
 * @param traits packed {@link StatementTrait}s
 * @param footprint packed {@link Footprint}s that the text may leave behind
 * @param clears packed footprints that the text removes and doesn't put back afterwards
 * @param digest a hash of the text without literals, case and space; 0 is none
 */
public record StatementFacts(
    int statements, StatementClass first, int traits, int footprint, int clears, long digest) {

  private static final StatementFacts UNKNOWN =
      new StatementFacts(
          1,
          StatementClass.UNKNOWN,
          StatementTrait.CONTROLS_TRANSACTION.bit()
              | StatementTrait.REFUSES_TRANSACTION.bit()
              | StatementTrait.LETS_GO.bit(),
          Footprint.UNKNOWN.bit(),
          0,
          0);

  /** The facts of a text that can't be read: it may do anything. */
  public static StatementFacts unknown() {
    return UNKNOWN;
  }

  public boolean isEmpty() {
    return statements == 0;
  }

  public boolean is(StatementTrait trait) {
    return (traits & trait.bit()) != 0;
  }

  public boolean leaves(Footprint reason) {
    return (footprint & reason.bit()) != 0;
  }

  /** True if the text may leave anything at all. */
  public boolean leavesFootprint() {
    return footprint != 0;
  }

  public boolean clears(Footprint reason) {
    return (clears & reason.bit()) != 0;
  }

  /** What the text may leave, for people; allocates. */
  public Set<Footprint> footprints() {
    Set<Footprint> reasons = EnumSet.noneOf(Footprint.class);
    for (Footprint reason : Footprint.values()) {
      if (leaves(reason)) {
        reasons.add(reason);
      }
    }
    return reasons;
  }
}
