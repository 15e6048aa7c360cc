package dev.pooler.postgres.statement;

import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Texts that clients parse again and again without a name: a backend can hold them under a name of
 * ours, so that the server need not. What was seen once is not kept, what is kept is bounded in
 * number and bytes. One for each event loop, confined to it.
 */
public final class RepeatedTexts {
  private static final int PLACES = 512;
  private static final int WAYS = 4;
  private static final int LONGEST = 2 * 1024;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final @Nullable Entry[] places = new Entry[PLACES];
  private final long[] seenOnce = new long[PLACES];
  private int hand;
  private long generation;

  /** Where the names come from that statements have here. */
  private @Nullable SharedStatements names;

  private record Entry(long hash, PgSettings planning, SharedStatement statement) {}

  /**
   * The statement that stands for a text, or null if it has not come often enough to pay.
   *
   * @param index where in a Parse the text begins, behind the name
   * @param length bytes from there to the end of the message
   * @param planning the session's settings that parsing or planning depends on
   * @param shared where the statement gets its name, and whose end of sharing counts here too
   */
  public @Nullable SharedStatement find(
      ByteBuf in,
      int index,
      int length,
      PgSettings planning,
      StatementMeaning meaning,
      SharedStatements shared) {
    if (length > LONGEST) {
      return null;
    }
    long now = shared.generation();
    if (generation != now || names != shared) {
      generation = now;
      names = shared;
      Arrays.fill(places, null);
      Arrays.fill(seenOnce, 0);
    }
    long hash = hash(in, index, length);
    int set = (int) hash & (PLACES - WAYS);
    int free = -1;
    for (int place = set; place < set + WAYS; place++) {
      Entry entry = places[place];
      if (entry == null) {
        free = place;
      } else if (entry.hash == hash
          && entry.planning.equals(planning)
          && entry.statement.meaning().dialect().equals(meaning.dialect())
          && equal(entry.statement.definition(), in, index, length)) {
        return entry.statement;
      }
    }
    int once = (int) (hash >>> 32) & (PLACES - 1);
    if (seenOnce[once] != hash) {
      seenOnce[once] = hash;
      return null;
    }
    SharedStatement statement = shared.apart(in, index, length, planning, meaning);
    places[free >= 0 ? free : set + (hand++ & (WAYS - 1))] = new Entry(hash, planning, statement);
    return statement;
  }

  private static long hash(ByteBuf in, int index, int length) {
    long hash = length;
    int at = index;
    for (int end = index + length - 7; at < end; at += 8) {
      hash = (hash ^ in.getLongLE(at)) * MIX;
      hash ^= hash >>> 29;
    }
    for (int end = index + length; at < end; at++) {
      hash = (hash ^ in.getByte(at)) * MIX;
    }
    return hash ^ (hash >>> 32);
  }

  private static boolean equal(byte[] definition, ByteBuf in, int index, int length) {
    if (definition.length != length) {
      return false;
    }
    int at = 0;
    for (; at < length - 7; at += 8) {
      if ((long) LONGS.get(definition, at) != in.getLongLE(index + at)) {
        return false;
      }
    }
    for (; at < length; at++) {
      if (definition[at] != in.getByte(index + at)) {
        return false;
      }
    }
    return true;
  }
}
