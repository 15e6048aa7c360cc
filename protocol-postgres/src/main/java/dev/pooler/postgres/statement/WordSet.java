package dev.pooler.postgres.statement;

/** A mutable set of {@link PgWord}s, cheap to empty and to intersect. */
final class WordSet {
  /** Most words there may be. */
  static final int CAPACITY = 2 * Long.SIZE;

  private long low;
  private long high;

  void add(PgWord word) {
    add(word.id());
  }

  void add(int id) {
    if (id < Long.SIZE) {
      low |= 1L << id;
    } else {
      high |= 1L << (id - Long.SIZE);
    }
  }

  boolean contains(PgWord word) {
    return contains(word.id());
  }

  boolean contains(int id) {
    if (id < 0 || id >= CAPACITY) {
      return false;
    }
    return ((id < Long.SIZE ? low >>> id : high >>> (id - Long.SIZE)) & 1) != 0;
  }

  boolean isEmpty() {
    return (low | high) == 0;
  }

  boolean intersects(WordSet other) {
    return ((low & other.low) | (high & other.high)) != 0;
  }

  void clear() {
    low = 0;
    high = 0;
  }
}
