package dev.pooler.core.statement;

/**
 * How a text is to be read, as data. Two texts of equal bytes but different dialects are different
 * texts, so the dialect is part of every cache key.
 *
 * @param features the set of {@link Lexical}, one bit for each of them
 */
public record Dialect(int features) {

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
}
