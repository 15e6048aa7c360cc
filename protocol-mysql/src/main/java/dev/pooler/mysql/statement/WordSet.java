package dev.pooler.mysql.statement;

import java.util.Arrays;

/** A mutable set of {@link MyWord}s, cheap to empty and to intersect. */
final class WordSet {
  private final long[] bits = new long[(MyWord.values().length + Long.SIZE - 1) / Long.SIZE];

  static WordSet of(MyWord... words) {
    WordSet set = new WordSet();
    for (MyWord word : words) {
      set.add(word.id());
    }
    return set;
  }

  void add(int id) {
    bits[id / Long.SIZE] |= 1L << id;
  }

  boolean contains(MyWord word) {
    return contains(word.id());
  }

  /** Whether a code is one of these words; any other code is not. */
  boolean contains(int id) {
    return id >= 0 && id < bits.length * Long.SIZE && (bits[id / Long.SIZE] >>> id & 1) != 0;
  }

  boolean isEmpty() {
    for (long part : bits) {
      if (part != 0) {
        return false;
      }
    }
    return true;
  }

  boolean intersects(WordSet other) {
    for (int i = 0; i < bits.length; i++) {
      if ((bits[i] & other.bits[i]) != 0) {
        return true;
      }
    }
    return false;
  }

  void clear() {
    Arrays.fill(bits, 0);
  }
}
