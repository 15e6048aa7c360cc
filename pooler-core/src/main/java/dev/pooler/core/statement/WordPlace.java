package dev.pooler.core.statement;

/**
 * Where a word or quoted name of a text stands, noted by {@link SqlScanner#note}: whether it
 * matters may show only with the tokens behind it. Good until the scanner starts on another text.
 */
public final class WordPlace {
  int from;
  int size;
  int hash;
  boolean quoted;

  /** Whether it stands in quotes: then it is no key word. */
  public boolean isQuoted() {
    return quoted;
  }
}
