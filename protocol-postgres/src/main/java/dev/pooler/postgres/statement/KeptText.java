package dev.pooler.postgres.statement;

import dev.pooler.core.session.MemoryBudget;
import org.jspecify.annotations.Nullable;

/**
 * Text and parameter types of a statement, counted once however many sessions have them. Any
 * thread.
 */
final class KeptText {
  /** What the objects around a text take, about. */
  private static final int BESIDE = 256;

  final byte[] bytes;

  /** Who is found by this text; null where nobody is. Set before others see it. */
  @Nullable SharedStatement found;

  /** Names of sessions that stand for it. */
  private int holders;

  /** What else is kept as long as it is. */
  final int beside;

  private final int size;

  KeptText(byte[] bytes, StatementMeaning meaning) {
    this(bytes, meaning, 0);
  }

  KeptText(byte[] bytes, StatementMeaning meaning, int beside) {
    this.bytes = bytes;
    this.beside = beside;
    this.size = BESIDE + bytes.length + meaning.size() + beside;
  }

  /** Bytes that it takes, about, with what it means. */
  int size() {
    return size;
  }

  /** One more name stands for it; false if it is the first, and there is no room for the text. */
  synchronized boolean hold(MemoryBudget budget) {
    if (holders == 0 && !budget.take(size())) {
      return false;
    }
    holders++;
    return true;
  }

  /** As {@link #hold}, where that cannot be refused any more. */
  synchronized void holdAnyway(MemoryBudget budget) {
    if (holders++ == 0) {
      budget.force(size());
    }
  }

  /** One name less; whether it was the last. */
  synchronized boolean letGo(MemoryBudget budget) {
    if (--holders > 0) {
      return false;
    }
    budget.give(size());
    return true;
  }

  synchronized boolean isHeld() {
    return holders > 0;
  }
}
