package dev.pooler.postgres.client;

import dev.pooler.core.relay.RequestEffect;
import java.util.ArrayList;
import java.util.List;

/**
 * What the DEALLOCATEs of one query do: each counts once it has been carried out, for no rollback
 * gives a statement back, and not if the query has failed in front of it. Confined to a loop.
 */
final class DeallocatedInTurn implements RequestEffect {
  private final List<Turn> turns = new ArrayList<>(1);

  /** Statements of the query that have been carried out. */
  private int carriedOut;

  /** How many of the turns have come. */
  private int next;

  private record Turn(int statement, RequestEffect effect) {}

  /**
   * One more.
   *
   * @param statement which of the query's, from 0 on; behind those that were added before
   */
  void add(int statement, RequestEffect effect) {
    turns.add(new Turn(statement, effect));
  }

  @Override
  public void stepped() {
    if (next < turns.size() && turns.get(next).statement() == carriedOut) {
      turns.get(next++).effect().done();
    }
    carriedOut++;
  }

  /** The query has been answered, perhaps with an error. */
  @Override
  public void done() {
    undone();
  }

  @Override
  public void undone() {
    for (int i = turns.size() - 1; i >= next; i--) {
      turns.get(i).effect().undone();
    }
    next = turns.size();
  }
}
