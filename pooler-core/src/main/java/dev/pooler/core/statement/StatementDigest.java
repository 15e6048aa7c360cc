package dev.pooler.core.statement;

/**
 * Hashes a text's tokens with every literal and parameter alike, case and space left out, and a
 * list of literals as one: for profiles and statistics, never for identity. Stable between
 * processes of one version. Belongs to one thread.
 */
public final class StatementDigest {
  private static final long MIX = 0x9E3779B97F4A7C15L;
  private static final int LITERAL = '?';

  private long value;
  private boolean afterLiteral;
  private boolean heldComma;

  public void clear() {
    value = MIX;
    afterLiteral = false;
    heldComma = false;
  }

  /** Adds the scanner's current token. */
  public void add(Token token, SqlScanner scanner) {
    switch (token) {
      case STRING, NUMBER, PARAMETER -> literal();
      case WORD -> mix(scanner.hash() * 4L + 1);
      case QUOTED, ESCAPED_NAME -> mix(scanner.hash() * 4L + 2);
      case SYMBOL -> symbol(scanner.symbol());
      case END, BROKEN -> {}
    }
  }

  /** The hash so far; never 0. */
  public long value() {
    long mixed = value ^ (value >>> 32);
    return mixed == 0 ? 1 : mixed;
  }

  private void literal() {
    if (heldComma) {
      heldComma = false;
      afterLiteral = true;
      return;
    }
    mix(LITERAL * 4L);
    afterLiteral = true;
  }

  private void symbol(int symbol) {
    if (symbol == ',' && afterLiteral && !heldComma) {
      heldComma = true;
      return;
    }
    mix(symbol * 4L + 3);
  }

  private void mix(long token) {
    if (heldComma) {
      heldComma = false;
      mix(',' * 4L + 3);
    }
    afterLiteral = false;
    value = (value ^ token) * MIX;
    value ^= value >>> 29;
  }
}
