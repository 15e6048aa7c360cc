package dev.pooler.core.config;

/** When a lease ends. */
public enum PoolMode {
  SESSION("session"),
  TRANSACTION("transaction"),
  STATEMENT("statement");

  private final String word;

  PoolMode(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }
}
