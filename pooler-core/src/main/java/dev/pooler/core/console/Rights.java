package dev.pooler.core.console;

/** What a user of the console may do. */
public enum Rights {
  /** Everything. */
  ADMIN,
  /** SHOW, but for what may hold secrets of sessions: no SESSION, no PINS. Nothing is changed. */
  STATS
}
