package dev.pooler.postgres.statement;

/**
 * How often the characters of one text may be looked at, over all patterns that it is read with.
 * Regular expressions that go back take a time that grows with the square of the length, or worse,
 * for texts that are written to that end; java.util.regex looks through the text that it is given,
 * which is the place to count.
 */
final class ReadingLimit {
  /** The text would take too long. */
  static final class Exceeded extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Exceeded() {
      super("a text takes too long to be read", null, false, false);
    }
  }

  private final int most;
  private int looks;

  ReadingLimit(int most) {
    this.most = most;
  }

  /** How often it was looked. */
  int looks() {
    return looks;
  }

  /** The same text, counted. */
  CharSequence over(CharSequence text) {
    return new Counted(text, 0, text.length());
  }

  private final class Counted implements CharSequence {
    private final CharSequence text;
    private final int start;
    private final int end;

    Counted(CharSequence text, int start, int end) {
      this.text = text;
      this.start = start;
      this.end = end;
    }

    @Override
    public char charAt(int index) {
      if (++looks > most) {
        throw new Exceeded();
      }
      return text.charAt(start + index);
    }

    @Override
    public int length() {
      return end - start;
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return new Counted(text, start + from, start + to);
    }

    @Override
    public String toString() {
      return text.subSequence(start, end).toString();
    }
  }
}
