package dev.pooler.core.statement;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** A fixed set of ASCII words, found by bytes in any case with no allocation. Immutable. */
public final class WordTable {
  /** Longer words are in no table: the scanner keeps at least these many bytes behind it. */
  public static final int MAX_LENGTH = 63;

  /** What {@link #find} says of a word that is not in the table. */
  public static final int NONE = -1;

  private final byte[][] words;
  private final int[] hashes;
  private final int[] slots;

  private WordTable(byte[][] words, int[] slots) {
    this.words = words;
    this.hashes = new int[words.length];
    this.slots = slots;
  }

  /**
   * A table of these words, each known by its place in the list.
   *
   * @throws IllegalArgumentException if a word is too long, doubled or not lower case ASCII
   */
  public static WordTable of(List<String> words) {
    byte[][] bytes = new byte[words.size()][];
    // At most a quarter full, so that most words of a text that are in no table hit an empty slot.
    int[] slots = new int[Integer.highestOneBit(Math.max(1, words.size())) * 8];
    WordTable table = new WordTable(bytes, slots);
    for (int id = 0; id < bytes.length; id++) {
      String word = words.get(id);
      if (word.isEmpty() || word.length() > MAX_LENGTH || !word.matches("[a-z0-9_]+")) {
        throw new IllegalArgumentException("not a word for a table: " + word);
      }
      bytes[id] = word.getBytes(StandardCharsets.US_ASCII);
      int hash = hash(bytes[id], 0, bytes[id].length);
      if (table.find(bytes[id], 0, bytes[id].length, hash) != NONE) {
        throw new IllegalArgumentException("twice in a table: " + word);
      }
      table.hashes[id] = hash;
      int slot = spread(hash) & (slots.length - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = id + 1;
    }
    return table;
  }

  /** The word's place in the list, or {@link #NONE}. */
  int find(byte[] text, int from, int length, int hash) {
    int slot = spread(hash) & (slots.length - 1);
    while (slots[slot] != 0) {
      int id = slots[slot] - 1;
      if (hashes[id] == hash && same(words[id], text, from, length)) {
        return id;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    return NONE;
  }

  static int hash(byte[] text, int from, int length) {
    int hash = 0;
    for (int i = from; i < from + length; i++) {
      hash = hash * 31 + Bytes.lower(text[i]);
    }
    return hash;
  }

  private static int spread(int hash) {
    return hash ^ (hash >>> 15);
  }

  private static boolean same(byte[] word, byte[] text, int from, int length) {
    if (word.length != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (word[i] != Bytes.lower(text[from + i])) {
        return false;
      }
    }
    return true;
  }
}
