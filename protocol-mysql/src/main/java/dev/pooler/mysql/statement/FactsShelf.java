package dev.pooler.mysql.statement;

import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import org.jspecify.annotations.Nullable;

/** Facts made before, so that texts that differ in their literals only share them. */
final class FactsShelf {
  private static final int PLACES = 512;

  private final @Nullable StatementFacts[] places = new StatementFacts[PLACES];

  StatementFacts facts(
      int statements, StatementClass first, int traits, int footprint, int clears, long digest) {
    int place = (int) (digest >>> 20) & (PLACES - 1);
    StatementFacts known = places[place];
    if (known != null
        && known.digest() == digest
        && known.statements() == statements
        && known.first() == first
        && known.traits() == traits
        && known.footprint() == footprint
        && known.clears() == clears) {
      return known;
    }
    StatementFacts facts = new StatementFacts(statements, first, traits, footprint, clears, digest);
    places[place] = facts;
    return facts;
  }
}
