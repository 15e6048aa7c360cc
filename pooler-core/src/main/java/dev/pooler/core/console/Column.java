package dev.pooler.core.console;

/** A column of an answer. Its values are String, Integer or Long by its type, or null. */
public record Column(String name, Type type) {
  /** PgBouncer's types: counters are numeric since its version 1.12. */
  public enum Type {
    TEXT,
    INTEGER,
    NUMERIC
  }

  static Column text(String name) {
    return new Column(name, Type.TEXT);
  }

  static Column integer(String name) {
    return new Column(name, Type.INTEGER);
  }

  static Column numeric(String name) {
    return new Column(name, Type.NUMERIC);
  }
}
