package dev.pooler.core.config;

/** What sessions that LISTEN are told when the backend was lost that listened for them. */
public enum ListenGap {
  /** They are closed: whoever connects again looks at everything again. */
  CLOSE("close"),
  /** They get a notice when it is lost, and another one when they are listened for again. */
  NOTICE("notice");

  private final String word;

  ListenGap(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }
}
