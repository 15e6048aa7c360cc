package dev.pooler.core.config;

/** libpq's channel_binding: whether a backend's proof must be tied to its TLS certificate. */
public enum ChannelBinding {
  DISABLE("disable"),
  /** Where the server offers it. */
  PREFER("prefer"),
  /** Any other authentication than SCRAM-SHA-256-PLUS is refused. */
  REQUIRE("require");

  private final String word;

  ChannelBinding(String word) {
    this.word = word;
  }

  /** The word in the configuration. */
  public String word() {
    return word;
  }
}
