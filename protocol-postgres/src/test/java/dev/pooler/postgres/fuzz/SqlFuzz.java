package dev.pooler.postgres.fuzz;

import java.util.Arrays;

/**
 * The scanner and the rules over any text: they end, throw nothing, and say the same of a text in
 * an array and in a buffer; a text said over and over takes its length's time.
 */
public final class SqlFuzz {
  private static final int LONG = 16 * 1024;
  private static final long SLOW_NANOS = 2_000_000_000L;

  private SqlFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    SqlText.check(input);
    if (input.length > 1 && (Arrays.hashCode(input) & 63) == 0) {
      byte[] repeated = new byte[Math.max(input.length, LONG)];
      for (int i = 0; i < repeated.length; i++) {
        repeated[i] = input[i % input.length];
      }
      long began = System.nanoTime();
      SqlText.check(repeated);
      if (System.nanoTime() - began > SLOW_NANOS) {
        throw new IllegalStateException("a text of 16 KiB takes seconds");
      }
    }
  }
}
