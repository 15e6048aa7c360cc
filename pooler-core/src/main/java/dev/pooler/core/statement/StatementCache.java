package dev.pooler.core.statement;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Facts by exact text: four places for each hash, a text enters on its second appearance. Most
 * texts with their literals inside never come again, and one long bit each is all they cost. The
 * bytes are compared after the hash, so a collision, even one made on purpose, only costs a read.
 */
final class StatementCache {
  private static final int WAYS = 4;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final @Nullable Entry[] places;
  private final long[] seenOnce;
  private final int maxBytes;
  private int bytes;
  private int hand;

  @SuppressWarnings("ArrayRecordComponent") // compared by hand, never handed out
  private record Entry(long hash, int features, byte[] text, StatementFacts facts) {}

  StatementCache(StatementRules.Limits limits) {
    int size = Math.max(WAYS, Integer.highestOneBit(limits.entries() * 2 - 1));
    this.places = new Entry[size];
    this.seenOnce = new long[size];
    this.maxBytes = limits.bytes();
  }

  long hash(int features, byte[] text, int from, int length) {
    // Two independent chains of four bytes each: the plain multiply-by-31 chain waits for itself.
    int one = features;
    int two = length;
    int at = from;
    for (int end = from + length - 7; at < end; at += 8) {
      one = one * 0x2C1B3C6D + four(text, at);
      two = two * 0x297A2D39 + four(text, at + 4);
      one ^= one >>> 15;
      two ^= two >>> 15;
    }
    for (int end = from + length; at < end; at++) {
      one = one * 31 + text[at];
    }
    long hash = (((long) one << 32) ^ two) * MIX;
    return hash ^ (hash >>> 32);
  }

  private static int four(byte[] text, int at) {
    return (text[at] & 0xff)
        | ((text[at + 1] & 0xff) << 8)
        | ((text[at + 2] & 0xff) << 16)
        | (text[at + 3] << 24);
  }

  @Nullable StatementFacts find(long hash, int features, byte[] text, int from, int length) {
    int set = set(hash);
    for (int place = set; place < set + WAYS; place++) {
      Entry entry = places[place];
      if (entry != null
          && entry.hash == hash
          && entry.features == features
          && Arrays.equals(entry.text, 0, entry.text.length, text, from, from + length)) {
        return entry.facts;
      }
    }
    return null;
  }

  /** Keeps the text if it was offered before; the caller has looked that it isn't kept yet. */
  void offer(long hash, int features, byte[] text, int from, int length, StatementFacts facts) {
    int once = (int) (hash >>> 16) & (seenOnce.length - 1);
    if (seenOnce[once] != hash) {
      seenOnce[once] = hash;
      return;
    }
    if (length > maxBytes) {
      return;
    }
    int place = freeOrNext(set(hash));
    drop(place);
    while (bytes + length > maxBytes) {
      drop(hand++ & (places.length - 1));
    }
    byte[] copy = Arrays.copyOfRange(text, from, from + length);
    places[place] = new Entry(hash, features, copy, facts);
    bytes += length;
  }

  /** Bytes of text kept. */
  int bytes() {
    return bytes;
  }

  /** Texts kept. */
  int size() {
    int size = 0;
    for (Entry entry : places) {
      size += entry == null ? 0 : 1;
    }
    return size;
  }

  private int freeOrNext(int set) {
    for (int place = set; place < set + WAYS; place++) {
      if (places[place] == null) {
        return place;
      }
    }
    return set + (hand++ & (WAYS - 1));
  }

  private void drop(int place) {
    Entry entry = places[place];
    if (entry != null) {
      bytes -= entry.text.length;
      places[place] = null;
    }
  }

  private int set(long hash) {
    return (int) hash & (places.length - WAYS);
  }
}
