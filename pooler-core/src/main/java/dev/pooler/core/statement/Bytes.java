package dev.pooler.core.statement;

/** What a byte can be in SQL text; all bytes from 0x80 are letters, as in both dialects. */
final class Bytes {
  static final byte LETTER = 1;
  static final byte DIGIT = 2;
  static final byte DOLLAR = 4;
  static final byte SPACE = 8;

  /** What may continue a word. */
  static final int IN_WORD = LETTER | DIGIT | DOLLAR;

  private static final byte[] KINDS = kinds();
  private static final byte[] LOWER = lowerCase();
  private static final byte[] IN_WORDS = inWords();

  private Bytes() {}

  static int kind(int value) {
    return KINDS[value & 0xff];
  }

  static byte lower(int value) {
    return LOWER[value & 0xff];
  }

  /** The byte as it counts in a word, in lower case, or 0 if it ends the word. */
  static byte inWord(int value) {
    return IN_WORDS[value & 0xff];
  }

  private static byte[] inWords() {
    byte[] folded = new byte[256];
    for (int i = 0; i < 256; i++) {
      folded[i] = (KINDS[i] & IN_WORD) != 0 ? LOWER[i] : 0;
    }
    return folded;
  }

  private static byte[] kinds() {
    byte[] kinds = new byte[256];
    for (int i = 0; i < 256; i++) {
      if ((i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || i == '_' || i >= 0x80) {
        kinds[i] = LETTER;
      } else if (i >= '0' && i <= '9') {
        kinds[i] = DIGIT;
      }
    }
    kinds['$'] = DOLLAR;
    for (char space : " \t\n\r\f\u000b".toCharArray()) {
      kinds[space] = SPACE;
    }
    return kinds;
  }

  private static byte[] lowerCase() {
    byte[] lower = new byte[256];
    for (int i = 0; i < 256; i++) {
      lower[i] = (byte) (i >= 'A' && i <= 'Z' ? i + 32 : i);
    }
    return lower;
  }
}
