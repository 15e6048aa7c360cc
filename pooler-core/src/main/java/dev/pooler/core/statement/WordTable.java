package dev.pooler.core.statement;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** A fixed set of ASCII words, found by bytes in any case with no allocation. Immutable. */
public final class WordTable {
  /** Longer words are in no table: the scanner keeps at least these many bytes behind it. */
  public static final int MAX_LENGTH = 63;

  /** What {@link #find} says of a word that is not in the table. */
  public static final int NONE = -1;

  /** All words, one behind the other: a table may hold thousands of them. */
  private final byte[] letters;

  /** Where each word starts, and the last one ends. */
  private final int[] starts;

  private final int[] hashes;
  private final int[] slots;

  private WordTable(List<String> words) {
    letters = String.join("", words).getBytes(StandardCharsets.US_ASCII);
    starts = new int[words.size() + 1];
    hashes = new int[words.size()];
    // At most a quarter full, so that most words of a text that are in no table hit an empty slot.
    slots = new int[Integer.highestOneBit(Math.max(1, words.size())) * 8];
  }

  /**
   * A table of these words, each known by its place in the list.
   *
   * @throws IllegalArgumentException if a word is too long, doubled or not lower case ASCII
   */
  public static WordTable of(List<String> words) {
    WordTable table = new WordTable(words);
    for (int id = 0; id < words.size(); id++) {
      String word = words.get(id);
      if (!isWord(word)) {
        throw new IllegalArgumentException("not a word for a table: " + word);
      }
      int from = table.starts[id];
      int hash = hash(table.letters, from, word.length());
      if (table.find(table.letters, from, word.length(), hash) != NONE) {
        throw new IllegalArgumentException("twice in a table: " + word);
      }
      table.starts[id + 1] = from + word.length();
      table.hashes[id] = hash;
      int slot = spread(hash) & (table.slots.length - 1);
      while (table.slots[slot] != 0) {
        slot = (slot + 1) & (table.slots.length - 1);
      }
      table.slots[slot] = id + 1;
    }
    return table;
  }

  /** The place of a word of ASCII letters, or {@link #NONE}. */
  public int find(String word) {
    byte[] text = word.getBytes(StandardCharsets.US_ASCII);
    return find(text, 0, text.length, hash(text, 0, text.length));
  }

  /** The word's place in the list, or {@link #NONE}. */
  int find(byte[] text, int from, int length, int hash) {
    int slot = spread(hash) & (slots.length - 1);
    while (slots[slot] != 0) {
      int id = slots[slot] - 1;
      if (hashes[id] == hash && same(id, text, from, length)) {
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

  private boolean same(int id, byte[] text, int from, int length) {
    int first = starts[id];
    if (starts[id + 1] - first != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (letters[first + i] != Bytes.lower(text[from + i])) {
        return false;
      }
    }
    return true;
  }

  private static boolean isWord(String word) {
    if (word.isEmpty() || word.length() > MAX_LENGTH) {
      return false;
    }
    // No stream: a table of thousands of words is made while the process starts.
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z')) {
        return false;
      }
    }
    return true;
  }
}
