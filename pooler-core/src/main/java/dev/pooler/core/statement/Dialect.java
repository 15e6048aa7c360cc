package dev.pooler.core.statement;

/**
 * How a text is to be read, as data. Two texts of equal bytes but different dialects are different
 * texts, so the dialect is part of every cache key.
 *
 * @param features the set of {@link Lexical}, one bit for each of them
 */
public record Dialect(int features) {
  private static final int DOUBTS =
      of(
              Lexical.OPAQUE,
              Lexical.UNDECIDED_BACKSLASHES,
              Lexical.UNDECIDED_QUOTES,
              Lexical.HIGH_SPACES,
              Lexical.UNREADABLE)
          .features;

  /** A dialect with exactly these features. */
  public static Dialect of(Lexical... features) {
    int bits = 0;
    for (Lexical feature : features) {
      bits |= feature.bit();
    }
    return new Dialect(bits);
  }

  /** The same dialect with one more feature. */
  public Dialect with(Lexical feature) {
    return new Dialect(features | feature.bit());
  }

  public boolean has(Lexical feature) {
    return (features & feature.bit()) != 0;
  }

  /** Whether there is one way only in which the text can be meant. */
  public boolean canRead(byte[] text) {
    for (byte value : text) {
      if (isDoubtful(value)) {
        return false;
      }
    }
    return !has(Lexical.UNREADABLE);
  }

  /** Whether there are texts that can be read in more than one way. */
  boolean isDoubtful() {
    return (features & DOUBTS) != 0;
  }

  /** Whether a text with this byte can be read in more than one way. */
  boolean isDoubtful(byte value) {
    if (value < 0) {
      return has(Lexical.OPAQUE)
          || (has(Lexical.HIGH_SPACES) && (value & 0xff) <= 0xa0)
          || has(Lexical.UNREADABLE);
    }
    return (value == '\\' && has(Lexical.UNDECIDED_BACKSLASHES))
        || (value == '"' && has(Lexical.UNDECIDED_QUOTES))
        || has(Lexical.UNREADABLE);
  }
}
