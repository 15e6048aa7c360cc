package dev.pooler.core.config;

/** What happens when a statement leaves something on its backend that can't move. */
public enum PinPolicy {
  /** The session keeps the backend. */
  PIN("pin"),
  /** The statement does not run. */
  REFUSE("refuse"),
  /** The backend is shared with what was left on it: the operator takes the blame. */
  ALLOW("allow");

  private final String word;

  PinPolicy(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }
}
