package dev.pooler.core.config;

/** A wire protocol, as a listener speaks it to clients and a target to us. */
public enum Protocol {
  POSTGRES("postgres", 5432),
  MYSQL("mysql", 3306);

  private final String word;
  private final int defaultPort;

  Protocol(String word, int defaultPort) {
    this.word = word;
    this.defaultPort = defaultPort;
  }

  /** The word in the configuration, in log lines and in metric labels. */
  public String word() {
    return word;
  }

  public int defaultPort() {
    return defaultPort;
  }
}
